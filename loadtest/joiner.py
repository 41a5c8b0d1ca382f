"""A client that opens a large document, keeps the time until it has all of it, and does not read it. Used by
measure/joins and measure/opens.
"""

import asyncio
import sys
from time import perf_counter
from typing import cast

from loadtest import frames
from loadtest.connection import Seat
from loadtest.dialects import Matter


class Joiner(asyncio.Protocol):
    """`joined` resolves to (seconds from opening the socket to the last byte of step 2, the state as an update);
    `durable` when everything that was typed is, if the seat asks for acknowledgements.
    """

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self.joined: asyncio.Future[tuple[float, bytes]] = asyncio.get_running_loop().create_future()
        self.durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport
        self._sent = 0
        self._typed = sys.maxsize
        self._begin = perf_counter()
        self._buffer = bytearray()
        self._wanted = 0
        self._upgraded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's transports are none by inheritance
        self.transport.write(frames.upgrade_request(self.seat.host, self.seat.port, self.seat.target))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) < self._wanted:
            return
        received = bytes(self._buffer)
        if not self._upgraded:
            rest = frames.split_upgrade(received)
            if rest is None:
                return
            self._upgraded, received = True, rest
            for payload in self.seat.dialect.hello(self.seat.document, self.seat.token):
                self.transport.write(frames.mask(payload))
        found, tail = frames.split(received)
        self._buffer = bytearray(tail)
        self._wanted = frames.announced(tail)
        for frame in found:
            self._look(frame)

    def connection_lost(self, exc: Exception | None) -> None:
        for waited in (self.joined, self.durable):
            if not waited.done():
                waited.set_exception(exc or frames.WireError("the server closed the connection"))
                waited.exception()  # looked at by whoever waits; if nobody does, it is not worth a warning

    def _look(self, frame: frames.Frame) -> None:
        dialect = self.seat.dialect
        if frame.opcode == frames.PING:
            self.transport.write(frames.mask(frame.payload, frames.PONG))
        if frame.opcode == frames.CLOSE:
            self.connection_lost(frames.WireError(f"closed: {frame.payload!r}"))
        if frame.opcode != frames.BINARY:
            return
        state = dialect.state(frame.payload)
        if state is not None:
            if not self.joined.done():
                self.joined.set_result((perf_counter() - self._begin, state))
            return
        heard = dialect.hear(frame.payload, edits=False)
        if heard.matter is Matter.ASKED:
            self._send(dialect.sync_reply(self.seat.document))
        elif heard.matter is Matter.REFUSED:
            self.connection_lost(frames.WireError(heard.reason))
        elif heard.durable is not None and heard.durable >= self._typed and not self.durable.done():
            self.durable.set_result(None)

    def type(self, update: bytes) -> None:
        """Sends a whole document as one update; once."""
        self._send(self.seat.dialect.update(self.seat.document, update))
        self._typed = self._sent

    def _send(self, message: bytes) -> None:
        self._sent += 1
        self.transport.write(frames.mask(message))


async def join(seat: Seat) -> Joiner:
    """Opens the socket; wait for `.joined` next. Raises OSError."""
    _, joiner = await asyncio.get_running_loop().create_connection(lambda: Joiner(seat), seat.host, seat.port)
    return joiner
