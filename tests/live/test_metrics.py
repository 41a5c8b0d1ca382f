"""`/metrics` of a running gateway: every figure that operators watch is there, and moves when what it counts happens.

One test for each thing that happens: typing, refusals, Redis away, workers away, clients that do not read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from prometheus_client.parser import text_string_to_metric_families

from rooms.codec.lib0 import read_var_uint
from tests.clients.raw import text_update, update_message
from tests.hostile.attacker import Attacker, YWebsocket, upgraded
from tests.live.connected import DIALECTS, Connected, Dialect, connected
from tests.support.stack import Stack
from tests.support.waiting import wait_until

AWAY = 1.5
"""Seconds that an edit must have waited for Redis before it counts as seen."""
PIECE = 300_000
"""Characters of one edit to a client that does not read: more than a socket and the kernel take, after some."""


class Room:
    """A project in the instance, and the figures of its first gateway."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        owner = stack.guest()
        self.project = stack.project(owner)
        self.tokens = {role: stack.room_token(owner, self.project, role).token for role in ("editor", "viewer")}

    def figures(self) -> dict[str, float]:
        """All of them, by name, with the reason where there is one."""
        text = self.stack.call("/metrics", expect=200).body
        return {
            sample.name
            + "".join(f"[{reason}]" for key, reason in sample.labels.items() if key == "reason"): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if "le" not in sample.labels and "route" not in sample.labels
        }

    def figure(self, name: str) -> float:
        """One of them; 0 while nothing was counted for a reason."""
        figures = self.figures()
        assert name in figures or "[" in name, f"{name} is not among {sorted(figures)}"
        return figures.get(name, 0.0)

    async def rises(self, name: str, above: float) -> None:
        await wait_until(lambda: self.figure(name) > above, f"{name} above {above}", within=60)

    async def settles(self, name: str, at: float = 0.0) -> None:
        await wait_until(lambda: self.figure(name) <= at, f"{name} at {at}", within=60)

    async def editor(self, exits: AsyncExitStack, path: str, role: str = "editor") -> Connected:
        """Somebody in one of its documents, through the first gateway."""
        base = self.stack.ws_urls[0]
        return await exits.enter_async_context(connected("y-websocket", base, self.project, path, self.tokens[role]))


@pytest.fixture
async def room(atrium: Stack) -> AsyncIterator[Room]:
    made = Room(atrium)
    # What other tests left behind is gone.
    await made.settles("atrium_connections")
    yield made


@pytest.fixture
async def exits() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def test_typing(room: Room, exits: AsyncExitStack) -> None:
    """Connections, documents, updates in, deliveries out, fan-out latency, time to durable, the opening's stall."""
    before = room.figures()
    author, *readers = [await room.editor(exits, "typed") for _ in range(4)]
    for _ in range(10):
        assert await author.type()
    for reader in readers:
        while True:  # until the last of them
            message = await reader.raw.receive(b"\x00\x02")
            if b"x" in message:
                break
    now = room.figures()
    moved = {name: now[name] - before.get(name, 0.0) for name in now}
    assert moved["atrium_connections"] == 4
    assert now["atrium_documents"] >= 1
    assert moved["atrium_updates_in_total"] >= 10
    assert moved["atrium_deliveries_out_total"] >= 3
    assert 1 <= moved["atrium_fan_out_seconds_count"] <= 10
    assert moved["atrium_fan_out_seconds_sum"] > 0
    assert 1 <= moved["atrium_durable_seconds_count"] <= 10
    assert 0 < moved["atrium_durable_seconds_sum"] < 60
    assert moved["atrium_open_stall_seconds_count"] == 1
    assert now["atrium_open_stall_worst_seconds"] > 0
    await exits.aclose()
    await room.settles("atrium_connections")
    await room.settles("atrium_documents")


async def test_the_loop(room: Room) -> None:
    """How late the loop is, is looked at all the time; a gateway that was held up says by how much."""
    before = room.figures()
    await room.rises("atrium_loop_lag_seconds_count", before["atrium_loop_lag_seconds_count"] + 2)
    room.stack.pause("gateway-1")
    until = time.monotonic() + 1.0
    await wait_until(lambda: time.monotonic() > until, "a second to pass")
    room.stack.resume("gateway-1")
    await room.rises("atrium_loop_lag_seconds_sum", before["atrium_loop_lag_seconds_sum"] + 0.5)
    assert {"atrium_loop_lag_last_seconds", "atrium_loop_lag_worst_seconds"} <= room.figures().keys()


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_refusals(room: Room, dialect: Dialect) -> None:
    """Refused input is counted by its reason: what a viewer writes, and what nobody understands."""
    path, base = "refused", room.stack.ws_urls[0]
    async with AsyncExitStack() as stack:
        await room.editor(stack, path)  # so that there is something to view
    before = room.figures()
    async with connected(dialect, base, room.project, path, room.tokens["viewer"]) as viewer:
        assert not await viewer.type()
        await viewer.raw.send(viewer.address + b"\x00\x02\xff")
        assert (await viewer.raw.closed())[0] == 4400
    now = room.figures()
    assert now["atrium_refused_total[read-only]"] == before.get("atrium_refused_total[read-only]", 0) + 1
    assert now["atrium_refused_total[Malformed]"] == before.get("atrium_refused_total[Malformed]", 0) + 1


async def test_redis_away(room: Room, exits: AsyncExitStack) -> None:
    """The age of the oldest unsaved edit grows while Redis is away, and is nothing when it is back."""
    author = await room.editor(exits, "unsaved")
    assert await author.type()
    await room.settles("atrium_oldest_unsaved_seconds")
    room.stack.pause("valkey")
    await author.raw.send(update_message(text_update(7, author.clock, "x")))
    await room.rises("atrium_oldest_unsaved_seconds", AWAY)
    room.stack.resume("valkey")
    while read_var_uint(await author.raw.receive(b"\x7f"), 1)[0] < 2:
        pass
    await room.settles("atrium_oldest_unsaved_seconds")
    slow = room.figure("atrium_durable_seconds_sum")
    assert slow > AWAY, "the time to durable has it too"


async def test_workers_away(room: Room, exits: AsyncExitStack) -> None:
    """The snapshots' lag and the documents without one grow while no worker works, and go down when one does."""
    author = await room.editor(exits, "behind")
    await room.settles("atrium_dirty_documents")
    room.stack.pause("worker-1")
    assert await author.type()
    await room.rises("atrium_snapshot_lag_seconds", 6.0)  # a worker would have made one after three
    assert room.figure("atrium_dirty_documents") >= 1
    room.stack.resume("worker-1")
    await room.settles("atrium_dirty_documents")
    await room.settles("atrium_snapshot_lag_seconds")


async def test_clients_that_do_not_read(room: Room, exits: AsyncExitStack) -> None:
    """Bytes that wait in sockets and clients that do not read are shown while it is so, and counted for ever."""
    before = room.figures()
    assert before["atrium_queue_bytes"] == before["atrium_slow_peers"] == 0
    path = "slow"
    author = await room.editor(exits, path)
    speaks = YWebsocket(room.stack.ws_urls[0], f"{room.project}/{path}", room.tokens["viewer"])
    async with upgraded(speaks.url) as slow:
        await speaks.enter(slow)
        await slow.message(b"\x00\x00\x01\x00")
        await slow.until(b"\x00\x01")
        slow.writer.transport.pause_reading()  # type: ignore[attr-defined]  # the StreamReader's own transport
        number = 0
        while not room.figure("atrium_slow_peers"):
            number += 1
            assert number < 100, "it is not slow"
            await author.raw.send(update_message(text_update(1000 + number, 0, "x" * PIECE)))
            await author.raw.receive(b"\x7f")
        now = room.figures()
        assert now["atrium_slow_peers"] == 1
        assert now["atrium_queue_bytes"] > 0
        assert now["atrium_slow_pauses_total"] == before["atrium_slow_pauses_total"] + 1
        slow.writer.transport.resume_reading()  # type: ignore[attr-defined]
        reading = asyncio.create_task(read_all(slow))
        await room.settles("atrium_slow_peers")
        await room.settles("atrium_queue_bytes")
        reading.cancel()


async def read_all(client: Attacker) -> None:
    while True:
        await client.receive()


async def test_presence_and_the_rest(room: Room, exits: AsyncExitStack) -> None:
    """Presence in and out; what is gathered, missed or restored has its figure also where there was nothing."""
    before = room.figures()
    mover, watcher = [await room.editor(exits, "shown") for _ in range(2)]
    await mover.raw.send(b"\x01\x06\x01\x07\x01\x02{}")
    while b"{}" not in await watcher.raw.receive(b"\x01"):
        pass
    now = room.figures()
    assert now["atrium_presence_in_total"] == before["atrium_presence_in_total"] + 1
    assert now["atrium_presence_out_total"] >= before["atrium_presence_out_total"] + 2
    rest = {"gathered_bytes", "at_work_bytes", "commits_total", "gaps_total", "resyncs_total", "logs_restored_total"}
    assert {f"atrium_{name}" for name in rest} <= now.keys()
