"""Fixtures of the stock-client tests: client processes and a fresh project for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest

from tests.clients.beside import Beside
from tests.clients.idle import STORIES
from tests.clients.peer import Peer, node_peer, ypy_peer
from tests.clients.project import Project, create_project
from tests.support.stack import Stack

IDLE_TESTS = "test_idle.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests that only wait come last of all: until then their stories run beside the others."""
    items.sort(key=lambda item: item.path.name == IDLE_TESTS)


@pytest.fixture(scope="session", autouse=True)
def idle_stories(request: pytest.FixtureRequest) -> Iterator[Beside | None]:
    """Begin the stories of the idle tests that will run, with the first test of this folder."""
    waiting = [item for item in request.session.items if item.path.name == IDLE_TESTS]
    if all(item.get_closest_marker("skip") for item in waiting):
        yield None
        return
    stack: Stack = request.getfixturevalue("stack")
    wanted = {item.name.removeprefix("test_") for item in waiting}
    beside = Beside({name: partial(story, stack) for name, story in STORIES.items() if name in wanted})
    try:
        yield beside
    finally:
        beside.close()


@pytest.fixture
async def project(stack: Stack) -> Project:
    """A fresh project on the Atrium that all tests share; nothing of it may be broken."""
    return await create_project(stack.urls)


@pytest.fixture
async def ann() -> AsyncIterator[Peer]:
    """The first client process."""
    async with node_peer() as peer:
        yield peer


@pytest.fixture
async def bob() -> AsyncIterator[Peer]:
    """The second client process."""
    async with node_peer() as peer:
        yield peer


@pytest.fixture
async def ypy() -> AsyncIterator[Peer]:
    """The process of the abandoned Python client."""
    async with ypy_peer() as peer:
        yield peer
