"""All stock clients in one document, through different gateways."""

from __future__ import annotations

import asyncio

import pytest

from tests.clients.peer import Peer, Session, all_see
from tests.clients.project import Project

pytestmark = pytest.mark.js


async def open_all(project: Project, ann: Peer, bob: Peer, ypy: Peer) -> list[Session]:
    """One session of every client; neighbours in the list are in different gateways."""
    return [
        await (await ann.open("y3", **project.y_websocket(gateway=0))).synced(),
        await (await bob.open("hocuspocus", **project.hocuspocus(gateway=1))).synced(),
        await (await bob.open("y2", **project.y_websocket(gateway=0, version=2))).synced(),
        await ypy.open("ypy", **project.ypy(gateway=1)),
    ]


async def test_every_client_sees_what_every_other_types(project: Project, ann: Peer, bob: Peer, ypy: Peer) -> None:
    """An edit of any stock client reaches all the others, whatever their dialect and gateway."""
    sessions = await open_all(project, ann, bob, ypy)
    text = ""
    for session in sessions:
        typed = f"{session.name}: žluťoučký 🐎\n"
        await session.insert(0, typed)
        text = typed + text
        await all_see(sessions, "text", equals=text)


async def test_all_type_at_the_same_time(project: Project, ann: Peer, bob: Peer, ypy: Peer) -> None:
    """Clients that type at once all end with one text, which has every letter once."""
    sessions = await open_all(project, ann, bob, ypy)

    async def type_letters(session: Session, letter: str) -> None:
        for _ in range(50):
            await session.insert(0, letter)

    await asyncio.gather(*map(type_letters, sessions, "abcd"))
    await all_see(sessions, "length", equals=200)
    text = await sessions[0].text()
    assert sorted(text) == sorted("abcd" * 50)
    await all_see(sessions, "text", equals=text)


async def test_a_fresh_client_gets_everything(project: Project, ann: Peer, bob: Peer, ypy: Peer) -> None:
    """Whoever opens a document later holds all of it when it says that it is synced."""
    writer = await (await ann.open("writer", **project.hocuspocus(gateway=0))).synced()
    await writer.insert(0, "before")
    await writer.see("unsynced", equals=False)
    for number, how in enumerate(
        (
            project.y_websocket(gateway=0),
            project.y_websocket(gateway=1, version=2),
            project.hocuspocus(gateway=1),
        )
    ):
        reader = await (await bob.open(f"reader {number}", **how)).synced()
        assert await reader.text() == "before"
    await (await ypy.open("reader", **project.ypy(gateway=1))).see("text", equals="before")


async def test_the_abandoned_client_echoes_everything(project: Project, ann: Peer, ypy: Peer) -> None:
    """ypy-websocket sends back every update that it receives: nothing is doubled, no one is closed."""
    typist = await (await ann.open("typist", **project.y_websocket(gateway=0))).synced()
    echo = await ypy.open("echo", **project.ypy(gateway=0))
    other = await ypy.open("other", **project.ypy(gateway=1))
    await typist.do("type", text="x", count=200)
    await all_see([echo, other], "text", equals="x" * 200)
    await echo.insert(0, "end")
    await all_see([typist, other], "text", equals="end" + "x" * 200)
    assert await typist.see("closes") == []
