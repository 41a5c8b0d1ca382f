"""How many archives a process reads and writes at the same time. One in gateway/parts.py."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

READING: Final = "read"
WRITING: Final = "written"
AT_ONCE: Final[Mapping[str, int]] = {READING: 2, WRITING: 16}
"""Reading keeps a core busy and has 200 MB on the disk; writing waits for its client most of the time."""
RETRY_AFTER: Final = "5"
"""Seconds, told to whoever comes at the wrong moment."""


class ArchiveTurns:
    """Those that are under way."""

    def __init__(self) -> None:
        self._running: Counter[str] = Counter()

    @asynccontextmanager
    async def turn(self, what: str) -> AsyncIterator[None]:
        """One more, until the end of the `async with`. Raises 503 where there are too many: nobody waits in a queue."""
        if self._running[what] >= AT_ONCE[what]:
            headers = {"Retry-After": RETRY_AFTER}
            raise web.HTTPServiceUnavailable(text=f"other archives are being {what}; come back soon", headers=headers)
        self._running[what] += 1
        try:
            yield
        finally:
            self._running[what] -= 1
