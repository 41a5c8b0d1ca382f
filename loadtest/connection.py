"""One WebSocket client of the load generator: a bare asyncio protocol that notes what arrived and when, and looks at
it later.

Every receiver of a room gets the same bytes. So bytes are read once: `Intake` maps each chunk that a socket delivers
to what was in it, and a delivery costs one look-up, one clock reading and two appends, less than any server spends on
sending it.
"""

import asyncio
from array import array
from dataclasses import dataclass
from time import perf_counter
from typing import NamedTuple, cast

from loadtest import frames
from loadtest.dialects import PONG_PAYLOAD, Dialect, Heard, Matter

#: Chunks remembered. Receivers of one room are at most some milliseconds apart; older chunks are not asked for again.
REMEMBERED_CHUNKS = 8192

_WS_PING = Heard(Matter.PINGED)


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a client sits: the address of a server, the upgrade's target, and the document in its dialect."""

    host: str
    port: int
    target: str
    document: str
    token: str
    dialect: Dialect


class Batch(NamedTuple):
    """What one chunk of bytes held. `tail` is an incomplete last frame; `urgent` are the messages that want an answer
    now.
    """

    heard: tuple[Heard, ...]
    urgent: tuple[Heard, ...]
    tail: bytes
    edits: int


class Intake:
    """Reads each distinct chunk and each distinct frame once, for all connections of one dialect. Knows when the last
    edit arrived.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.edits_at = 0.0
        self.chunks: dict[bytes, Batch] = {}
        self._messages: dict[bytes, Heard] = {}

    def read(self, chunk: bytes) -> Batch:
        found, tail = frames.split(chunk)
        heard = tuple(self._message(frame) for frame in found)
        urgent = tuple(message for message in heard if message.matter is not Matter.NOTHING)
        batch = Batch(heard, urgent, tail, sum(1 for message in heard if message.runs or message.seen))
        if len(self.chunks) >= REMEMBERED_CHUNKS:
            self.chunks.clear()
            self._messages.clear()
        self.chunks[chunk] = batch
        return batch

    def _message(self, frame: frames.Frame) -> Heard:
        match frame.opcode:
            case frames.PING:
                return _WS_PING
            case frames.CLOSE:
                return Heard(Matter.REFUSED, reason=f"closed: {frame.payload[:2].hex()} {frame.payload[2:]!r}")
            case frames.BINARY:
                message = self._messages.get(frame.payload)
                if message is None:
                    message = self._messages[frame.payload] = self.dialect.hear(frame.payload)
                return message
            case _:
                return Heard()


class Connection(asyncio.Protocol):
    """A client in its seat. `times[i]` (perf_counter seconds) is when `batches[i]` arrived."""

    __slots__ = ("_intake", "_tail", "_upgraded", "batches", "failure", "gone", "seat", "synced", "times", "transport")

    def __init__(self, seat: Seat, intake: Intake) -> None:
        self.seat = seat
        self.synced: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.failure = ""
        self.times = array("d")
        self.batches: list[Batch] = []
        self.transport: asyncio.Transport
        self._intake = intake
        self._tail = b""
        self._upgraded = False
        self.gone = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's transports are none by inheritance
        seat = self.seat
        self.transport.write(frames.upgrade_request(seat.host, seat.port, seat.target))

    def data_received(self, data: bytes) -> None:
        chunk = self._tail + data if self._tail else data
        if self._upgraded:
            intake = self._intake
            batch = intake.chunks.get(chunk) or intake.read(chunk)
            self._tail = batch.tail
            now = perf_counter()
            self.times.append(now)
            self.batches.append(batch)
            if batch.edits:
                intake.edits_at = now
            if batch.urgent:
                self._answer(batch.urgent)
        else:
            self._upgrade(chunk)

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True
        self._fail(f"the connection ended: {exc!r}" if exc else "the server closed the connection")

    def send_update(self, update: bytes) -> None:
        seat = self.seat
        self._send(seat.dialect.update(seat.document, update))

    def send_presence(self, state: bytes) -> None:
        seat = self.seat
        self._send(seat.dialect.presence(seat.document, state))

    def _send(self, payload: bytes) -> None:
        if (
            not self.gone
        ):  # who is gone is named in the notes of the measurement, and what it would have sent counts as lost
            self.transport.write(frames.mask(payload))

    def close(self) -> None:
        self.failure = self.failure or "closed by the bench"
        self.transport.abort()

    def _upgrade(self, received: bytes) -> None:
        try:
            rest = frames.split_upgrade(received)
        except frames.WireError as error:
            self._fail(str(error))
            self.transport.abort()
            return
        if rest is None:
            self._tail = received
            return
        self._upgraded, self._tail = True, b""
        for payload in self.seat.dialect.hello(self.seat.document, self.seat.token):
            self.transport.write(frames.mask(payload))
        if rest:
            self.data_received(rest)

    def _answer(self, urgent: tuple[Heard, ...]) -> None:
        for message in urgent:
            match message.matter:
                case Matter.ASKED:
                    self.transport.write(frames.mask(self.seat.dialect.sync_reply(self.seat.document)))
                case Matter.SYNCED:
                    if not self.synced.done():
                        self.synced.set_result(None)
                case Matter.PINGED if message is _WS_PING:
                    self.transport.write(frames.mask(b"", frames.PONG))
                case Matter.PINGED:
                    self.transport.write(frames.mask(PONG_PAYLOAD))
                case Matter.REFUSED:
                    self._fail(message.reason)

    def _fail(self, reason: str) -> None:
        self.failure = self.failure or reason
        if not self.synced.done():
            self.synced.set_exception(frames.WireError(reason))
            self.synced.exception()  # looked at by whoever waits; if nobody does, it is not worth a warning


async def connect(seat: Seat, intake: Intake) -> Connection:
    """Opens a connection and waits until it is synced. Raises WireError if the server refuses, OSError if nobody
    listens.
    """
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: Connection(seat, intake), seat.host, seat.port)
    await connection.synced
    return connection
