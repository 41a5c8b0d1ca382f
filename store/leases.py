"""Whose turn it is to change a document as a whole, among all gateways. Plugged into rooms/texts.py.

    take ──SET NX──► mine: work, commit ──► give back
                 └─► somebody's: look again in a moment

Edits merge and need no turn. But two who restore the same version at the same moment would both insert what is missing.
"""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

import structlog
from redis.asyncio import Redis

from schemas.documents import DocumentName, named
from store import keys
from store.errors import StoreUnavailable
from store.limits import LEASE_LOOK, LEASE_MARGIN, LEASE_SECONDS, LEASE_WAIT
from store.redis import Script

logger = structlog.get_logger("store")


class Leases:
    """One per process."""

    def __init__(self, redis: Redis) -> None:
        self._script = Script(redis, "lease")
        self._locks: WeakValueDictionary[DocumentName, asyncio.Lock] = WeakValueDictionary()
        """Within the process one waits in line, and only the first of the line asks Redis."""

    @asynccontextmanager
    async def lease(self, name: DocumentName) -> AsyncIterator[Callable[[], None]]:
        """Waits for the turn. What it gives raises StoreUnavailable when the turn is nearly over: then change nothing.

        Raises StoreUnavailable also when the turn does not come in time.
        """
        lock = self._locks.get(name)
        if lock is None:
            lock = self._locks[name] = asyncio.Lock()
        async with lock:
            token = os.urandom(16)
            ends = await self._take(name, token)

            def check() -> None:
                if time.monotonic() > ends - LEASE_MARGIN:
                    raise StoreUnavailable("Redis", "the turn to change this document was over too early")

            try:
                yield check
            finally:
                try:
                    await self._script([keys.lease(name)], [token, 0])
                except StoreUnavailable as error:
                    # What was done is done; the turn ends by itself.
                    logger.warning("turn not given back", **named(name), reason=str(error))

    async def _take(self, name: DocumentName, token: bytes) -> float:
        began = time.monotonic()
        while True:
            asked = time.monotonic()
            if await self._script([keys.lease(name)], [token, int(LEASE_SECONDS * 1000)]):
                return asked + LEASE_SECONDS
            if asked - began > LEASE_WAIT:
                raise StoreUnavailable("Redis", "others are changing this document; try again")
            await asyncio.sleep(LEASE_LOOK * random.uniform(0.5, 1.5))
