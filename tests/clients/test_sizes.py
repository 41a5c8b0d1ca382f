"""The largest and the smallest document."""

from __future__ import annotations

import asyncio

import pytest

from tests.clients.peer import Peer
from tests.clients.project import Project

pytestmark = [pytest.mark.js, pytest.mark.timeout(600)]

LARGE_CHARACTERS = 20_000_000
"""The 20 MB of the promise; ASCII, so as many bytes."""
PATIENCE = 150
"""Seconds: a client takes some ten to merge all of it, three of them in one process, beside other tests."""
EDITS, EDITS_BYTES = 225_000, 5_000_000
"""Scattered ones, and what they come to at least, as one update."""


async def test_a_document_of_20_megabytes(project: Project, ann: Peer, bob: Peer) -> None:
    """20 MB made offline arrive in one sync, are durable, and open for a fresh client in another gateway."""
    writer = await ann.open("writer", connect=False, **project.hocuspocus(gateway=0))
    await writer.do("fill", characters=LARGE_CHARACTERS)
    digest = await writer.see("digest")
    assert digest["length"] == LARGE_CHARACTERS
    await writer.do("connect")
    await writer.see("unsynced", equals=False, seconds=PATIENCE)
    readers = [
        await bob.open("y3", **project.y_websocket(gateway=1)),
        await bob.open("hocuspocus", **project.hocuspocus(gateway=0)),
    ]
    await asyncio.gather(*(reader.see("digest", equals=digest, seconds=PATIENCE) for reader in readers))
    await readers[0].insert(0, "!")
    await writer.see("length", equals=LARGE_CHARACTERS + 1)


async def test_a_document_of_many_edits(project: Project, ann: Peer, bob: Peer) -> None:
    """Scattered edits of a hundred authors arrive in one sync, are durable, and say the same to a fresh client of every
    dialect, which may go on from there."""
    writer = await ann.open("writer", connect=False, **project.hocuspocus(gateway=0))
    assert await writer.do("scatter", edits=EDITS) > EDITS_BYTES
    said = await writer.see("scattered")
    await writer.do("connect")
    await writer.see("unsynced", equals=False, seconds=PATIENCE)
    readers = [
        await bob.open("y3", **project.y_websocket(gateway=1)),
        await bob.open("y2", **project.y_websocket(gateway=0, version=2)),
        await bob.open("hocuspocus", **project.hocuspocus(gateway=1)),
    ]
    await asyncio.gather(*(reader.see("scattered", equals=said, seconds=PATIENCE) for reader in readers))
    for reader in readers:
        assert not await reader.see("pending")
        await reader.insert(0, "!")
    await writer.see("text", equals="!!!")


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
