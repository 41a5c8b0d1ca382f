"""How many archives a process looks at and takes at the same time. One in gateway/parts.py."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from gateway.archives.limits import READER_WAIT_SECONDS, READERS

RETRY_AFTER: Final = "30"
"""Seconds, told to whoever waited in vain."""


class Readers:
    """Turns for archives that have come whole: none of them waits for its client any more."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(READERS)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """In the order in which they come. Raises 503 for whoever waited too long."""
        try:
            async with asyncio.timeout(READER_WAIT_SECONDS):
                await self._free.acquire()
        except TimeoutError:
            headers = {"Retry-After": RETRY_AFTER}
            raise web.HTTPServiceUnavailable(text="too many archives are being read", headers=headers) from None
        try:
            yield
        finally:
            self._free.release()
