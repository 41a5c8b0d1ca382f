"""The one retry loop: what follows a failure, and that it ends."""

import random

from hypothesis import given
from hypothesis import strategies as st

from ai_router.choice import Candidate
from ai_router.heard import RETRYABLE, Failed, Kind
from ai_router.keys import Key
from ai_router.models import Model
from ai_router.retry import ATTEMPTS_MAX, SECONDS_MAX, TRIES_LAST, WAIT_MAX, Attempt, GiveUp, Next, Retry, after
from tests.ai.test_breaker import KINDS


def candidate(name: str, key: Key = "server", context: int | None = None) -> Candidate:
    return Candidate(Model(name, context=context), key, "")


ONE = [candidate("openai/a")]
THREE = [candidate("openai/a", context=1_000), candidate("openai/b", context=9_000), candidate("gemini/c", context=500)]


FIRST = Attempt()


def follow(
    candidates: list[Candidate], kind: Kind, attempt: Attempt = FIRST, wait: float | None = None, elapsed: float = 0.0
) -> Retry | Next | GiveUp:
    return after(candidates, attempt, Failed(kind, "no", wait), shown=False, elapsed=elapsed, rng=random.Random(1))


failures = st.builds(Failed, st.sampled_from(KINDS), st.just("no"), st.none() | st.floats(0, 100_000, allow_nan=False))
plans = st.lists(
    st.builds(
        candidate,
        st.sampled_from(["openai/a", "openai/b", "gemini/c", "cohere/d"]),
        st.sampled_from(["own", "server", "none"]),
        st.none() | st.integers(1, 9),
    ),
    min_size=1,
    max_size=4,
)


@given(plans, st.lists(failures, min_size=ATTEMPTS_MAX, max_size=ATTEMPTS_MAX), st.integers(), st.floats(0, 80))
def test_it_ends(plan: list[Candidate], failed: list[Failed], seed: int, each_takes: float) -> None:
    """Attempts, candidates and waits are bounded whatever fails; nobody is asked again whose turn is over."""
    rng, attempt, elapsed = random.Random(seed), Attempt(), 0.0
    for number, failure in enumerate(failed, 1):
        elapsed += each_takes
        assert attempt.total == number
        step = after(plan, attempt, failure, shown=False, elapsed=elapsed, rng=rng)
        match step:
            case GiveUp():
                return
            case Retry(wait, following):
                assert failure.kind in RETRYABLE
                assert 0 < wait <= WAIT_MAX
                assert wait >= (failure.retry_after or 0)
                assert elapsed + wait < SECONDS_MAX
                assert following.candidate == attempt.candidate
                assert following.tries == attempt.tries + 1
                elapsed += wait
            case Next(following):
                assert following.candidate > attempt.candidate
                assert following.tries == 1
        attempt = following
    raise AssertionError("more attempts than ATTEMPTS_MAX")


@given(plans, failures, st.floats(0, 200), st.integers())
def test_nothing_is_asked_again_after_a_token(plan: list[Candidate], failed: Failed, elapsed: float, seed: int) -> None:
    """The reader would see two answers in one."""
    step = after(plan, Attempt(), failed, shown=True, elapsed=elapsed, rng=random.Random(seed))
    assert step == GiveUp("shown")


def test_who_has_no_room_is_not_waited_for_while_there_are_others() -> None:
    """The next one is asked at once."""
    for kind in ("rate", "overloaded", "timeout"):
        assert follow(THREE, kind) == Next(Attempt(1, 1, 2))


def test_a_broken_answer_is_asked_for_once_more() -> None:
    """Quickly, and then somebody else."""
    step = follow(THREE, "network")
    assert isinstance(step, Retry)
    assert step.after <= 0.5
    assert follow(THREE, "network", step.attempt) == Next(Attempt(1, 1, 3))


def test_the_last_one_is_waited_for() -> None:
    """As long as it says, within bounds, and with growing waits of our own."""
    step = follow(ONE, "rate", wait=7.0)
    assert step == Retry(7.0, Attempt(0, 2, 2))
    assert follow(ONE, "rate", wait=WAIT_MAX + 1) == GiveUp("exhausted", WAIT_MAX + 1)
    assert follow(ONE, "rate", wait=7.0, elapsed=SECONDS_MAX - 5) == GiveUp("exhausted", 7.0)
    first, second = follow(ONE, "server"), follow(ONE, "server", Attempt(0, 2, 2))
    assert isinstance(first, Retry)
    assert isinstance(second, Retry)
    assert 0.375 <= first.after <= 0.5 < second.after <= 1.0
    assert follow(ONE, "server", Attempt(0, TRIES_LAST, TRIES_LAST)) == GiveUp("exhausted")


def test_a_bad_key_bars_its_provider() -> None:
    """The same key is not tried with another model, also later on; the server's own is another one."""
    assert follow(THREE, "authentication") == Next(Attempt(2, 1, 2, frozenset({("openai", "server")})))
    mixed = [candidate("openai/a", "own"), candidate("openai/a", "server"), candidate("openai/b", "own")]
    step = follow(mixed, "payment")
    assert isinstance(step, Next)
    assert step.attempt.candidate == 1
    assert follow(mixed, "invalid", step.attempt) == GiveUp("exhausted")


def test_what_is_too_long_goes_to_more_room() -> None:
    """Never to a smaller context."""
    assert follow(THREE, "too-long") == Next(Attempt(1, 1, 2))
    assert follow(THREE, "too-long", Attempt(1, 1, 2)) == GiveUp("exhausted")


def test_refused_content_is_not_taken_elsewhere() -> None:
    """Nobody shops around for a provider that does it."""
    assert follow(THREE, "filtered") == GiveUp("refused")


def test_enough_is_enough() -> None:
    """By number and by time."""
    assert follow(THREE, "server", Attempt(1, 1, ATTEMPTS_MAX)) == GiveUp("spent")
    assert follow(THREE, "rate", wait=3.0, elapsed=SECONDS_MAX) == GiveUp("spent", 3.0)
