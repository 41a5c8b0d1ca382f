"""Real recorded sessions, typed again by stock clients into a live Atrium: every one ends in the recorded text."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients.peer import Peer, Session, all_see
from tests.clients.project import Project, create_project
from tests.conftest import MakeStack

pytestmark = [pytest.mark.js, pytest.mark.slow, pytest.mark.timeout(600)]

TRACES = Path(__file__).parent / "traces"

TYPED_SECONDS = 150
"""For all letters to arrive; all three together take some 15 s on two free cores."""

TOGETHER = {"sveltecomponent": 1, "seph-blog1": 20}
"""Recorded transactions in one of Yjs: a keystroke each, and a burst each, as after a moment without network."""


def trace(name: str) -> str:
    """The file of that recording."""
    return str(TRACES / f"{name}.json.gz")


def recorded(name: str) -> dict[str, Any]:
    """What the view `digest` shows of a document that holds the recorded text."""
    text = json.loads(gzip.decompress(Path(trace(name)).read_bytes()))["endContent"]
    return {"length": len(text), "sha256": hashlib.sha256(text.encode()).hexdigest()}


async def type_together(left: Session, right: Session) -> None:
    """The two authors of `friendsforever`, each in its own client."""
    how = {"file": trace("friendsforever"), "seconds": TYPED_SECONDS}
    typed = await asyncio.gather(
        left.do("typeTogether", agent=0, **how),
        right.do("typeTogether", agent=1, **how),
    )
    assert [one["edits"] for one in typed] == [12_124, 13_954]
    await all_see([left, right], "digest", equals=recorded("friendsforever"), seconds=TYPED_SECONDS)


async def type_alone(name: str, author: Session, reader: Session) -> None:
    """The one author of a sequential trace, with a reader elsewhere."""
    await author.do("typeAlone", file=trace(name), together=TOGETHER[name])
    await all_see([author, reader], "digest", equals=recorded(name), seconds=TYPED_SECONDS)


async def saved(sessions: list[Session]) -> None:
    """Wait until the Hocuspocus clients among them are told that all is durable."""
    await asyncio.gather(*(each.see("unsynced", equals=False, seconds=TYPED_SECONDS) for each in sessions))


async def fresh_clients_see(project: Project, peer: Peer, name: str, dialects: dict[str, Any]) -> None:
    """New clients of every dialect hold the recorded text as soon as they are synced."""
    for label, how in dialects.items():
        session = await (await peer.open(f"fresh {label} {name}", **how)).synced()
        assert await session.see("digest") == recorded(name), f"{label} in {project.id}"
        await session.do("destroy")


def every_dialect(project: Project, document: str) -> dict[str, Any]:
    """How each of the JavaScript clients opens the document, in different gateways."""
    return {
        "y-websocket 3": project.y_websocket(document, gateway=1),
        "y-websocket 2": project.y_websocket(document, gateway=0, version=2),
        "hocuspocus": project.hocuspocus(document, gateway=1),
    }


@pytest.mark.parametrize("name", TOGETHER)
async def test_one_author(project: Project, ann: Peer, bob: Peer, name: str) -> None:
    """A sequential recording typed with y-websocket ends in the recorded text, also for Hocuspocus elsewhere."""
    author = await (await ann.open("author", **project.y_websocket(gateway=0))).synced()
    reader = await (await bob.open("reader", **project.hocuspocus(gateway=1))).synced()
    await type_alone(name, author, reader)
    await fresh_clients_see(project, bob, name, every_dialect(project, "main"))
    assert await author.see("closes") == []


async def test_two_authors_in_old_and_abandoned_clients(project: Project, ann: Peer, bob: Peer, ypy: Peer) -> None:
    """Two authors with y-websocket 2 and 3 while ypy-websocket echoes every letter: the recorded text for all."""
    left = await (await ann.open("left", **project.y_websocket(gateway=0, version=2))).synced()
    right = await (await bob.open("right", **project.y_websocket(gateway=1))).synced()
    echo = await ypy.open("echo", **project.ypy(gateway=1))
    await type_together(left, right)
    await echo.see("digest", equals=recorded("friendsforever"), seconds=TYPED_SECONDS)


async def test_recordings_survive_a_restart_of_everything(own_stack: MakeStack, ann: Peer, bob: Peer) -> None:
    """All recordings, typed at once through two dialects and two gateways, are there after everything restarted."""
    stack = await asyncio.to_thread(own_stack, gateways=2)
    project = await create_project(stack.urls)
    y_websocket = {
        name: await (await ann.open(name, **project.y_websocket(name, gateway=0))).synced()
        for name in ("friendsforever", *TOGETHER)
    }
    hocuspocus = {
        name: await (await bob.open(name, **project.hocuspocus(name, gateway=1))).synced()
        for name in ("friendsforever", *TOGETHER)
    }
    await asyncio.gather(
        type_together(y_websocket["friendsforever"], hocuspocus["friendsforever"]),
        *(type_alone(name, hocuspocus[name], y_websocket[name]) for name in TOGETHER),
    )
    for name in y_websocket:
        await fresh_clients_see(project, ann, name, every_dialect(project, name))
    await saved(list(hocuspocus.values()))
    for session in [*y_websocket.values(), *hocuspocus.values()]:
        await session.do("destroy")

    await asyncio.to_thread(stack.stop)
    await asyncio.to_thread(stack.start)

    for name in y_websocket:
        await fresh_clients_see(project, bob, name, every_dialect(project, name))
