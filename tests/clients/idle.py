"""What happens on connections on which nobody does anything: the stories that test_idle.py asks for.

They take more than a minute and no work, so conftest.py begins them with the first test of this folder.
"""

from __future__ import annotations

import asyncio
import signal
import time
from uuid import UUID

from gateway.auth.tokens import Tokens
from gateway.launch.home import Home
from schemas.roles import Role
from tests.clients.peer import all_see, node_peer
from tests.clients.project import create_project
from tests.clients.raw import STEP_1, raw_client
from tests.support.stack import Stack

IDLE_SECONDS = 75.0
"""Two and a half times the 30 s of silence after which stock clients close, with their 3 s between two looks."""

FROZEN_GONE_SECONDS = 40
"""A state lives for 30 s after its last renewal; then some time to tell."""

TOKEN_SECONDS = 12
"""Life of a token that is to end while its document is open."""

TOKEN_ENDED_SECONDS = 60
"""The server looks every 15 s, asks, and refuses what it is sent."""


async def silent_clients_stay(stack: Stack) -> None:
    """Clients that send nothing, not even presence, stay connected."""
    project = await create_project(stack.urls, "still")
    async with node_peer() as peer:
        idle = [
            await peer.open("y3", **project.y_websocket("still")),
            await peer.open("y2", **project.y_websocket("still", version=2, gateway=1)),
            await peer.open("hocuspocus", **project.hocuspocus("still")),
            await peer.open("viewer", **project.hocuspocus("still", role="viewer", gateway=1)),
            await peer.open("alone", **project.y_websocket("nobody else")),
        ]
        await all_see(idle, "synced", equals=True)
        for session in idle:
            await session.do("show", state=None)
        await asyncio.sleep(IDLE_SECONDS)  # the time itself is what is tested
        for session in idle:
            assert await session.see("closes") == []
            assert await session.see("connected") is True
        await idle[0].insert(0, "awake")
        await all_see(idle[:4], "text", equals="awake")


async def a_silent_client_hears_something(stack: Stack) -> None:
    """A client of bytes that never says a word after its step 1 stays, and is sent something in every 25 s."""
    project = await create_project(stack.urls, "still")
    async with raw_client(f"{project.collab()}/still?token={project.tokens['viewer']}") as raw:
        await raw.send(STEP_1)
        await raw.receive(b"\x00\x01")
        ends = time.monotonic() + IDLE_SECONDS
        while time.monotonic() < ends:
            await raw.receive()


async def a_frozen_client_disappears(stack: Stack) -> None:
    """A client whose process stands still keeps its connection, its presence expires, and comes back with it."""
    project = await create_project(stack.urls)
    async with node_peer() as awake, node_peer() as peer:
        here = await awake.open("here", **project.y_websocket(presence={"name": "here"}))
        there = await awake.open("there", **project.hocuspocus(gateway=1, presence={"name": "there"}))
        frozen = await peer.open("frozen", **project.y_websocket(presence={"name": "cold"}))
        await all_see([here, there, frozen], "present", equals=sorted([here.client, there.client, frozen.client]))
        peer.signal(signal.SIGSTOP)
        try:
            await all_see([here, there], "present", excludes=[frozen.client], seconds=FROZEN_GONE_SECONDS)
            # Those who are awake renewed themselves meanwhile and are still here.
            await all_see([here, there], "present", equals=sorted([here.client, there.client]))
        finally:
            peer.signal(signal.SIGCONT)
        await all_see([here, there], "present", includes=[frozen.client])


async def tokens_end(stack: Stack) -> None:
    """A document goes on with a fresh token when its own ends, and is left without one; the socket stays."""
    project = await create_project(stack.urls)
    tokens = Tokens(Home(stack.home).secret())
    owner = tokens.verify_access(project.access_token)
    ends = time.time() + TOKEN_SECONDS
    short, _ = tokens.sign_room(owner.user_id, owner.session_id, UUID(project.id), Role.EDITOR, "Short", ends)
    async with node_peer() as peer:
        renewed = await peer.open("renewed", **{**project.hocuspocus("renewed", socket="one"), "token": short})
        ended = await peer.open("ended", **{**project.hocuspocus("ended", socket="one"), "token": short})
        await all_see([renewed, ended], "synced", equals=True)
        await renewed.do("setToken", token=project.tokens["editor"])
        await ended.see("refused", equals=True, seconds=TOKEN_ENDED_SECONDS)
        await renewed.insert(0, "still here")
        await renewed.see("unsynced", equals=False)
        assert (await renewed.see("events")).count(["authenticated", "read-write"]) == 2
        assert await renewed.see("closes") == []


STORIES = {
    story.__name__: story
    for story in (silent_clients_stay, a_silent_client_hears_something, a_frozen_client_disappears, tokens_end)
}
