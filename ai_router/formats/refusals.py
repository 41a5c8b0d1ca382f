"""Errors of all providers: bodies of error statuses, and errors inside an answer whose status was 200."""

import re
from collections.abc import Mapping
from typing import Any, Final

from ai_router.formats.kinds import kind_of
from ai_router.formats.limits import MESSAGE_MAX
from ai_router.formats.values import ANYTHING, read
from ai_router.formats.waits import bounded, duration, retry_after
from ai_router.heard import RETRYABLE, Failed, Kind

_SECRET: Final = re.compile(
    r"\b(?:sk|pk|xai|pplx|gsk|hf)[-_][\w*•-]{6,}|AIza[\w*-]{6,}|(?<=bearer )(?=\S*\d)[^\s\"',]{6,}", re.IGNORECASE
)
"""Keys, which providers like to repeat, also shortened. Who knows the key itself removes that (workers/ai)."""


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> Failed:
    """What an answer with an error status says. Header names are in lower case."""
    wait = retry_after(headers)
    try:
        content = read(ANYTHING, body)
    except ValueError:
        text = body[: 4 * MESSAGE_MAX].decode("utf-8", "replace").strip()
        words = "" if text.startswith("<") else text  # a page of some proxy says nothing to people
        return failed(kind_of(status, (), words), words or f"HTTP {status}", wait)
    return _understood(content, status, wait)


def inside(content: Any) -> Failed:
    """What an error inside an answer says: an object that is or has `error`."""
    return _understood(content, 0, None)


def failed(kind: Kind, message: str, wait: float | None = None) -> Failed:
    """With a message that people may read."""
    words = _SECRET.sub("(key)", " ".join(message[: 4 * MESSAGE_MAX].split()))
    words = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in words)
    return Failed(kind, words[:MESSAGE_MAX] or kind, wait if kind in RETRYABLE else None)


def _understood(content: Any, status: int, wait: float | None) -> Failed:
    error = content[0] if isinstance(content, list) and content else content
    if isinstance(error, dict):
        error = error.get("error") or error
    if not isinstance(error, dict):
        words = error if isinstance(error, str) else ""
        return failed(kind_of(status, (), words), words or f"HTTP {status or 500}", wait)
    metadata = _object(error.get("metadata"))
    details = _objects(error.get("details"))
    codes = [error.get("code"), error.get("type"), metadata.get("error_type"), error.get("status")]
    codes += [each.get("reason") for each in details]
    message = _words(error, metadata)
    kind = kind_of(status, codes, message)
    if kind == "rate" and _daily(details):
        kind = "payment"  # tomorrow is too late
    elif kind == "authentication" and metadata.get("flagged_input"):
        kind = "filtered"  # OpenRouter's 403 of moderation
    if wait is None:
        wait = _wait(error, details)
    return failed(kind, message or f"HTTP {status or 500}", wait)


def _words(error: dict[str, Any], metadata: dict[str, Any]) -> str:
    found = [error.get("message") or error.get("detail"), metadata.get("raw")]
    return ": ".join(each for each in found if isinstance(each, str) and each)


def _wait(error: dict[str, Any], details: list[dict[str, Any]]) -> float | None:
    for each in details:  # google.rpc.RetryInfo
        if (wait := duration(each.get("retryDelay"))) is not None:
            return wait
    wait = _object(error.get("availability")).get("retry_after")  # OpenRouter
    return bounded(float(wait)) if isinstance(wait, int | float) and abs(wait) < 1e9 else None


def _daily(details: list[dict[str, Any]]) -> bool:
    """Whether a google.rpc.QuotaFailure names a quota that comes back tomorrow."""
    violations = [each for detail in details for each in _objects(detail.get("violations"))]
    return any("perday" in str(each.get("quotaId")).lower() for each in violations)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
