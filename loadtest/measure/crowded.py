"""A crowd in its rooms, for as long as a measurement of it lasts. Called by the measurements beside it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from loadtest.crowd import Crowd
from loadtest.measure import Measured, Task, describe
from loadtest.servers import Server
from loadtest.shapes import Shape


@asynccontextmanager
async def crowded(
    server: Server, shape: Shape, task: Task, doing: str, *, acknowledged: bool = False
) -> AsyncIterator[tuple[Crowd, Measured]]:
    """All clients of the shape, connected, and a place for what is measured; says what they are `doing` now."""
    await server.prepare(shape.rooms)
    crowd = Crowd(server, shape.rooms, shape.clients)
    try:
        await crowd.open(acknowledged=acknowledged)
        task.say(f"{doing} ({describe(server.serving())})")
        yield crowd, Measured()
    finally:
        await crowd.close()
