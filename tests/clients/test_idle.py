"""Connections on which nobody does anything. One test, since it has to wait for more than a minute."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tests.clients.peer import Peer, all_see, node_peer
from tests.clients.project import Project
from tests.clients.raw import STEP_1, raw_client

pytestmark = [pytest.mark.js, pytest.mark.slow]

IDLE_SECONDS = 75.0
"""Two and a half times the 30 s of silence after which stock clients close, with their 3 s between two looks."""

FROZEN_GONE_SECONDS = 40
"""A state lives for 30 s after its last renewal; then some time to tell."""


async def test_idle_connections_stay_open(project: Project, ann: Peer, bob: Peer) -> None:
    """Clients that send nothing, not even presence, stay connected; a client that froze disappears meanwhile."""
    idle = [
        await (await ann.open("y3", **project.y_websocket("still"))).synced(),
        await (await ann.open("y2", **project.y_websocket("still", version=2, gateway=1))).synced(),
        await (await ann.open("hocuspocus", **project.hocuspocus("still"))).synced(),
        await (await ann.open("viewer", **project.hocuspocus("still", role="viewer", gateway=1))).synced(),
        await (await ann.open("alone", **project.y_websocket("nobody else"))).synced(),
        await (await ann.open("crowded", **project.hocuspocus("busy elsewhere", socket="shared"))).synced(),
    ]
    for session in idle:
        await session.do("show", state=None)
    async with asyncio.timeout(2 * IDLE_SECONDS), asyncio.TaskGroup() as tasks:
        tasks.create_task(a_frozen_client_disappears(project, bob))
        tasks.create_task(a_silent_client_hears_something(project))
        tasks.create_task(asyncio.sleep(IDLE_SECONDS))  # the time itself is what is tested
    for session in idle:
        assert await session.see("closes") == []
        assert await session.see("connected") is True
    await idle[0].insert(0, "awake")
    await all_see(idle[:4], "text", equals="awake")


async def a_frozen_client_disappears(project: Project, bob: Peer) -> None:
    """A client whose process stands still keeps its connection, and its presence expires."""
    here = await (await bob.open("here", **project.y_websocket("frozen", presence={"name": "here"}))).synced()
    there = await (
        await bob.open("there", **project.hocuspocus("frozen", gateway=1, presence={"name": "there"}))
    ).synced()
    async with node_peer() as peer:
        frozen = await (await peer.open("frozen", **project.y_websocket("frozen", presence={"name": "cold"}))).synced()
        await all_see([here, there], "present", includes=[frozen.client])
        peer.signal(signal.SIGSTOP)
        try:
            await all_see([here, there], "present", excludes=[frozen.client], seconds=FROZEN_GONE_SECONDS)
            # Those who are awake renewed themselves meanwhile and are still here.
            await all_see([here, there], "present", equals=sorted([here.client, there.client]))
        finally:
            peer.signal(signal.SIGCONT)
        # Awake again, and nobody had to do anything.
        await all_see([here, there], "present", includes=[frozen.client])


async def a_silent_client_hears_something(project: Project) -> None:
    """A client of bytes that never says a word after its step 1 is not closed, and is sent something in each 30 s."""
    async with raw_client(f"{project.collab()}/still?token={project.tokens['viewer']}") as raw:
        await raw.send(STEP_1)
        await raw.receive(b"\x00\x01")
        async with asyncio.timeout(IDLE_SECONDS + 30):
            ends = asyncio.get_running_loop().time() + IDLE_SECONDS
            while asyncio.get_running_loop().time() < ends:
                await raw.receive()
