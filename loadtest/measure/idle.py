"""Connections that do nothing: memory per connection, after they settled.

The server is started again once its rooms exist: making 800 projects over REST leaves freed memory in the process,
which the connections would then fill without making it grow.
"""

import asyncio

from loadtest import usage
from loadtest.crowd import Crowd
from loadtest.measure import Measured, Task, describe
from loadtest.servers import Server
from loadtest.shapes import Shape

#: Descriptors beyond one per connection, at both ends: files, pipes, the servers' own.
SPARE_FILES = 512
#: Connections of a first crowd that makes the server allocate what it allocates once.
FIRST_CROWD = 50


async def measure(server: Server, shape: Shape, task: Task) -> Measured:
    await server.prepare(shape.rooms + 1)
    await server.stop()
    await server.start()
    measured = Measured()
    first = Crowd(server, 1, FIRST_CROWD)
    crowd = Crowd(server, shape.rooms + 1, shape.clients)
    try:
        await first.open()
        await asyncio.sleep(shape.warmup)
        before = usage.memory(server.serving())
        task.say(f"opening {shape.rooms * shape.clients} connections ({describe(server.serving())})")
        await crowd.open(first_room=1)
        await asyncio.sleep(shape.seconds)
        after = usage.memory(server.serving())
        grown = {name: (after[name] - before[name]) / 1e3 for name in after}
        count = shape.rooms * shape.clients
        measured.notes += sorted(set(crowd.gone()))[:3]
        measured.metrics |= {f"kb_{name}": kilobytes / count for name, kilobytes in grown.items()}
        measured.metrics |= {"kb_per_connection": sum(grown.values()) / count, "connections": count}
    finally:
        await first.close()
        await crowd.close()
    return measured
