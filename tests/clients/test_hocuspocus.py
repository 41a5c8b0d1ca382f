"""What only @hocuspocus/provider does: many documents on one socket, tokens in messages, "unsynced changes"."""

from __future__ import annotations

import asyncio

import pytest

from tests.clients.peer import Peer, all_see
from tests.clients.project import Project

pytestmark = pytest.mark.js

DOCUMENTS = 30
"""On one socket: a window with all files of a small project."""


async def test_many_documents_on_one_socket(project: Project, ann: Peer, bob: Peer) -> None:
    """Documents on one socket sync side by side, and an edit reaches its own document alone."""
    names = [f"notes/{number}" for number in range(DOCUMENTS)]
    here = [await ann.open(name, **project.hocuspocus(name, socket="one")) for name in names]
    there = [await bob.open(name, **project.hocuspocus(name, socket="one", gateway=1)) for name in names]
    await all_see([*here, *there], "synced", equals=True)
    await asyncio.gather(*(session.insert(0, f"I am {session.name}") for session in here))
    await asyncio.gather(*(session.see("text", equals=f"I am {session.name}") for session in there))
    await all_see(here, "unsynced", equals=False)


async def test_leaving_one_document_keeps_the_others(project: Project, ann: Peer, bob: Peer) -> None:
    """A provider that is destroyed leaves its document; the socket and the other documents stay."""
    leaving = await (await ann.open("leaving", **project.hocuspocus("a", socket="one"))).synced()
    staying = await (await ann.open("staying", **project.hocuspocus("b", socket="one"))).synced()
    watcher = await (await bob.open("watcher", **project.hocuspocus("a", presence={"name": "Bob"}))).synced()
    await leaving.do("show", state={"name": "Ann"})
    await watcher.see("present", includes=[leaving.client])
    await leaving.do("destroy")
    await watcher.see("present", equals=[watcher.client])
    await staying.insert(0, "still here")
    await staying.see("unsynced", equals=False)
    assert await staying.see("closes") == []
    again = await (await ann.open("again", **project.hocuspocus("a", socket="one"))).synced()
    await watcher.insert(0, "welcome back")
    await again.see("text", equals="welcome back")


async def test_two_providers_of_one_document_on_one_socket(project: Project, ann: Peer) -> None:
    """With session awareness one socket may hold a document twice; each address is served on its own."""
    how = project.hocuspocus(socket="one", sessionAwareness=True)
    left = await (await ann.open("left", **how)).synced()
    right = await (await ann.open("right", **how)).synced()
    await left.insert(0, "from the left")
    await right.see("text", equals="from the left")
    await right.insert(0, "and right ")
    await left.see("text", equals="and right from the left")
    await all_see([left, right], "unsynced", equals=False)


async def test_batched_updates(project: Project, ann: Peer, bob: Peer) -> None:
    """A provider that merges its edits for a while (flushDelay) gets one status for each merged update."""
    batching = await (await ann.open("batching", **project.hocuspocus(flushDelay=20))).synced()
    reader = await (await bob.open("reader", **project.y_websocket())).synced()
    await batching.do("type", text="x", count=100)
    await reader.see("text", equals="x" * 100)
    await batching.see("unsynced", equals=False)


async def test_a_refreshed_token(project: Project, ann: Peer) -> None:
    """A token sent again on the open socket is answered with the role that it gives."""
    session = await (await ann.open("ann", **project.hocuspocus(role="viewer"))).synced()
    assert await session.see("scope") == "readonly"
    await session.do("setToken", token=project.tokens["editor"])
    await session.do("sendToken")
    await session.see("scope", equals="read-write")
    await session.insert(0, "now I may")
    other = await (await ann.open("other", **project.y_websocket())).synced()
    await other.see("text", equals="now I may")
    assert await session.see("closes") == []


async def test_a_denied_document_may_be_tried_again(project: Project, ann: Peer) -> None:
    """A refused document harms no other on its socket, and opens with a better token on the same socket."""
    good = await (await ann.open("good", **project.hocuspocus("a", socket="one"))).synced()
    denied = await ann.open("denied", **{**project.hocuspocus("b", socket="one"), "token": "forged"})
    events = await denied.see("events", includes=[["authenticationFailed", "the token was not made by this server"]])
    assert ["synced"] not in events
    await denied.do("setToken", token=project.tokens["editor"])
    await denied.do("sendToken")
    await denied.see("scope", equals="read-write")
    await good.insert(0, "unharmed")
    await good.see("unsynced", equals=False)
    assert await good.see("closes") == []
