"""A client of another document, who notices when the server does nothing else for a while. Used by measure/opens.

client → server   89 88 00000000 moment     a ping every two milliseconds, with the moment at which it left
server → client   8a 08 moment              its pong: the longest wait for one is the longest stall

A server's own loop lag, sampled some times a second, misses most short stalls; a neighbour does not.
"""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import cast

from loadtest import frames
from loadtest.connection import Seat

PING_SECONDS = 0.002
#: Seconds within which the neighbour must be let in, and hear again after a stall.
PATIENCE_SECONDS = 60.0
_MOMENT = struct.Struct("!d")


class Neighbour(asyncio.Protocol):
    """Keeps the longest wait for a pong. `heard` resolves once the server has let it in, and then for each `take`."""

    def __init__(self, seat: Seat) -> None:
        self.heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport
        self._seat = seat
        self._buffer = b""
        self._upgraded = False
        self._worst = 0.0
        self._wanted = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's transports are none by inheritance
        self.transport.write(frames.upgrade_request(self._seat.host, self._seat.port, self._seat.target))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._upgraded:
            rest = frames.split_upgrade(self._buffer)
            if rest is None:
                return
            self._upgraded, self._buffer = True, rest
            for payload in self._seat.dialect.hello(self._seat.document, self._seat.token):
                self.transport.write(frames.mask(payload))
            self.heard.set_result(None)
        found, self._buffer = frames.split(self._buffer)
        for frame in found:
            if frame.opcode == frames.PONG:
                self._hear(*_MOMENT.unpack(frame.payload))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.heard.done():
            self.heard.set_exception(exc or frames.WireError("the server closed the neighbour's connection"))

    def ping(self) -> float:
        """Sends a ping and returns its moment."""
        moment = perf_counter()
        self.transport.write(frames.mask(_MOMENT.pack(moment), frames.PING))
        return moment

    async def take(self) -> float:
        """Seconds of the longest wait for a pong since the last call. Raises TimeoutError, WireError or OSError."""
        if self.transport.is_closing():
            raise frames.WireError("the server closed the neighbour's connection")
        self.heard = asyncio.get_running_loop().create_future()
        self._wanted = self.ping()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.heard
        worst, self._worst = self._worst, 0.0
        return worst

    def _hear(self, moment: float) -> None:
        self._worst = max(self._worst, perf_counter() - moment)
        if moment >= self._wanted and not self.heard.done():
            self.heard.set_result(None)


@asynccontextmanager
async def neighbour(seat: Seat) -> AsyncIterator[Neighbour]:
    """A neighbour that has been let in and pings until the end of the block."""
    _, lives = await asyncio.get_running_loop().create_connection(lambda: Neighbour(seat), seat.host, seat.port)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await lives.heard
        pinging = asyncio.create_task(_ping(lives))
        try:
            yield lives
        finally:
            pinging.cancel()
    finally:
        lives.transport.abort()


async def _ping(lives: Neighbour) -> None:
    while not lives.transport.is_closing():
        lives.ping()
        await asyncio.sleep(PING_SECONDS)
