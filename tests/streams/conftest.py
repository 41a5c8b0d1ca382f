"""A stack with stand-ins of all providers, which the tests of this folder share."""

from collections.abc import Iterator

import pytest

from loadtest.standins.server import DIALECTS, MODELS, Standins
from tests.events.conftest import events, redis
from tests.streams.reader import Asker
from tests.streams.upstreams import asker, running, variables, wait_listed
from tests.support.stack import Stack

__all__ = ["events", "redis"]

FAULTS = ("rate", "overloaded", "broken", "late", "stall", "alive", "error", "reset", "torn")
"""Ahead of the first token: test_routing.py."""
SMALL = tuple(f"small-{number}" for number in range(7))
"""Models with a context of 8,192 tokens, at openrouter: test_recall.py."""
PATIENT = {"ATRIUM_AI_FIRST_TOKEN_SECONDS": "30", "ATRIUM_AI_IDLE_SECONDS": "30"}
"""The machine may be busy; and a worker that was frozen has waited for long."""
KNOWN = ("gpt-6-luna", "claude-haiku-5-5", "gemini-3.8-flash")
"""Models that `auto` may choose."""


@pytest.fixture(scope="session")
def standins() -> Iterator[Standins]:
    """All of them. Models of one's own keep tests apart: names that no other test uses."""
    with running(models=(*MODELS, *KNOWN, *SMALL, *(f"openai/first-{fault}" for fault in FAULTS))) as found:
        yield found


@pytest.fixture(scope="session")
def asked_stack(standins: Standins) -> Iterator[Stack]:
    """Two gateways whose AI worker has a key for every provider, and little patience. Never kill its processes."""
    stack = Stack(gateways=2, environment=variables(standins))
    try:
        stack.start()
        wait_listed(stack, *DIALECTS)
        yield stack
    finally:
        stack.remove()


@pytest.fixture(scope="session")
def upstream() -> Iterator[Standins]:
    """A model of `broken`."""
    with running() as found:
        yield found


@pytest.fixture(scope="session")
def broken(upstream: Standins) -> Iterator[Stack]:
    """Two gateways and an AI worker, which tests may break: all of it works when a test begins."""
    stack = Stack(gateways=2, environment=variables(upstream, "openai") | PATIENT)
    try:
        stack.start()
        wait_listed(stack, "openai")
        yield stack
    finally:
        stack.remove()


@pytest.fixture
def askers(broken: Stack) -> list[Asker]:
    """The same person at both gateways of it."""
    first = asker(broken)
    return [first, Asker(broken.urls[1], first.token)]


@pytest.fixture
def someone(asked_stack: Stack) -> Asker:
    """A user of it, new, at its first gateway."""
    return asker(asked_stack)
