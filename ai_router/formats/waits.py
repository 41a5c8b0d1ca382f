"""How long a provider asks to wait. Pure: dates are compared with the answer's own, or with the caller's clock."""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from ai_router.formats.limits import WAIT_SECONDS_MAX

_UNITS: Final = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PIECE: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|[dhms])", re.ASCII)


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds, from `retry-after-ms`, or `retry-after` in seconds or as a date (RFC 9110, 10.2.3), or from OpenAI's
    `x-ratelimit-reset-…` of what is used up. Header names are in lower case; `now` is in seconds since 1970."""
    for value, unit in ((headers.get("retry-after-ms"), 0.001), (headers.get("retry-after"), 1.0)):
        if value and (seconds := _number(value)) is not None:
            return bounded(seconds * unit)
    if date := _date(headers.get("retry-after", "")):
        start = _date(headers.get("date", "")) if now is None else now
        return None if start is None else bounded(date - start)
    waits = [
        duration(headers.get(f"x-ratelimit-reset-{what}", ""))
        for what in ("requests", "tokens")
        if headers.get(f"x-ratelimit-remaining-{what}") == "0"
    ]
    return max((wait for wait in waits if wait is not None), default=None)


def duration(text: object) -> float | None:
    """Seconds of `6m0s`, `34.4s` or `20ms`; None where it is none of these."""
    if not isinstance(text, str) or len(text) > 40:
        return None
    pieces = _PIECE.findall(text)
    if not pieces or "".join(number + unit for number, unit in pieces) != text:
        return None
    return bounded(sum(float(number) * _UNITS[unit] for number, unit in pieces))


def bounded(seconds: float) -> float:
    """Not before now, and not beyond what anybody waits."""
    return min(max(seconds, 0.0), WAIT_SECONDS_MAX)


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\s*-?\d{1,15}(\.\d{0,9})?\s*", text, re.ASCII) else None


def _date(text: str) -> float | None:
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
