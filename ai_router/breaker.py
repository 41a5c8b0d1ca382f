"""Circuit breakers as values: a provider or model that keeps failing is left alone for a while. The store keeps them.

    Closed ──failures──► Open ──time──► HalfOpen (one request tries) ──success──► Closed
                          ▲─────────────────┘ failure: twice as long

Every change is one function of the state, so a store applies it by compare-and-set. What somebody's own key is told
about that key (wrong, out of credit, too fast) touches no breaker at all: it would open for everybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, assert_never

from ai_router.heard import Failed, Kind
from ai_router.keys import Key

WINDOW: Final = 30.0
"""Seconds in which failures are counted together."""
FAILURES: Final = 5
"""In a window; fewer are bad luck."""
SHARE: Final = 0.5
"""Of the tries in a window: a busy model may fail five times and be well."""
OPEN: Final = 10.0
"""Seconds it is left alone at first; doubled each time it fails again."""
OPEN_MAX: Final = 300.0
PROBE: Final = 90.0
"""Seconds after which a try that nobody reported on is taken for lost; longer than a first token may take."""


@dataclass(frozen=True, slots=True)
class Closed:
    """All is well."""

    begun: float = 0.0
    """When the window began, in Unix seconds, as all times here."""
    tries: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Open:
    """Left alone."""

    until: float
    times: int
    """In a row that it had to be opened."""


@dataclass(frozen=True, slots=True)
class HalfOpen:
    """One request is trying whether it is well again."""

    since: float
    times: int


Breaker = Closed | Open | HalfOpen


def is_open(breaker: Breaker, now: float) -> bool:
    """Whether it is to be left out of a plan. Changes nothing."""
    match breaker:
        case Closed():
            return False
        case Open(until):
            return now < until
        case HalfOpen(since):
            return now < since + PROBE
        case _:
            assert_never(breaker)


def is_over(breaker: Breaker, now: float) -> bool:
    """Whether it can be forgotten: nothing that it says counts any more."""
    match breaker:
        case Closed(begun):
            return now >= begun + WINDOW
        case Open(until):
            return now >= until + OPEN_MAX
        case HalfOpen(since):
            return now >= since + PROBE + OPEN_MAX
        case _:
            assert_never(breaker)


def permit(breaker: Breaker, now: float) -> Breaker | None:
    """Just before asking: the state to write, or None where somebody else is trying or it is too early."""
    if is_open(breaker, now):
        return None
    return breaker if isinstance(breaker, Closed) else HalfOpen(now, breaker.times)


def succeeded(breaker: Breaker, now: float) -> Breaker:
    """The first token came."""
    match breaker:
        case Closed():
            window = _window(breaker, now)
            return replace(window, tries=window.tries + 1)
        case HalfOpen():
            return Closed(now, 1, 0)
        case Open():
            return breaker  # a late answer to what was asked before it opened
        case _:
            assert_never(breaker)


def failed(breaker: Breaker, now: float, at_once: float | None = None) -> Breaker:
    """It failed. `at_once`: seconds for which it is certain to fail again."""
    match breaker:
        case Closed():
            window = _window(breaker, now)
            window = replace(window, tries=window.tries + 1, failures=window.failures + 1)
            if at_once is not None or (window.failures >= FAILURES and window.failures >= SHARE * window.tries):
                return _open(now, 0, at_once)
            return window
        case HalfOpen(_, times):
            return _open(now, times, at_once)
        case Open(until, times):
            return breaker if at_once is None else Open(max(until, now + at_once), times)
        case _:
            assert_never(breaker)


def released(breaker: Breaker, now: float) -> Breaker:
    """The request ended, and what it says is not about this breaker: somebody else may try."""
    return Open(now, breaker.times) if isinstance(breaker, HalfOpen) else breaker


def _window(breaker: Closed, now: float) -> Closed:
    return breaker if now < breaker.begun + WINDOW else Closed(now)


def _open(now: float, times: int, at_once: float | None) -> Open:
    seconds = min(OPEN * 2 ** min(times, 10), OPEN_MAX)
    # Not longer than is certain: who waits for as long as the provider said is to be let through.
    return Open(now + (seconds if at_once is None else at_once), times + 1)


_ABOUT_PROVIDER: Final[frozenset[Kind]] = frozenset({"network"})
_ABOUT_MODEL: Final[frozenset[Kind]] = frozenset({"overloaded", "server", "timeout", "malformed"})
_KEY_AT_ONCE: Final[Mapping[Kind, float]] = {"authentication": 300.0, "payment": 300.0}
"""Seconds. Somebody has to do something about it first."""
_KEY_AND_MODEL_AT_ONCE: Final[Mapping[Kind, float]] = {"rate": 10.0, "not-found": 300.0}
AT_ONCE_MAX: Final = 600.0
"""Seconds that a provider's `retry_after` is believed."""


def blamed(failure: Failed, model: str, key: Key) -> tuple[str, float | None] | None:
    """The one breaker that hears of a failure, and for how long it is certain; None: nobody's fault, or the key's."""
    kind, provider = failure.kind, model.partition("/")[0]
    if kind in _ABOUT_PROVIDER:
        return provider, None
    if kind in _ABOUT_MODEL:
        return model, None
    if key != "server":
        return None
    if kind in _KEY_AT_ONCE:
        return f"server:{provider}", _KEY_AT_ONCE[kind]
    if kind in _KEY_AND_MODEL_AT_ONCE:
        wait = _KEY_AND_MODEL_AT_ONCE[kind] if failure.retry_after is None else failure.retry_after
        return f"server:{model}", min(wait, AT_ONCE_MAX)
    return None
