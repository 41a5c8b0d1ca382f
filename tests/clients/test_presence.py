"""Presence (Yjs "awareness"): who is here, with which colour, where their cursor is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.clients.peer import Peer, Session, all_see, node_peer
from tests.clients.project import Project, create_project
from tests.conftest import MakeStack

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
    cut = await (await ann.open("cut", **by_dialect(project, dialect, presence=ANN))).synced()
    here = await (await bob.open("here", **project.y_websocket(presence=BOB, gateway=0))).synced()
    there = await (await bob.open("there", **project.hocuspocus(presence=BOB, gateway=1))).synced()
    await all_see([here, there], "present", includes=[cut.client])
    await cut.do("cut")
    await all_see([here, there], "present", excludes=[cut.client], seconds=AT_ONCE_SECONDS)
    await cut.see("synced", equals=True)
    await all_see([here, there], "present", includes=[cut.client], seconds=AT_ONCE_SECONDS)
    await moved_cursor_is_seen(cut, [here, there])
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


@pytest.mark.parametrize("dialect", ["y-websocket-3", "hocuspocus"])
async def test_a_client_that_moves_is_back_at_once(project: Project, ann: Peer, bob: Peer, dialect: str) -> None:
    """[P5] A client that returns through another gateway is visible again, and so is what it shows next."""
    how = by_dialect(project, dialect, presence=ANN, gateway=0)
    elsewhere = by_dialect(project, dialect, gateway=1)["url"]
    moving = await (await ann.open("moving", **how)).synced()
    here = await (await bob.open("here", **project.y_websocket(presence=BOB, gateway=0))).synced()
    there = await (await bob.open("there", **project.hocuspocus(presence=BOB, gateway=1))).synced()
    await all_see([here, there], "present", includes=[moving.client])
    await moving.do("setUrl", url=elsewhere)
    await moving.do("cut")
    await all_see([here, there], "present", excludes=[moving.client], seconds=AT_ONCE_SECONDS)
    await moving.see("synced", equals=True)
    await all_see([here, there], "present", includes=[moving.client], seconds=AT_ONCE_SECONDS)
    await moved_cursor_is_seen(moving, [here, there])


async def test_a_client_of_a_killed_gateway_moves_its_cursor(own_stack: MakeStack, ann: Peer, bob: Peer) -> None:
    """[P5] A client whose gateway was killed (-9) is seen through the other one, with what it shows from then on."""
    stack = await asyncio.to_thread(own_stack, gateways=2)
    project = await create_project(stack.urls)
    moving = await (await ann.open("moving", **project.y_websocket(presence=ANN, gateway=0))).synced()
    there = await (await bob.open("there", **project.hocuspocus(presence=BOB, gateway=1))).synced()
    await there.see("present", includes=[moving.client])
    await moving.do("setUrl", url=project.collab(gateway=1))
    stack.kill("gateway-1")
    await moving.see("connected", equals=False)
    await moving.see("synced", equals=True)
    await moved_cursor_is_seen(moving, [there])


async def moved_cursor_is_seen(moving: Session, others: list[Session]) -> None:
    """What the client shows now replaces what it showed before, for all of the others."""
    await moving.insert(0, "Hello world")
    await all_see(others, "text", equals="Hello world")
    await moving.do("select", anchor=2, head=5)
    await all_see(others, "cursors", equals={moving.client: [2, 5]}, seconds=AT_ONCE_SECONDS)


def by_dialect(project: Project, dialect: str, **more: Any) -> dict[str, Any]:
    """How that client opens the document."""
    match dialect:
        case "y-websocket-3":
            return project.y_websocket(**more)
        case "y-websocket-2":
            return project.y_websocket(version=2, **more)
        case _:
            return project.hocuspocus(**more)


async def test_a_killed_client_disappears(project: Project, ann: Peer) -> None:
    """A client process that ends without a word disappears for everyone, in every gateway."""
    here = await (await ann.open("here", **project.y_websocket(presence=ANN, gateway=0))).synced()
    there = await (await ann.open("there", **project.hocuspocus(presence=ANN, gateway=1))).synced()
    async with node_peer() as doomed:
        victim = await (await doomed.open("victim", **project.y_websocket(presence=BOB))).synced()
        await all_see([here, there], "present", includes=[victim.client])
        await doomed.kill()
    await all_see([here, there], "present", excludes=[victim.client], seconds=35)
