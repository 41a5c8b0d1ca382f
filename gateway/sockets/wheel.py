"""One timer for all connections of a process: a wheel of as many slots as a tick has seconds.

A timer per socket would cost more memory and CPU than all that an idle socket needs otherwise.
"""

import asyncio
from collections.abc import Callable
from itertools import cycle
from typing import Protocol

from gateway.sockets.limits import ECHO, TICK


class Ticked(Protocol):
    """A connection."""

    def tick(self, now: float) -> None: ...


class Echoing(Protocol):
    """A session that has something to say that need not be said at once."""

    def echo(self) -> None: ...


class Wheel:
    """One per process; `run` is its task."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._slots: list[set[Ticked]] = [set() for _ in range(round(TICK / ECHO))]
        self._next = cycle(range(len(self._slots)))
        self._soon: set[Echoing] = set()

    def now(self) -> float:
        """The loop's clock, in seconds."""
        return self._loop.time()

    def later(self, seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        """Call once, after so many seconds."""
        return self._loop.call_later(seconds, call)

    def add(self, connection: Ticked) -> None:
        """Tick this connection from now on."""
        min(self._slots, key=len).add(connection)

    def remove(self, connection: Ticked) -> None:
        """No more."""
        for slot in self._slots:
            slot.discard(connection)

    def soon(self, session: Echoing) -> None:
        """Call `echo` once, within a second."""
        self._soon.add(session)

    def forget(self, session: Echoing) -> None:
        """No more echo."""
        self._soon.discard(session)

    async def run(self) -> None:
        """Turn for ever; cancel to stop."""
        while True:
            await asyncio.sleep(ECHO)
            soon, self._soon = self._soon, set()
            for session in soon:
                session.echo()
            now = self.now()
            for connection in list(self._slots[next(self._next)]):
                connection.tick(now)
