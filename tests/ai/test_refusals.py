"""What error statuses and their bodies mean (ai_router/formats/refusals.py), in all dialects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_router.formats.limits import MESSAGE_MAX
from ai_router.formats.refusals import failed, inside, refusal
from ai_router.heard import RETRYABLE, Failed, Kind


def openai(code: str, kind: str = "invalid_request_error", message: str = "Words") -> str:
    """A body of OpenAI's."""
    code = f'"{code}"' if code else "null"
    return f'{{"error":{{"message":"{message}","type":"{kind}","param":null,"code":{code}}}}}'


def anthropic(kind: str, message: str = "Words") -> str:
    """A body of Anthropic's."""
    return f'{{"type":"error","error":{{"type":"{kind}","message":"{message}"}},"request_id":"req_1"}}'


def openrouter(code: int, metadata: str = "{}", message: str = "Words") -> str:
    """A body of OpenRouter's."""
    return f'{{"error":{{"code":{code},"message":"{message}","metadata":{metadata}}},"user_id":"user_1"}}'


def gemini(code: int, status: str, details: str = "", message: str = "Words") -> str:
    """A body of Gemini's."""
    return f'{{"error":{{"code":{code},"message":"{message}","status":"{status}","details":[{details}]}}}}'


def quota(name: str) -> str:
    """A detail that names the quota which is used up."""
    return f'{{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{{"quotaId":"{name}"}}]}}'


RETRY = '{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.4s"}'
MINUTE, DAY = quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"), quota("GenerateRequestsPerDayPerProject")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        # OpenAI: seven meanings of 429, and a type that says nothing
        (429, openai("rate_limit_exceeded", "requests"), "rate"),
        (429, openai("slow_down"), "rate"),
        (429, openai("insufficient_quota", "insufficient_quota"), "payment"),
        (429, openai("credit_balance_exhausted"), "payment"),
        (429, openai("billing_hard_limit_reached"), "payment"),
        (429, openai("rate_limit_exceeded", "tokens", "Request too large for gpt-4o: Limit 30000"), "too-long"),
        (503, openai("server_is_overloaded", "server_error"), "overloaded"),
        (500, openai("", "server_error"), "server"),
        (400, openai("unsupported_parameter"), "invalid"),
        (400, openai("context_length_exceeded"), "too-long"),
        (400, openai("content_policy_violation"), "filtered"),
        (401, openai("invalid_api_key"), "authentication"),
        (401, openai(""), "authentication"),
        (403, openai("unsupported_country_region_territory", "request_forbidden"), "authentication"),
        (404, openai("model_not_found"), "not-found"),
        (404, openai(""), "not-found"),
        (400, '{"error":"Incorrect API key provided"}', "authentication"),  # xAI
        # Anthropic
        (400, anthropic("invalid_request_error"), "invalid"),
        (400, anthropic("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"), "too-long"),
        (400, anthropic("invalid_request_error", "Your credit balance is too low"), "payment"),
        (401, anthropic("authentication_error"), "authentication"),
        (402, anthropic("billing_error"), "payment"),
        (403, anthropic("permission_error"), "authentication"),
        (404, anthropic("not_found_error"), "not-found"),
        (413, anthropic("request_too_large"), "too-long"),
        (429, anthropic("rate_limit_error"), "rate"),
        (429, anthropic("enforced_spend_limit_reached"), "payment"),
        (500, anthropic("api_error"), "server"),
        (504, anthropic("timeout_error"), "timeout"),
        (529, anthropic("overloaded_error"), "overloaded"),
        # OpenRouter
        (429, openrouter(429), "rate"),
        (402, openrouter(402, message="Insufficient credits"), "payment"),
        (403, openrouter(403, '{"reasons":["violence"],"flagged_input":"…"}'), "filtered"),
        (403, openrouter(403), "authentication"),
        (400, openrouter(400, '{"error_type":"context_length_exceeded"}'), "too-long"),
        (502, openrouter(502, '{"error_type":"provider_unavailable"}'), "overloaded"),
        (429, openrouter(429, message="Rate limit exceeded: free-models-per-day"), "payment"),
        # Gemini
        (429, gemini(429, "RESOURCE_EXHAUSTED", f"{MINUTE},{RETRY}"), "rate"),
        (429, gemini(429, "RESOURCE_EXHAUSTED", f"{DAY},{RETRY}"), "payment"),
        (400, gemini(400, "INVALID_ARGUMENT", message="API key not valid. Please pass"), "authentication"),
        (400, gemini(400, "INVALID_ARGUMENT", '{"reason":"API_KEY_INVALID"}'), "authentication"),
        (400, gemini(400, "INVALID_ARGUMENT", message="It exceeds the maximum number of tokens allowed"), "too-long"),
        (400, gemini(400, "INVALID_ARGUMENT"), "invalid"),
        (403, gemini(403, "PERMISSION_DENIED"), "authentication"),
        (404, gemini(404, "NOT_FOUND"), "not-found"),
        (500, gemini(500, "INTERNAL"), "server"),
        (503, gemini(503, "UNAVAILABLE"), "overloaded"),
        (504, gemini(504, "DEADLINE_EXCEEDED"), "timeout"),
        (429, f"[{gemini(429, 'RESOURCE_EXHAUSTED', DAY)}]", "payment"),
        # Cohere
        (400, '{"message":"invalid request: too many tokens: 1 > 0"}', "too-long"),
        (422, '{"message":"no valid model"}', "invalid"),
        (429, '{"message":"You are using a Trial key, which is limited to 1000 API calls / month."}', "payment"),
        (429, '{"message":"You are using a Trial key, which is limited to 20 API calls / minute."}', "rate"),
        (498, '{"message":"invalid token"}', "authentication"),
        (498, '{"message":"blocked for a violation of our Usage Guidelines"}', "filtered"),
        (499, '{"message":"cancelled"}', "network"),
        (501, '{"message":"not implemented"}', "invalid"),
        # Ollama, and whoever stands between
        (404, '{"error":"model \'llama9\' not found"}', "not-found"),
        (500, '{"error":"llama runner process has terminated"}', "server"),
        (502, "<html><body>Bad Gateway</body></html>", "server"),
        (524, "", "timeout"),
        (418, "short and stout", "invalid"),
        (599, "null", "server"),
        (429, "[]", "rate"),
        (429, '{"error":{}}', "rate"),
        (429, '{"error":{"code":{},"message":7,"details":7,"metadata":[],"type":null,"availability":1}}', "rate"),
        (429, '{"error":{"details":[7,{"violations":7},{"violations":[7,{}]}]}}', "rate"),
    ],
)  # fmt: skip
def test_kinds(status: int, body: str, kind: Kind) -> None:
    """Each status and body means one thing, and only what time heals says how long to wait."""
    failure = refusal(status, {"retry-after": "7"}, body.encode())
    assert failure.kind == kind
    assert failure.retry_after == (7.0 if kind in RETRYABLE else None)
    assert failure.message
    assert "<" not in failure.message


def test_waits_in_bodies() -> None:
    """Gemini and OpenRouter say in the body how long to wait; a header goes before."""
    body = gemini(429, "RESOURCE_EXHAUSTED", f"{MINUTE},{RETRY}").encode()
    assert refusal(429, {}, body) == Failed("rate", "Words", 34.4)
    assert refusal(429, {"retry-after-ms": "1500"}, body) == Failed("rate", "Words", 1.5)
    availability = b'{"error":{"code":503,"message":"Words","availability":{"retryable":true,"retry_after":12}}}'
    assert refusal(503, {}, availability) == Failed("overloaded", "Words", 12.0)


def test_what_openrouter_heard() -> None:
    """OpenRouter's own words say little; those of who stands behind it are added."""
    body = openrouter(
        429, '{"provider_name":"Google","raw":"temporarily rate-limited upstream"}', "Provider returned error"
    )
    assert refusal(429, {}, body.encode()).message == "Provider returned error: temporarily rate-limited upstream"


KEYS = [
    "sk-proj-abc_DEF-123456",
    "sk-ant-api03-x1x2x3x4",
    "AIzaSyD-1234567890abcdef",
    "pplx-0123456789",
    "sk-abcd****wxyz",
]


@pytest.mark.parametrize("key", KEYS)
def test_keys_are_hidden(key: str) -> None:
    """Providers repeat keys in their errors; nobody else shall read them."""
    for said in (
        f"Incorrect API key provided: {key}. You can find yours at …",
        f"url ?key={key}&alt=sse",
        f"Bearer {key}",
    ):
        assert key not in refusal(401, {}, openai("invalid_api_key", message=said).encode()).message
        assert key not in refusal(401, {}, said.encode()).message
        assert key not in inside({"error": {"message": said}}).message


def test_messages_are_for_people() -> None:
    """One line without control characters, and not too long."""
    assert (
        failed("server", " a\n\tb\x00c\x1b[31m ").message
        == "a b\N{REPLACEMENT CHARACTER}c\N{REPLACEMENT CHARACTER}[31m"
    )
    assert len(failed("server", "x y " * 5_000).message) == MESSAGE_MAX
    assert failed("server", "").message == "server"
    for words in ("no co-operation", "a bearer authentication token is missing"):
        assert failed("server", words).message == words
    assert refusal(502, {}, b"<!doctype html>").message == "HTTP 502"


@given(st.integers(300, 999), st.binary(max_size=100) | st.sampled_from([b"[" * 100_000, b'{"error":' * 100_000]))
def test_any_body(status: int, body: bytes) -> None:
    """No body raises."""
    assert refusal(status, {}, body).message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    *("error", "message", "code", "type", "status", "details", "metadata", "availability"),
                    *("retry_after", "retryDelay", "violations", "quotaId", "raw", "error_type", "detail"),
                )
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_error(content: object) -> None:
    """No shape of an error raises."""
    assert inside(content).message
