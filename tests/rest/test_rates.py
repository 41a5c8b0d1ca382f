"""Rate limits: the arithmetic (store/gcra.py), and the same in Redis (store/lua/gcra.lua)."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.rates import BY_ADDRESS, BY_TIER, OwnRates, network_of
from gateway.routes.table import TABLE
from store import keys
from store.gcra import MICRO, Verdict, Window, take
from store.lane import Lane
from store.rates import SharedRates, Subject
from tests.support.stack import Stack

WINDOWS = st.lists(st.builds(Window, st.integers(1, 9), st.integers(1, 60)), min_size=1, max_size=3)


class Limiter(RuleBasedStateMachine):
    """Requests at any times, counted by hand: what GCRA promises, whatever the windows."""

    @initialize(windows=WINDOWS)
    def begin(self, windows: list[Window]) -> None:
        self.windows = windows
        self.now = 1_000 * MICRO
        self.tats: dict[int, int] = {}
        self.allowed: list[int] = []
        self.refused_until = 0

    @rule(later=st.integers(0, 20 * MICRO))
    def wait(self, later: int) -> None:
        self.now += later

    @rule()
    def ask(self) -> None:
        before = dict(self.tats)
        verdict, self.tats = take(self.tats, self.windows, self.now)
        if verdict.allowed:
            self.allowed.append(self.now)
            assert self.now >= self.refused_until, "allowed before the time that it was told to wait for"
        else:
            assert self.tats == before, "a refused request must cost nothing"
            later = self.now + verdict.wait * MICRO
            assert take(self.tats, self.windows, later)[0].allowed, "refused after the time that it was told to wait"
            self.refused_until = self.now - min(verdict.left)

    @rule()
    def remaining_is_true(self) -> None:
        """As many as it said come at once, and not one more."""
        verdict, tats = take(self.tats, self.windows, self.now)
        for _ in range(verdict.remaining(self.windows)):
            verdict, tats = take(tats, self.windows, self.now)
            assert verdict.allowed
        assert not take(tats, self.windows, self.now)[0].allowed

    @invariant()
    def no_window_is_exceeded(self) -> None:
        for window in getattr(self, "windows", []):
            for first, start in enumerate(self.allowed):
                for last in range(first, len(self.allowed)):
                    span = self.allowed[last] - start
                    assert last - first + 1 <= window.count + span // window.interval


Limiter.TestCase.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
TestLimiter = Limiter.TestCase


@pytest.fixture
async def lane(stack: Stack) -> AsyncIterator[Lane]:
    opened = Lane(stack.redis_url, "gcra")
    yield opened
    await opened.close()


async def test_redis_counts_as_the_arithmetic_says(lane: Lane) -> None:
    """The script and the pure function agree on every verdict, for several subjects in one call."""
    rng = random.Random(7)
    subjects = [
        Subject(uuid4().hex, tuple(Window(rng.randint(1, 5), second) for second in rng.sample((1, 7, 60), 2)))
        for _ in range(4)
    ]
    tats: dict[str, dict[int, int]] = {}
    now = 1_800_000_000 * MICRO
    for _ in range(200):
        now += rng.choice((0, 100, 300_000, 5 * MICRO))
        asked = rng.choices(subjects, k=rng.randint(1, 6))
        names = [keys.rate(subject.name, window.seconds) for subject in asked for window in subject.windows]
        args: list[Any] = [now]
        expected: list[int] = []
        for subject in asked:
            args.append(len(subject.windows))
            for window in subject.windows:
                args += [window.interval, window.tolerance]
            verdict, tats[subject.name] = take(tats.get(subject.name, {}), subject.windows, now)
            expected += [int(verdict.allowed), *verdict.left]
        assert await lane(names, args) == expected


async def test_everybody_together_gets_what_one_gets(stack: Stack) -> None:
    """Two hundred requests at once, through two gateways' limits: as many are allowed as the window holds."""
    both = [SharedRates(Lane(stack.redis_url, "gcra")) for _ in range(2)]
    subject = Subject(uuid4().hex, (Window(50, 3600), Window(70, 7200)))
    verdicts = await asyncio.gather(*(both[number % 2].take([subject], wait=20) for number in range(200)))
    assert sum(verdict.allowed for (verdict,) in verdicts) == 50
    for each in both:
        await each.close()


def test_own_count_is_bounded() -> None:
    """Whoever was not seen for longest is forgotten first."""
    own = OwnRates(subjects=2)
    for name in "abc":
        assert own.take(Subject(name, (Window(1, 60),)), 0).allowed
    assert not own.take(Subject("c", (Window(1, 60),)), 0).allowed
    assert own.take(Subject("a", (Window(1, 60),)), 0).allowed


@given(st.ip_addresses(v=6))
def test_one_household_is_one_place(address: Any) -> None:
    """Addresses of one IPv6 /64 count together, as one IPv4 address does."""
    if address.ipv4_mapped is None:
        neighbour = type(address)(int(address) ^ 1)
        assert network_of(str(address)) == network_of(str(neighbour))


def test_ipv4_in_ipv6_is_one_place() -> None:
    """A dual-stack socket does not give anybody a second allowance."""
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"


def test_wait_is_never_zero() -> None:
    """Retry-After is at least a second."""
    assert Verdict(False, (-1,)).wait == 1


def test_every_operation_names_a_limit() -> None:
    """The table of operations names no limit that does not exist."""
    known = {"", *BY_TIER, *BY_ADDRESS}
    assert {operation.path: operation.limit for operation in TABLE if operation.limit not in known} == {}
