"""What clients may keep busy for as long as they like: so much at once, and of it so much by one of them.

Uploads wait for their sender, archives that are sent for their reader. Whoever trickles takes their own turns, and
nobody else's. One in gateway/parts.py; used by spool.py and routes/archive.py.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from aiohttp import web

from gateway.rates import network_of

RETRY_AFTER: Final = "5"
"""Seconds, told to whoever comes at the wrong moment."""

_Key = tuple[str, object]
"""What is counted: a kind, and an address, a user or None for all."""


@dataclass(frozen=True, slots=True)
class Bound:
    """How many of a kind there are at once: of one user, from one address, in this process."""

    what: str
    by_user: int
    by_address: int
    at_once: int


class Turns:
    """Those that are under way."""

    def __init__(self) -> None:
        self._running: Counter[_Key] = Counter()

    @contextmanager
    def turn(self, bound: Bound, address: str, user: UUID | None) -> Iterator[None]:
        """One more, until the end of the `with`. Raises 429 past one's own, 503 past all: nobody waits in a queue."""
        mine: list[tuple[_Key, int, str]] = [((bound.what, network_of(address)), bound.by_address, "from your address")]
        if user is not None:
            mine.append(((bound.what, user), bound.by_user, "by you"))
        headers = {"Retry-After": RETRY_AFTER}
        for key, most, whose in mine:
            if self._running[key] >= most:
                raise web.HTTPTooManyRequests(text=f"{most} {bound.what} at once {whose}; end one", headers=headers)
        everybody: _Key = (bound.what, None)
        if self._running[everybody] >= bound.at_once:
            raise web.HTTPServiceUnavailable(text=f"there are {bound.at_once} {bound.what}; come back", headers=headers)
        keys = [everybody, *(key for key, _, _ in mine)]
        self._running.update(keys)
        try:
            yield
        finally:
            self._running.subtract(keys)
            for key in keys:
                if not self._running[key]:
                    del self._running[key]

    def running(self, bound: Bound) -> int:
        """Of all clients."""
        return self._running[bound.what, None]
