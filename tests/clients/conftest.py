"""Fixtures of the stock-client tests: client processes and a fresh project for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.clients.peer import Peer, node_peer, ypy_peer
from tests.clients.project import Project, create_project
from tests.support.stack import Stack


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
