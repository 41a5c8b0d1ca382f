"""The bytes that all connections of a process have gathered of messages that are not dealt with yet: two budgets.

A connection may gather one message of FRAME_MAX, and thousands of connections may do so at the same time. Where all of
them together have too much, the one that has gathered for longest gives way: an honest client sends its message in
some seconds, one that only wants to fill the memory never ends.

    FrameReader, early frames ──gathers──► GATHERED_MAX ──passed──► give_way() of the oldest
    complete large updates ────works─────► AT_WORK_MAX  ──passed──► Crowded
"""

from typing import Protocol

from gateway.sockets.limits import AT_WORK_MAX, GATHERED_LEAST, GATHERED_MAX
from rooms.errors import Crowded


class Gatherer(Protocol):
    """A connection."""

    def give_way(self) -> None:
        """Others need the room: forget what was gathered, and close."""


class Gathered:
    """One per process."""

    def __init__(self) -> None:
        self.waiting = 0
        """Bytes of what is not complete, or waits for a token."""
        self.working = 0
        """Bytes of what is complete, and is being merged or waits for its turn."""
        self._gatherers: dict[Gatherer, int] = {}
        """Who has how much of what waits; who began first is first."""

    def gathers(self, who: Gatherer, size: int) -> bool:
        """`who` has so many bytes now that wait; whether that is enough to count."""
        before = self._gatherers.get(who, 0)
        if size <= GATHERED_LEAST:
            self._gatherers.pop(who, None)
            self.waiting -= before
            return False
        self._gatherers[who] = size
        self.waiting += size - before
        while self.waiting > GATHERED_MAX:
            oldest = next(iter(self._gatherers))
            self.waiting -= self._gatherers.pop(oldest)
            oldest.give_way()
        return who in self._gatherers

    def check(self, size: int) -> None:
        """Whether a message of so many bytes may be worked on; raises Crowded."""
        if self.working + size > AT_WORK_MAX:
            raise Crowded("too much is being merged at once; come back in a moment")

    def works(self, size: int) -> None:
        """So many bytes more are being worked on; fewer where negative."""
        self.working += size
