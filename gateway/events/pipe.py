"""Writes to the connection of a response that has begun, from outside of its task. Used by sse.py.

One answer that 200 read is 200 writes a moment: what wakes a task for each costs several times as much.
"""

import asyncio
from typing import Final, Self

from aiohttp import HttpVersion11, web

DRAIN_BYTES: Final = 64 << 10
"""That may still wait for the client when a connection counts as drained."""
LOOK_SECONDS: Final = 0.05
"""Between two looks at a connection whose client reads slowly."""


class Pipe:
    """One per response, which must be neither compressed nor of a known length."""

    def __init__(self, transport: asyncio.WriteTransport, *, chunked: bool) -> None:
        self._transport = transport
        self._chunked = chunked

    @classmethod
    def of(cls, request: web.Request) -> Self | None:
        """To who asked; None where they are gone."""
        if request.transport is None:
            return None
        return cls(request.transport, chunked=request.version >= HttpVersion11)

    @property
    def waiting(self) -> int:
        """Bytes that wait for the client."""
        return self._transport.get_write_buffer_size()

    def write(self, data: bytes) -> bool:
        """At once; False where the client is gone."""
        if self._transport.is_closing():
            return False
        if self._chunked:
            self._transport.writelines((b"%x\r\n" % len(data), data, b"\r\n"))  # RFC 9112, 7.1
        else:
            self._transport.write(data)
        return True

    async def drained(self) -> None:
        """Returns when little waits for the client. Raises ConnectionResetError when they are gone."""
        while not self._transport.is_closing():
            if self.waiting <= DRAIN_BYTES:
                return
            await asyncio.sleep(LOOK_SECONDS)
        raise ConnectionResetError("the client is gone")
