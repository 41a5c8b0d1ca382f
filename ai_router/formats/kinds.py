"""What error statuses, codes and phrases mean, in all dialects at once: relays mix them."""

import re
from collections.abc import Sequence
from typing import Final

from ai_router.heard import Kind

_STATUS: Final[dict[int, Kind]] = {
    400: "invalid", 401: "authentication", 402: "payment", 403: "authentication", 404: "not-found", 408: "timeout",
    413: "too-long", 422: "invalid", 429: "rate", 498: "authentication", 499: "network", 500: "server", 501: "invalid",
    502: "server", 503: "overloaded", 504: "timeout", 524: "timeout", 529: "overloaded",
}  # fmt: skip

_CODE: Final[dict[str, Kind]] = {
    # OpenAI
    "rate_limit_exceeded": "rate", "slow_down": "rate",
    "insufficient_quota": "payment", "credit_balance_exhausted": "payment", "billing_hard_limit_reached": "payment",
    "billing_not_active": "payment", "enforced_spend_limit_reached": "payment",
    "invalid_api_key": "authentication", "account_deactivated": "authentication", "model_not_found": "not-found",
    "context_length_exceeded": "too-long", "string_above_max_length": "too-long",
    "content_policy_violation": "filtered", "content_filter": "filtered", "server_is_overloaded": "overloaded",
    # OpenRouter's stable words
    "authentication": "authentication", "permission_denied": "authentication", "payment_required": "payment",
    "max_tokens_exceeded": "too-long", "not_found": "not-found", "refusal": "filtered", "timeout": "timeout",
    "provider_overloaded": "overloaded", "provider_unavailable": "overloaded",
    # Anthropic
    "rate_limit_error": "rate", "billing_error": "payment", "authentication_error": "authentication",
    "permission_error": "authentication", "not_found_error": "not-found", "request_too_large": "too-long",
    "timeout_error": "timeout", "overloaded_error": "overloaded",
    # Google
    "resource_exhausted": "rate", "unauthenticated": "authentication", "api_key_invalid": "authentication",
    "unavailable": "overloaded", "deadline_exceeded": "timeout",
}  # fmt: skip

_VAGUE: Final[dict[str, Kind]] = {
    "invalid_request_error": "invalid", "invalid_request": "invalid", "invalid_argument": "invalid",
    "badrequesterror": "invalid", "api_error": "server", "server_error": "server", "server": "server",
    "internal": "server",
}  # fmt: skip
"""Words that say less than a status does: OpenAI's 401 is an `invalid_request_error` too."""

_PHRASES: Final[tuple[tuple[str, Kind], ...]] = (
    ("prompt is too long", "too-long"),  # Anthropic
    ("exceeds the maximum number of tokens", "too-long"),  # Gemini
    ("maximum context length", "too-long"),  # vLLM and older OpenAI
    ("context window", "too-long"),
    ("too many tokens", "too-long"),  # Cohere
    ("token limit reached", "too-long"),  # OpenRouter
    ("request too large", "too-long"),  # OpenAI: more than a minute's tokens in one request
    ("credit balance is too low", "payment"),  # Anthropic, with status 400
    ("calls / month", "payment"),  # Cohere's trial keys
    ("free-models-per-day", "payment"),  # OpenRouter
    ("usage guidelines", "filtered"),  # Cohere, with status 498, which its SDK takes for a wrong key
    ("api key not valid", "authentication"),  # Gemini, with status 400
    ("incorrect api key", "authentication"),  # xAI, with status 400
)  # fmt: skip
"""What some say only in words, in lower case; heeded where a status says too little."""


def kind_of(status: int, codes: Sequence[object], message: str) -> Kind:
    """What an error means. `status` is 0 inside an answer, where `codes` may hold one as a number."""
    words = [code.lower() for code in codes if isinstance(code, str)]
    numbers = [int(str(code)) for code in codes if re.fullmatch("[45][0-9][0-9]", str(code))]
    known = status or next(iter(numbers), 0)
    kind: Kind
    if clear := [_CODE[word] for word in words if word in _CODE]:
        kind = clear[0]
    elif known:
        kind = _STATUS.get(known) or ("server" if known >= 500 else "invalid")
    else:
        kind = next((_VAGUE[word] for word in words if word in _VAGUE), "server")
    if kind in ("invalid", "rate", "authentication"):
        lower = message.lower()
        kind = next((meant for phrase, meant in _PHRASES if phrase in lower), kind)
    return kind
