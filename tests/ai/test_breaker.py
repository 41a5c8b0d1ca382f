"""Circuit breakers: when they open, who tries again, and what never opens them for everybody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_router.breaker import (
    FAILURES,
    OPEN,
    OPEN_MAX,
    PROBE,
    WINDOW,
    Breaker,
    Closed,
    HalfOpen,
    Open,
    blamed,
    failed,
    is_open,
    permit,
    released,
    succeeded,
)
from ai_router.heard import Failed, Kind
from ai_router.keys import Key, scopes

KINDS: list[Kind] = [
    "invalid", "too-long", "authentication", "payment", "rate", "not-found",
    "filtered", "overloaded", "server", "timeout", "network", "malformed",
]  # fmt: skip


WELL = Closed()


def after_failures(count: int, now: float = 0.0, breaker: Breaker = WELL) -> Breaker:
    for _ in range(count):
        breaker = failed(breaker, now)
    return breaker


def test_failures_in_a_window_open_it() -> None:
    """The fifth in half a minute does; spread out they do not."""
    assert after_failures(FAILURES - 1) == Closed(0.0, FAILURES - 1, FAILURES - 1)
    opened = after_failures(FAILURES)
    assert opened == Open(OPEN, 1)
    assert is_open(opened, OPEN - 0.1)
    assert not is_open(opened, OPEN)
    late = after_failures(FAILURES - 1, WINDOW, after_failures(FAILURES - 1))
    assert isinstance(late, Closed)


def test_a_busy_model_bears_some_failures() -> None:
    """Fewer than half of its answers."""
    breaker: Breaker = Closed()
    for _ in range(20):
        breaker = failed(succeeded(succeeded(breaker, 1.0), 1.0), 1.0)
    assert isinstance(breaker, Closed)


def test_one_request_tries_again() -> None:
    """Others wait for what it says; if it never reports, somebody else tries."""
    opened = after_failures(FAILURES)
    trying = permit(opened, OPEN)
    assert trying == HalfOpen(OPEN, 1)
    assert permit(trying, OPEN + 1) is None
    assert permit(trying, OPEN + PROBE) == HalfOpen(OPEN + PROBE, 1)
    assert succeeded(trying, OPEN + 2) == Closed(OPEN + 2, 1, 0)
    assert failed(trying, OPEN + 2) == Open(OPEN + 2 + 2 * OPEN, 2)


def test_late_reports_do_not_close_it() -> None:
    """An answer to what was asked before it opened says nothing about now."""
    opened = after_failures(FAILURES)
    assert succeeded(opened, 1.0) == opened
    assert failed(opened, 1.0) == opened


def test_who_learns_nothing_lets_others_try() -> None:
    """A request that failed for another reason gives its turn back."""
    assert released(HalfOpen(5.0, 2), 7.0) == Open(7.0, 2)
    assert not is_open(released(HalfOpen(5.0, 2), 7.0), 7.0)
    assert released(Open(9.0, 2), 7.0) == Open(9.0, 2)
    assert released(WELL, 7.0) == WELL


def test_what_is_certain_opens_at_once() -> None:
    """A provider that names the time is believed, also when it names a longer one."""
    assert failed(Closed(), 100.0, at_once=60.0) == Open(160.0, 1)
    assert failed(Open(110.0, 1), 100.0, at_once=60.0) == Open(160.0, 1)


@given(st.lists(st.tuples(st.floats(0, 100), st.sampled_from(["ask", "well", "ill", "certain"])), max_size=60))
def test_it_always_comes_back(happenings: list[tuple[float, str]]) -> None:
    """Whatever happens, it is open for a bounded time, and a request that succeeds then closes it."""
    breaker, now = Closed(), 0.0
    state: Breaker = breaker
    for pause, what in happenings:
        now += pause
        match what:
            case "ask":
                state = permit(state, now) or state
            case "well":
                state = succeeded(state, now)
            case "ill":
                state = failed(state, now)
            case _:
                state = failed(state, now, at_once=30.0)
        assert not is_open(state, now + max(OPEN_MAX, PROBE))
    now += OPEN_MAX
    asked = permit(state, now)
    assert asked is not None
    assert isinstance(succeeded(asked, now + 1), Closed)


@pytest.mark.parametrize("kind", KINDS)
def test_an_own_key_opens_no_breaker_of_the_servers_key(kind: Kind) -> None:
    """What is wrong with somebody's key stays theirs; that a provider is down is everybody's business."""
    blame = blamed(Failed(kind, "no", 5.0), "openai/gpt-6-sol", "own")
    if kind in ("network", "overloaded", "server", "timeout", "malformed"):
        assert blame == ("openai" if kind == "network" else "openai/gpt-6-sol", None)
    else:
        assert blame is None


@pytest.mark.parametrize(
    ("failure", "blame"),
    [
        (Failed("authentication", "bad key"), ("server:openai", 300.0)),
        (Failed("payment", "no credit"), ("server:openai", 300.0)),
        (Failed("rate", "slow down", 7.0), ("server:openai/gpt-6-sol", 7.0)),
        (Failed("rate", "slow down"), ("server:openai/gpt-6-sol", 10.0)),
        (Failed("rate", "tomorrow", 86_400.0), ("server:openai/gpt-6-sol", 600.0)),
        (Failed("not-found", "gone"), ("server:openai/gpt-6-sol", 300.0)),
        (Failed("invalid", "what?"), None),
        (Failed("too-long", "too long"), None),
        (Failed("filtered", "no"), None),
    ],
)
def test_the_servers_key_has_breakers_of_its_own(failure: Failed, blame: tuple[str, float] | None) -> None:
    """They stop only those who use it."""
    assert blamed(failure, "openai/gpt-6-sol", "server") == blame


@pytest.mark.parametrize("key", ["own", "server", "none"])
@pytest.mark.parametrize("kind", KINDS)
def test_whom_a_breaker_stops_is_who_it_hears_of(kind: Kind, key: Key) -> None:
    """What is blamed is asked for permission, and hears of success; otherwise it would never close."""
    blame = blamed(Failed(kind, "no"), "gemini/gemini-4-argon", key)
    assert blame is None or blame[0] in scopes("gemini/gemini-4-argon", key)
