"""Edits made while the network was away."""

from __future__ import annotations

import pytest

from tests.clients.peer import Peer, all_see
from tests.clients.project import Project

pytestmark = pytest.mark.js


@pytest.mark.parametrize("second", ["y-websocket-2", "hocuspocus"])
async def test_offline_edits_of_both_sides_merge(project: Project, ann: Peer, bob: Peer, second: str) -> None:
    """What two clients typed while both were offline is in both when they are back, and in a fresh one."""
    how = {
        "y-websocket-2": project.y_websocket(gateway=1, version=2),
        "hocuspocus": project.hocuspocus(gateway=1),
    }
    left = await (await ann.open("left", **project.y_websocket(gateway=0))).synced()
    right = await (await bob.open("right", **how[second])).synced()
    await left.insert(0, "common")
    await right.see("text", equals="common")
    for session in (left, right):
        await session.do("disconnect")
        await session.see("connected", equals=False)
    await left.insert(0, "left ")
    await right.insert(6, " right")
    await right.do("delete", at=0, length=3)
    for session in (left, right):
        await session.do("connect")
    await all_see([left, right], "text", equals="left mon right")
    fresh = await (await bob.open("fresh", **project.y_websocket(gateway=0))).synced()
    assert await fresh.text() == "left mon right"


async def test_edits_before_the_first_connection(project: Project, ann: Peer, bob: Peer) -> None:
    """A document that was begun offline joins what others made meanwhile."""
    early = await ann.open("early", connect=False, **project.y_websocket())
    await early.insert(0, "begun offline")
    other = await (await bob.open("other", **project.hocuspocus())).synced()
    await other.do("mapSet", root="meta", key="title", value="Ours")
    await early.do("connect")
    await other.see("text", equals="begun offline")
    await early.see("map", root="meta", equals={"title": "Ours"})


async def test_edits_while_connecting(project: Project, ann: Peer, bob: Peer) -> None:
    """Edits made before the client is synced are neither lost nor doubled."""
    reader = await (await bob.open("reader", **project.hocuspocus(gateway=1))).synced()
    for number, how in enumerate((project.y_websocket(), project.hocuspocus(), project.y_websocket(version=2))):
        hasty = await ann.open(f"hasty {number}", **how)
        await hasty.do("type", text=str(number), count=50)
        await hasty.synced()
        await reader.see("length", equals=50 * (number + 1))
    assert sorted(await reader.text()) == sorted("0" * 50 + "1" * 50 + "2" * 50)
