"""Fixtures of these tests: nothing but the client processes; the running Atrium is that of tests/conftest.py."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.clients.peer import Peer, node_peer


@pytest.fixture
async def ann() -> AsyncIterator[Peer]:
    """A process of stock clients."""
    async with node_peer() as peer:
        yield peer
