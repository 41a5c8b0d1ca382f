"""The largest and the smallest document."""

from __future__ import annotations

import asyncio

import pytest

from tests.clients.peer import Peer
from tests.clients.project import Project

pytestmark = pytest.mark.js

LARGE_CHARACTERS = 20_000_000
"""The 20 MB of the promise; ASCII, so as many bytes."""


async def test_a_document_of_20_megabytes(project: Project, ann: Peer, bob: Peer) -> None:
    """20 MB made offline arrive in one sync, are durable, and open for a fresh client in another gateway."""
    writer = await ann.open("writer", connect=False, **project.hocuspocus(gateway=0))
    await writer.do("fill", characters=LARGE_CHARACTERS)
    digest = await writer.see("digest")
    assert digest["length"] == LARGE_CHARACTERS
    await writer.do("connect")
    await writer.see("unsynced", equals=False, seconds=60)
    readers = [
        await bob.open("y3", **project.y_websocket(gateway=1)),
        await bob.open("hocuspocus", **project.hocuspocus(gateway=0)),
    ]
    await asyncio.gather(*(reader.see("digest", equals=digest, seconds=60) for reader in readers))
    await readers[0].insert(0, "!")
    await writer.see("length", equals=LARGE_CHARACTERS + 1)


async def test_a_document_of_0_bytes(project: Project, ann: Peer, bob: Peer) -> None:
    """A document in which nobody ever typed syncs in every dialect, and holds nothing."""
    sessions = [
        await (await ann.open("y3", **project.y_websocket(gateway=0))).synced(),
        await (await ann.open("y2", **project.y_websocket(gateway=1, version=2))).synced(),
        await (await bob.open("hocuspocus", **project.hocuspocus(gateway=0))).synced(),
    ]
    for session in sessions:
        assert await session.see("vector") == {}
    await sessions[2].see("unsynced", equals=False)
