"""Presence (Yjs "awareness"): who is here, with which colour, where their cursor is."""

from __future__ import annotations

import pytest

from tests.clients.peer import Peer, all_see, node_peer
from tests.clients.project import Project

pytestmark = pytest.mark.js

ANN = {"user": {"name": "Ann Žižková 🐎", "color": "#ff8800", "colorLight": "#ff880033"}}
BOB = {"user": {"name": "Bob", "color": "#0088ff"}}

AT_ONCE_SECONDS = 5
"""Well below the 15 s after which a client repeats its state by itself, and would heal a server that forgot it."""


async def test_names_colours_and_cursors(project: Project, ann: Peer, bob: Peer) -> None:
    """A state arrives whole in every dialect and gateway, and a cursor stays with its text."""
    here = await (await ann.open("ann", **project.y_websocket(presence=ANN, gateway=0))).synced()
    there = await (await bob.open("bob", **project.hocuspocus(presence=BOB, gateway=1))).synced()
    old = await (await bob.open("old", **project.y_websocket(version=2, gateway=1, presence={}))).synced()
    everyone = [here, there, old]
    await all_see(everyone, "presence", equals={here.client: ANN, there.client: BOB, old.client: {}})
    await here.insert(0, "Hello world")
    await all_see(everyone, "text", equals="Hello world")
    await here.do("select", anchor=6, head=11)
    await all_see(everyone, "cursors", equals={here.client: [6, 11]})
    await there.insert(0, ">> ")
    await all_see(everyone, "cursors", equals={here.client: [9, 14]})


async def test_who_comes_later_sees_who_is_there(project: Project, ann: Peer, bob: Peer) -> None:
    """A client that opens a document is told at once who is in it, in its own gateway and in others."""
    first = await (await ann.open("first", **project.y_websocket(presence=ANN, gateway=0))).synced()
    same = await bob.open("same", **project.hocuspocus(gateway=0, presence=BOB))
    other = await bob.open("other", **project.y_websocket(gateway=1, presence=BOB))
    everyone = [first.client, same.client, other.client]
    await all_see([first, same, other], "present", equals=sorted(everyone), seconds=AT_ONCE_SECONDS)


async def test_leaving_is_seen_at_once(project: Project, ann: Peer, bob: Peer) -> None:
    """A client that says goodbye is gone for everyone."""
    leaving = await (await ann.open("leaving", **project.y_websocket(presence=ANN))).synced()
    here = await (await bob.open("here", **project.hocuspocus(presence=BOB, gateway=0))).synced()
    there = await (await bob.open("there", **project.y_websocket(presence=BOB, gateway=1))).synced()
    await all_see([here, there], "present", includes=[leaving.client])
    await leaving.do("disconnect")
    await all_see([here, there], "present", excludes=[leaving.client], seconds=AT_ONCE_SECONDS)


@pytest.mark.parametrize("dialect", ["y-websocket-3", "y-websocket-2", "hocuspocus"])
async def test_a_cut_client_is_back_at_once(project: Project, ann: Peer, bob: Peer, dialect: str) -> None:
    """[P5] A client whose network broke is visible again once it is back, not only when it repeats its state."""
    how = {
        "y-websocket-3": project.y_websocket(presence=ANN),
        "y-websocket-2": project.y_websocket(presence=ANN, version=2),
        "hocuspocus": project.hocuspocus(presence=ANN),
    }[dialect]
    cut = await (await ann.open("cut", **how)).synced()
    here = await (await bob.open("here", **project.y_websocket(presence=BOB, gateway=0))).synced()
    there = await (await bob.open("there", **project.hocuspocus(presence=BOB, gateway=1))).synced()
    await all_see([here, there], "present", includes=[cut.client])
    await cut.do("cut")
    await all_see([here, there], "present", excludes=[cut.client], seconds=AT_ONCE_SECONDS)
    await cut.see("synced", equals=True)
    await all_see([here, there], "present", includes=[cut.client], seconds=AT_ONCE_SECONDS)
    # The way back is not tested: the client itself forgot the others, but not their clocks, so it shows them only when
    # they repeat themselves with a higher one, within 15 s.


async def test_a_client_that_said_goodbye_is_back_at_once(project: Project, ann: Peer, bob: Peer) -> None:
    """A client that disconnected and connects again, with the clock that it had, is visible again."""
    back = await (await ann.open("back", **project.y_websocket(presence=ANN))).synced()
    here = await (await bob.open("here", **project.y_websocket(presence=BOB, gateway=0))).synced()
    there = await (await bob.open("there", **project.hocuspocus(presence=BOB, gateway=1))).synced()
    await all_see([here, there], "present", includes=[back.client])
    await back.do("disconnect")
    await all_see([here, there], "present", excludes=[back.client], seconds=AT_ONCE_SECONDS)
    await back.do("connect")
    await back.synced()
    await all_see([here, there], "present", includes=[back.client], seconds=AT_ONCE_SECONDS)


async def test_a_killed_client_disappears(project: Project, ann: Peer) -> None:
    """A client process that ends without a word disappears for everyone, in every gateway."""
    here = await (await ann.open("here", **project.y_websocket(presence=ANN, gateway=0))).synced()
    there = await (await ann.open("there", **project.hocuspocus(presence=ANN, gateway=1))).synced()
    async with node_peer() as doomed:
        victim = await (await doomed.open("victim", **project.y_websocket(presence=BOB))).synced()
        await all_see([here, there], "present", includes=[victim.client])
        await doomed.kill()
    await all_see([here, there], "present", excludes=[victim.client], seconds=35)
