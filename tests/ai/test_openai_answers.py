"""What OpenAI and its relatives really send (ai_router/formats/openai_chunks.py)."""

import pytest

from ai_router.formats.decoding import BROKE_OFF
from ai_router.formats.openai import OpenAI
from ai_router.heard import Delta, Failed, Finished, Heard, Reason, Thought, Usage
from tests.ai.answers import chunk, hear, sse

STOPPED = chunk("{}", '"stop"')


def heard(*data: str) -> list[Heard]:
    """What these chunks say."""
    return hear(OpenAI().decoder(), [sse(*data)])


@pytest.mark.parametrize(
    ("reason", "meant"),
    [
        *(("stop", "stop"), ("length", "length"), ("content_filter", "filter"), ("tool_calls", "tool")),
        *(("function_call", "tool"), ("eos", "other")),
    ],
)
def test_reasons(reason: str, meant: Reason) -> None:
    """Finish reasons are told apart, and unknown ones tolerated."""
    assert heard(chunk('{"content":"a"}'), chunk("{}", f'"{reason}"'), "[DONE]") == [Delta("a"), Finished(meant)]


def test_done_without_a_reason() -> None:
    """[DONE] is the end, also where no reason came before it."""
    assert heard(chunk('{"content":"a"}'), "[DONE]") == [Delta("a"), Finished("other")]


def test_a_reason_without_done() -> None:
    """Relatives end behind the finish reason."""
    assert heard(chunk('{"content":"a"}'), STOPPED) == [Delta("a"), Finished("stop")]


def test_an_early_reason_is_no_end() -> None:
    """A finish reason before more of the answer does not make a broken stream whole."""
    assert heard(STOPPED, chunk('{"content":"a"}')) == [Delta("a"), BROKE_OFF]


def test_usage_is_never_summed() -> None:
    """Usage in every chunk (Perplexity, as langfuse#8808 counted it) replaces what was known, and is said when new."""
    usages = [f',"usage":{{"prompt_tokens":10,"completion_tokens":{count}}}' for count in (1, 1, 2, 2)]
    said = heard(*(chunk('{"content":"a"}', more=usage) for usage in usages), chunk("{}", '"stop"', ',"usage":null'))
    assert [each for each in said if isinstance(each, Usage)] == [Usage(10, 1), Usage(10, 2)]


def test_usage_beside_reasoning() -> None:
    """xAI counts reasoning beside the output (12 + 2 + 340 = 354), and its cost in ticks."""
    usage = (
        '"usage":{"prompt_tokens":12,"completion_tokens":2,"total_tokens":354,"num_sources_used":0,'
        '"completion_tokens_details":{"reasoning_tokens":340},"cost_in_usd_ticks":1721250}'
    )
    said = heard(chunk('{"reasoning_content":"Hm"}'), STOPPED, f'{{"choices":[],{usage}}}', "[DONE]")
    assert said[0] == Thought("Hm")
    usage_said = said[1]
    assert isinstance(usage_said, Usage)
    assert (usage_said.input, usage_said.output, usage_said.reasoning) == (12, 342, 340)
    assert usage_said.cost == pytest.approx(0.000172125)


@pytest.mark.parametrize("count", ["-1", "1e300", '"7"', "true", "99999999999999999999", "[]", "null"])
def test_counts_that_are_none(count: str) -> None:
    """What is no number of tokens has not been said."""
    assert heard(STOPPED, f'{{"choices":[],"usage":{{"prompt_tokens":5,"completion_tokens":{count}}}}}', "[DONE]") == [
        Usage(5),
        Finished("stop"),
    ]


def test_refusal() -> None:
    """A refusal is shown, and is the reason for the end."""
    assert heard(chunk('{"refusal":"I cannot"}'), STOPPED, "[DONE]") == [Delta("I cannot"), Finished("filter")]


def test_errors_inside_an_answer() -> None:
    """An error in mid-stream ends it, with the provider's words."""
    error = '{"error":{"message":"The server is overloaded","type":"server_error","code":"server_is_overloaded"}}'
    assert heard(chunk('{"content":"a"}'), error, chunk('{"content":"b"}')) == [
        Delta("a"),
        Failed("overloaded", "The server is overloaded"),
    ]


def test_openrouter_error_beside_choices() -> None:
    """As recorded: error, choices and usage in one chunk, without a finish reason, and [DONE] behind it."""
    recorded = (
        '{"id":"gen-1","provider":"Minimax","error":{"code":400,"message":"Token limit reached"},"choices":[{"index":0,'
        '"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":{"prompt_tokens":43,'
        '"completion_tokens":10,"total_tokens":53,"cost":0,"completion_tokens_details":{"reasoning_tokens":11}}}'
    )
    assert heard(chunk('{"content":"a"}'), recorded, "[DONE]") == [
        Delta("a"),
        Usage(43, 10, reasoning=10, cost=0.0),
        Failed("too-long", "Token limit reached"),
    ]


def test_openrouter_error_as_documented() -> None:
    """With a code, a stable word and the finish reason `error`."""
    documented = (
        '{"provider":"openai","error":{"code":429,"message":"Rate limit exceeded","metadata":{"error_type":'
        '"rate_limit_exceeded"}},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}'
    )
    assert heard(documented) == [Failed("rate", "Rate limit exceeded")]


def test_finish_reason_error_alone() -> None:
    """The finish reason `error` without an error is a failure too."""
    (failure,) = heard(chunk('{"content":""}', '"error"'), "[DONE]")
    assert isinstance(failure, Failed)
    assert failure.kind == "server"


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ('{"object":"error","message":"too long","type":"BadRequestError","code":400}', Failed("invalid", "too long")),
        (
            '{"error":{"message":"engine died","type":"InternalServerError","code":500}}',
            Failed("server", "engine died"),
        ),
        ('{"error":{"message":"This model\'s maximum context length is 8192 tokens","code":400}}', None),
        ('{"error":"something"}', Failed("server", "something")),
    ],
)
def test_errors_of_small_servers(error: str, failure: Failed | None) -> None:
    """vLLM and SGLang have shapes of their own."""
    (said,) = heard(error)
    assert said == failure or (failure is None and isinstance(said, Failed) and said.kind == "too-long")


def test_a_bare_error() -> None:
    """JSON over several lines that is no event is read all the same."""
    bare = b'{\n  "error": {\n    "code": 503,\n    "message": "No room",\n    "status": "UNAVAILABLE"\n  }\n}\n'
    said = hear(OpenAI().decoder(), [sse(chunk('{"content":"a"}')), bare, b"data: [DONE]\n\n"])
    assert said == [Delta("a"), Failed("overloaded", "No room")]


def test_a_whole_answer_instead_of_a_stream() -> None:
    """Servers that do not stream answer at once."""
    whole = (
        b'{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},'
        b'"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}'
    )
    assert hear(OpenAI().decoder(), [whole]) == [Usage(1, 2), Delta("Hello"), Finished("stop")]


def test_content_in_blocks() -> None:
    """Mistral's reasoning models send lists."""
    blocks = '[{"type":"thinking","thinking":[{"type":"text","text":"Hm"}]},{"type":"text","text":"Yes"}]'
    assert heard(chunk(f'{{"content":{blocks}}}'), STOPPED) == [Thought("Hm"), Delta("Yes"), Finished("stop")]


@pytest.mark.parametrize("content", ["7", "{}", "[7]", "true"])
def test_content_that_is_none(content: str) -> None:
    """Other content is not of the format."""
    (failure,) = heard(chunk(f'{{"content":{content}}}'))
    assert isinstance(failure, Failed)
    assert failure.kind == "malformed"


def test_the_role_repeated() -> None:
    """A start that comes twice says nothing twice."""
    start = chunk('{"role":"assistant","content":""}')
    assert heard(start, start, chunk('{"role":"assistant","content":"a"}'), STOPPED) == [Delta("a"), Finished("stop")]


def test_tools_are_left_out() -> None:
    """Pieces of tool calls, from index 1 on as Anthropic's relay counts, say nothing."""
    call = '{"tool_calls":[{"index":1,"id":"x","function":{"name":"f","arguments":"{\\"a\\":"}}]}'
    assert heard(chunk(call), chunk("{}", '"tool_calls"'), "[DONE]") == [Finished("tool")]


def test_data_over_several_lines() -> None:
    """Lines of one event are joined, with and without the space; blank data is nothing."""
    sent = b'data:{"choices":\ndata: [{"delta":{"content":"a"}}]}\nid: 7\nretry: 10\n\ndata:\n\n: x\n\ndata:[DONE] \n\n'
    assert hear(OpenAI().decoder(), [sent]) == [Delta("a"), Finished("other")]


def test_a_byte_order_mark() -> None:
    """A mark in front of the stream is no part of it."""
    assert hear(OpenAI().decoder(), [b"\xef\xbb\xbf" + sse("[DONE]")]) == [Finished("other")]


def test_characters_cut_in_half() -> None:
    """Small servers cut characters over chunks: what is no UTF-8 is replaced, and the answer goes on."""
    broken = b'data: {"choices":[{"delta":{"content":"a\xf0\x9f"}}]}\n\n'
    assert hear(OpenAI().decoder(), [broken, sse("[DONE]")])[0] == Delta("a\N{REPLACEMENT CHARACTER}")


def test_nul_is_replaced() -> None:
    """NUL, which no database takes, never gets in."""
    assert heard(chunk('{"content":"a\\u0000b"}'), "[DONE]")[0] == Delta("a\N{REPLACEMENT CHARACTER}b")
    assert heard(chunk('{"reasoning":"\\u0000"}'), "[DONE]")[0] == Thought("\N{REPLACEMENT CHARACTER}")
