"""What it costs a server to open a large document that it does not have: the time until the client has all of it, and
how long the server's other clients wait meanwhile.

    put      a client types the whole document as one update and waits until it is durable
    leave    all go, the background worker stores the document, and the server is stopped and started
    open     one document after the other, each for the first time since; a neighbour in another document pings

Peers keep nothing when they stop, so this is Atrium's alone.
"""

import asyncio
from statistics import median
from time import perf_counter

from loadtest import large, yjs
from loadtest.joiner import Joiner, join
from loadtest.large import Content
from loadtest.measure import Interval, Measured, Task, describe, undisturbed
from loadtest.neighbour import Neighbour, neighbour
from loadtest.servers import Server
from loadtest.shapes import Shape

#: Seconds for one document to be taken in or handed out.
WHOLE_SECONDS = 120.0
#: Seconds without unstored documents that show it: gateways ask every two.
STORED_FOR_SECONDS = 2.5
#: Seconds after an open in which the stalls that it causes are still looked for; a gateway samples its loop every 0.25.
AFTERMATH_SECONDS = 0.6
#: Room of the neighbour; those of the documents follow.
_NEIGHBOUR = 0


async def measure(server: Server, shape: Shape, task: Task) -> Measured:
    assert task.node
    states = {content: await large.state(task.node, content, shape.megabytes, task.folder) for content in Content}
    rooms = {content: range(1 + at * shape.rooms, 1 + (at + 1) * shape.rooms) for at, content in enumerate(Content)}
    await server.prepare(1 + len(Content) * shape.rooms)
    measured = Measured()
    async with neighbour(server.seat(_NEIGHBOUR, 0)) as lives:
        task.say(f"putting documents ({describe(server.serving())})")
        for content in Content:
            measured.cases[content] = {"put_stall_ms": await _put(server, rooms[content], states[content], lives) * 1e3}
        if not await _stored(server, shape.patience):
            measured.notes.append("opened from the log: the worker had not stored all documents")
    await server.stop()
    await server.start()
    async with neighbour(server.seat(_NEIGHBOUR, 0)) as lives:
        task.say(f"opening documents ({describe(server.serving())})")
        with undisturbed():
            interval = Interval(server)
            opened = {content: [await _open(server, room, lives) for room in rooms[content]] for content in Content}
            interval.end(measured)
    for content, opens in opened.items():
        metrics, received = zip(*opens, strict=True)
        measured.cases[content] |= {name: max(each[name] for each in metrics) for name in metrics[0]}
        measured.cases[content] |= {"whole_ms": median(each["whole_ms"] for each in metrics)}
        if not await _same(task.node, received[0], states[content]):
            measured.notes.append(f"{content}: what the client got differs from what was put")
    return measured


async def _put(server: Server, rooms: range, state: bytes, lives: Neighbour) -> float:
    """Types the document into each room. Returns the longest stall that the neighbour noticed, in seconds."""
    await lives.take()
    for room in rooms:
        async with asyncio.timeout(WHOLE_SECONDS):
            author = await join(server.seat(room, 0, acknowledged=True))
            try:
                await author.joined
                author.type(state)
                await author.durable
            finally:
                author.transport.abort()
    return await lives.take()


async def _stored(server: Server, patience: float) -> bool:
    """Waits until no document lacks a snapshot; whether that came to pass."""
    begin = clean = perf_counter()
    while perf_counter() < begin + patience:
        if (await server.figures())["atrium_dirty_documents"]:
            clean = perf_counter()
        elif perf_counter() > clean + STORED_FOR_SECONDS:
            return True
        await asyncio.sleep(0.1)
    return False


async def _open(server: Server, room: int, lives: Neighbour) -> tuple[dict[str, float], bytes]:
    """Opens one document; what it cost, and the state that the client got. The client then leaves."""
    before = await server.figures()
    await asyncio.sleep(AFTERMATH_SECONDS / 2)
    await lives.take()
    async with asyncio.timeout(WHOLE_SECONDS):
        reader: Joiner = await join(server.seat(room, 0))
        try:
            seconds, state = await reader.joined
            await asyncio.sleep(AFTERMATH_SECONDS)
            stall = await lives.take()
            after = await server.figures()
        finally:
            reader.transport.abort()
    applied = after["atrium_open_stall_seconds_sum"] - before["atrium_open_stall_seconds_sum"]
    return {
        "whole_ms": seconds * 1e3,
        "stall_ms": stall * 1e3,
        "apply_ms": applied * 1e3,
        "lag_ms": after["atrium_loop_lag_worst_seconds"] * 1e3,
    }, state


async def _same(node: str, received: bytes, put: bytes) -> bool:
    """Whether a Yjs client sees the same in both, and waits for nothing."""
    got, wanted = await yjs.look(node, [received]), await yjs.look(node, [put])
    return got == wanted and not got.pending
