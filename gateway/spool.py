"""Bytes of a request on their way to where they are kept: counted, hashed, in a temporary file. Used by the routes that
take files and archives.

    async with spools.spooled(request, bound, most, address, user) as spool:  ──►  spool.file, spool.size, spool.hash

A body comes as slowly as its sender likes: whoever spools holds nothing else meanwhile.
"""

import asyncio
import hashlib
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO, Final
from uuid import UUID

from aiohttp import web

from gateway.bodies import BadBody
from gateway.turns import RETRY_AFTER, Bound, Turns
from store import blobs
from store.limits import CHUNK_BYTES
from store.postgres import Postgres

IN_MEMORY: Final = 256 << 10
"""Bytes that wait in memory; more go to the disk. A hundred uploads at once hold 25 MB."""
SPOOL_BYTES: Final = 4 << 30
"""Of all bodies together, nearly all of it on the disk: twenty of the largest archives. Answer: 503."""
SPOOL_SECONDS: Final = 3600.0
"""For one body: the largest archive at half a Mbit/s. Answer: 408."""
UPLOADS: Final = Bound("files being sent here", by_user=16, by_address=64, at_once=256)
"""Binary files; archives have their own. Sync tools send some at once. Answer: 429, 503."""


@dataclass(frozen=True, slots=True)
class Spool:
    """All that came. The file stands at its beginning."""

    file: IO[bytes]
    size: int
    hash: bytes
    """SHA-256."""


class _Taken:
    """What came of one body so far."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = 0
        self.hashed = hashlib.sha256()

    def add(self, data: bytes) -> None:
        """Blocks; called in threads."""
        self._file.write(data)
        self.hashed.update(data)


class Spools:
    """All bodies of a process that are on their way. One in gateway/parts.py."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._bytes = 0

    @asynccontextmanager
    async def spooled(
        self, request: web.Request, bound: Bound, most: int, address: str, user: UUID
    ) -> AsyncIterator[Spool]:
        """The whole body. Raises 413 past `most` bytes, without reading on, 408 where it takes too long, 429 and 503
        where there are too many, and BadBody where it breaks off."""
        if (request.content_length or 0) > most:
            raise web.HTTPRequestEntityTooLarge(most, request.content_length or 0)
        with self._turns.turn(bound, address, user), tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
            taken = _Taken(file)
            try:
                await self._take(request, most, taken)
                file.seek(0)
                yield Spool(file, taken.size, taken.hashed.digest())
            finally:
                self._bytes -= taken.size

    async def _take(self, request: web.Request, most: int, taken: "_Taken") -> None:
        deadline = time.monotonic() + SPOOL_SECONDS
        try:
            async for data in request.content.iter_chunked(CHUNK_BYTES):
                taken.size += len(data)
                self._bytes += len(data)
                self._check(taken.size, most, deadline)
                await asyncio.to_thread(taken.add, data)
        except (web.RequestPayloadError, ConnectionError):
            raise BadBody(400, "the body cannot be read to its end") from None

    def _check(self, size: int, most: int, deadline: float) -> None:
        if size > most:
            raise web.HTTPRequestEntityTooLarge(most, size)
        if self._bytes > SPOOL_BYTES:
            headers = {"Retry-After": RETRY_AFTER}
            raise web.HTTPServiceUnavailable(text="too much is being sent here; come back", headers=headers)
        if time.monotonic() > deadline:
            raise web.HTTPRequestTimeout(text=f"a body has {SPOOL_SECONDS:.0f} s to come")


async def keep(postgres: Postgres, file: IO[bytes], hash: bytes, size: int) -> None:
    """Put bytes where binary files have them, unless they are there. They stay for a day until a file has them."""
    if await blobs.begin(postgres, hash, size):
        return
    number = 0
    while data := await asyncio.to_thread(file.read, CHUNK_BYTES):
        await blobs.put_chunk(postgres, hash, number, data)
        number += 1
    await blobs.finish(postgres, hash)
