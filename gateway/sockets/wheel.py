"""One timer for all connections of a process: a wheel that turns a step at a time.

A timer per socket would cost more memory and CPU than all that an idle socket needs otherwise. Its steps are short, so
that what thousands of sockets are sent together does not hold up those who type.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from gateway.sockets.limits import ECHO, TICK, WHEEL_STEP


class Ticked(Protocol):
    """A connection."""

    id: int

    def tick(self, now: float) -> None: ...


class Echoing(Protocol):
    """A session that has something to say that need not be said at once."""

    def echo(self) -> None: ...


class Wheel:
    """One per process; `run` is its task."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._at = 0
        """Steps so far."""
        self._ticked: list[set[Ticked]] = [set() for _ in range(round(TICK / WHEEL_STEP))]
        self._echoing: list[list[Echoing]] = [[] for _ in range(round(ECHO / WHEEL_STEP))]
        self._soon: set[Echoing] = set()
        """Who is in `_echoing`, and still wants to be."""

    def now(self) -> float:
        """The loop's clock, in seconds."""
        return self._loop.time()

    def later(self, seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        """Call once, after so many seconds."""
        return self._loop.call_later(seconds, call)

    def add(self, connection: Ticked) -> None:
        """Tick this connection from now on."""
        self._ticked[connection.id % len(self._ticked)].add(connection)

    def remove(self, connection: Ticked) -> None:
        """No more."""
        self._ticked[connection.id % len(self._ticked)].discard(connection)

    def soon(self, session: Echoing) -> None:
        """Call `echo` once, about a second from now."""
        if session not in self._soon:
            self._soon.add(session)
            self._echoing[self._at % len(self._echoing)].append(session)

    def forget(self, session: Echoing) -> None:
        """No more echo."""
        self._soon.discard(session)

    async def run(self) -> None:
        """Turn for ever; cancel to stop."""
        while True:
            await asyncio.sleep(WHEEL_STEP)
            self._at += 1
            self._echo()
            now = self.now()
            for connection in list(self._ticked[self._at % len(self._ticked)]):
                connection.tick(now)

    def _echo(self) -> None:
        slot = self._at % len(self._echoing)
        due, self._echoing[slot] = self._echoing[slot], []
        for session in due:
            if session in self._soon:
                self._soon.discard(session)
                session.echo()
