"""What error statuses and codes mean, for all formats."""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

from ai_router.heard import Failed, Kind

MESSAGE_MAX: Final = 500
WAIT_MAX: Final = 3_600.0
"""Seconds; who asks for more is not waited for."""

_STATUS: Final[dict[int, Kind]] = {
    400: "invalid", 401: "authentication", 402: "payment", 403: "authentication", 404: "not-found", 408: "timeout",
    413: "too-long", 422: "invalid", 429: "rate", 498: "authentication", 499: "network", 500: "server", 501: "invalid",
    502: "server", 503: "overloaded", 504: "timeout", 529: "overloaded",
}  # fmt: skip
_CODE: Final[dict[str, Kind]] = {
    "rate_limit_exceeded": "rate", "rate_limit_error": "rate", "slow_down": "rate",
    "insufficient_quota": "payment", "credit_balance_exhausted": "payment", "billing_error": "payment",
    "billing_hard_limit_reached": "payment", "enforced_spend_limit_reached": "payment", "payment_required": "payment",
    "authentication": "authentication", "authentication_error": "authentication", "invalid_api_key": "authentication",
    "permission_denied": "authentication", "permission_error": "authentication",
    "context_length_exceeded": "too-long", "max_tokens_exceeded": "too-long", "request_too_large": "too-long",
    "invalid_request": "invalid", "invalid_request_error": "invalid",
    "not_found": "not-found", "not_found_error": "not-found", "model_not_found": "not-found",
    "content_policy_violation": "filtered", "content_filter": "filtered", "refusal": "filtered",
    "server_is_overloaded": "overloaded", "overloaded_error": "overloaded", "provider_overloaded": "overloaded",
    "provider_unavailable": "overloaded", "timeout": "timeout", "timeout_error": "timeout",
    "server": "server", "server_error": "server", "api_error": "server",
}  # fmt: skip


def kind_of_status(status: int) -> Kind:
    """What an HTTP status means, where nothing more is said."""
    return _STATUS.get(status) or ("server" if status >= 500 else "invalid")


def kind_of_code(code: str) -> Kind | None:
    """What a provider's word for an error means; None where it is not known."""
    return _CODE.get(code.lower())


def failed(kind: Kind, message: str, retry_after: float | None = None) -> Failed:
    """With its message cut to what people read."""
    text = " ".join(message.split())
    return Failed(kind, text[:MESSAGE_MAX] or kind, retry_after)


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds, from `retry-after-ms`, or `retry-after` in seconds or as a date (RFC 9110, 10.2.3)."""
    try:
        if value := headers.get("retry-after-ms"):
            seconds = float(value) / 1000
        elif not (value := headers.get("retry-after")):
            return None
        elif value.strip().replace(".", "", 1).isdigit():
            seconds = float(value)
        else:
            seconds = parsedate_to_datetime(value).timestamp() - (time.time() if now is None else now)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), WAIT_MAX) if seconds == seconds else None
