"""Many people open one large document at the same moment: CPU per join, and the time until each has all of it.

Joiners come in waves: `at_once` of them open their sockets together, the next wave when all of it is done. Nobody
leaves before the end, so leaving costs nobody anything. The document is put there by a client that stays, since some
servers forget it otherwise.
"""

import asyncio

from loadtest import trace, yjs
from loadtest.joiner import Joiner, join
from loadtest.measure import Interval, Measured, Task, describe, undisturbed
from loadtest.servers import Server
from loadtest.shapes import Shape
from loadtest.tally import percentile

#: Seconds that one wave may take.
WAVE_SECONDS = 60.0
#: Seconds between asking whether the document has arrived, and how often.
PUT_PAUSE, PUT_TRIES = 0.5, 60


async def measure(server: Server, shape: Shape, task: Task) -> Measured:
    assert task.node and task.recorded
    update = await trace.state(task.node, task.recorded, task.folder)
    await server.prepare(1)
    measured = Measured()
    here: list[Joiner] = []
    try:
        here.append(await join(server.seat(0, 0)))
        await here[0].joined
        here[0].type(update)
        stored = await _until_stored(server, here, len(update) // 2)
        if await yjs.look(task.node, [stored]) != await yjs.look(task.node, [update]):
            measured.notes.append("the document that joiners got differs from the recorded session")
        await _wave(server, shape.at_once, here)
        task.say(f"joining ({describe(server.serving())})")
        with undisturbed():
            interval = Interval(server)
            waits = []
            for _ in range(shape.clients // shape.at_once):
                waits += await _wave(server, shape.at_once, here)
            cpu = interval.end(measured)
        measured.metrics |= {
            "cpu_ms_per_join": cpu / len(waits) * 1e3,
            "p50_ms": percentile(waits, 0.50) * 1e3,
            "p99_ms": percentile(waits, 0.99) * 1e3,
            "joins": len(waits),
            "state_kb": len(stored) / 1e3,
        }
    finally:
        for joiner in here:
            joiner.transport.abort()
    return measured


async def _wave(server: Server, count: int, here: list[Joiner]) -> list[float]:
    async with asyncio.timeout(WAVE_SECONDS):
        joiners = await asyncio.gather(*(join(server.seat(0, client)) for client in range(count)))
        here += joiners
        joined = await asyncio.gather(*(joiner.joined for joiner in joiners))
    if len({len(state) for _, state in joined}) != 1:
        raise AssertionError("joiners of one wave got states of different lengths")
    return [seconds for seconds, _ in joined]


async def _until_stored(server: Server, here: list[Joiner], least: int) -> bytes:
    """Joins until the server has the whole document, and returns what it sends."""
    for _ in range(PUT_TRIES):
        here.append(await join(server.seat(0, 0)))
        _, state = await here[-1].joined
        if len(state) >= least:
            return state
        await asyncio.sleep(PUT_PAUSE)
    raise TimeoutError("the server did not take the document")
