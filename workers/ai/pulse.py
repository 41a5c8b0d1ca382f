"""Whether the others still believe that this worker lives. Beaten by rounds.py; asked before anything is written.

A worker without a sign of life for ALIVE_SECONDS is dead to the others, who end its streams. It may only have been
frozen, or cut off: then what it says would come behind the end of its streams, unless it first looks whether they are
still its own.
"""

import time
from collections.abc import Callable

from store.errors import StoreUnavailable
from store.stream_queue import ALIVE_SECONDS


class Pulse:
    """One per worker."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last = now()

    @property
    def is_steady(self) -> bool:
        """Whether the last sign of life still counts."""
        return self._now() - self._last < ALIVE_SECONDS

    def beat(self, since: float) -> None:
        """A sign of life was sent, not before `since`; and what runs here is this worker's own."""
        self._last = since

    def check(self) -> None:
        """Raises StoreUnavailable while the others may take this worker for dead: try again."""
        if not self.is_steady:
            raise StoreUnavailable("Redis", "it heard no sign of life of this worker for a while")
