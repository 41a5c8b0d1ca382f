"""Bytes of a request on their way to where they are kept: counted, hashed, in a temporary file. Used by the routes that
take files and archives.

    async with spooled(request, most) as spool:  ──►  spool.file, spool.size, spool.hash
"""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO, Final

from aiohttp import web

from gateway.bodies import BadBody
from store import blobs
from store.limits import CHUNK_BYTES
from store.postgres import Postgres

IN_MEMORY: Final = 256 << 10
"""Bytes that wait in memory; more go to the disk. A hundred uploads at once hold 25 MB."""


@dataclass(frozen=True, slots=True)
class Spool:
    """All that came. The file stands at its beginning."""

    file: IO[bytes]
    size: int
    hash: bytes
    """SHA-256."""


@asynccontextmanager
async def spooled(request: web.Request, most: int) -> AsyncIterator[Spool]:
    """The whole body. Raises 413 past `most` bytes, without reading on, and BadBody where it breaks off."""
    if (request.content_length or 0) > most:
        raise web.HTTPRequestEntityTooLarge(most, request.content_length or 0)
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        size, hashed = 0, hashlib.sha256()
        try:
            async for data in request.content.iter_chunked(CHUNK_BYTES):
                size += len(data)
                if size > most:
                    raise web.HTTPRequestEntityTooLarge(most, size)
                await asyncio.to_thread(_take, file, hashed, data)
        except (web.RequestPayloadError, ConnectionError):
            raise BadBody(400, "the body cannot be read to its end") from None
        file.seek(0)
        yield Spool(file, size, hashed.digest())


async def keep(postgres: Postgres, file: IO[bytes], hash: bytes, size: int) -> None:
    """Put bytes where binary files have them, unless they are there. They stay for a day until a file has them."""
    if await blobs.begin(postgres, hash, size):
        return
    number = 0
    while data := await asyncio.to_thread(file.read, CHUNK_BYTES):
        await blobs.put_chunk(postgres, hash, number, data)
        number += 1
    await blobs.finish(postgres, hash)


def _take(file: IO[bytes], hashed: "hashlib._Hash", data: bytes) -> None:
    file.write(data)
    hashed.update(data)
