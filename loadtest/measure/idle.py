"""Connections that do nothing: memory per connection, after they settled.

    prepare ──► stop, start ──► a handful connects ──► before ──► first half connects ──► half ──► the rest ──► after

The server is started again once its rooms exist: making 800 projects over REST leaves freed memory in the process,
which the connections would then fill without making it grow. The handful makes it allocate what it allocates once.
What start and handful freed can still hide some of the first connections; so the growth by the second half alone is
told beside the growth by all.
"""

import asyncio
from collections.abc import Mapping

from loadtest import usage
from loadtest.crowd import Crowd
from loadtest.measure import Measured, Task, describe
from loadtest.servers import Server
from loadtest.shapes import Shape

#: Connections that stay open from before the first look at memory.
HANDFUL = 10


async def measure(server: Server, shape: Shape, task: Task) -> Measured:
    await server.prepare(1 + shape.rooms)
    await server.stop()
    await server.start()
    handful = Crowd(server, 1, HANDFUL)
    middle = 1 + shape.rooms // 2
    half, rest = Crowd(server, middle, shape.clients), Crowd(server, 1 + shape.rooms, shape.clients)
    measured = Measured()
    try:
        await handful.open()
        await asyncio.sleep(shape.warmup)
        before = usage.memory(server.serving())
        task.say(f"opening {shape.rooms * shape.clients} connections ({describe(server.serving())})")
        await half.open(first_room=1)
        await asyncio.sleep(shape.seconds)
        between = usage.memory(server.serving())
        await rest.open(first_room=middle)
        await asyncio.sleep(shape.seconds)
        after = usage.memory(server.serving())
        measured.notes += sorted({*half.gone(), *rest.gone()})[:3]
        count = shape.rooms * shape.clients
        measured.metrics |= {f"kb_{name}": _kilobytes({name: after[name]}, before) / count for name in after}
        measured.metrics |= {
            "kb_per_connection": _kilobytes(after, before) / count,
            "kb_second_half": _kilobytes(after, between) / len(rest.receivers),
            "connections": len(half.receivers) + len(rest.receivers),
        }
    finally:
        for crowd in (handful, half, rest):
            await crowd.close()
    return measured


def _kilobytes(after: Mapping[str, int], before: Mapping[str, int]) -> float:
    return sum(after[name] - before[name] for name in after) / 1e3
