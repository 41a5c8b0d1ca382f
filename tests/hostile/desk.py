"""A gateway's sockets in memory: real sessions, connections and documents; transports, clock and tokens are ours."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

from gateway.access import Access, Denied, Gate
from gateway.access_watch import AccessWatch
from gateway.paths import Paths
from gateway.sockets.collab import CollabSession
from gateway.sockets.connection import Connection
from gateway.sockets.frames import CLOSE
from gateway.sockets.hall import Hall
from gateway.sockets.hocuspocus import HocuspocusSession
from gateway.sockets.wheel import Wheel
from schemas.close_codes import CloseCode
from schemas.documents import DocumentName, document_name
from schemas.ids import new_id
from schemas.roles import Role
from tests.hostile.test_frames import frame
from tests.rooms.twins import Process, processes
from tests.support.waiting import wait_until

PROJECT = UUID(int=1)
USER = UUID(int=2)


class Transport:
    """A socket whose other end reads only when it is told to."""

    def __init__(self) -> None:
        self.protocol: Connection | None = None
        self.written = bytearray()
        self.unread = 0
        self.is_read = True
        self.high = 0
        self.reading = True
        self.aborted = self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data
        if not self.is_read:
            before, self.unread = self.unread, self.unread + len(data)
            if before <= self.high < self.unread and self.protocol is not None:
                self.protocol.pause_writing()

    def read_on(self) -> None:
        """The other end reads again, all of it."""
        self.is_read = True
        full, self.unread = self.unread > self.high, 0
        if full and self.protocol is not None:
            self.protocol.resume_writing()

    def set_write_buffer_limits(self, high: int, low: int) -> None:
        self.high = high

    def get_write_buffer_size(self) -> int:
        return self.unread

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed or self.aborted

    def frames(self) -> list[tuple[int, bytes]]:
        """All frames so far: opcode and payload."""
        data, at, seen = bytes(self.written), 0, []
        while at < len(data):
            size, body = data[at + 1], at + 2
            if size == 126:
                size, body = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif size == 127:
                size, body = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            seen.append((data[at] & 0x0F, data[body : body + size]))
            at = body + size
        return seen

    @property
    def messages(self) -> list[bytes]:
        """The binary ones."""
        return [payload for opcode, payload in self.frames() if opcode == 2]

    @property
    def close_code(self) -> int | None:
        """With which the server closed."""
        codes = [int.from_bytes(payload[:2], "big") for opcode, payload in self.frames() if opcode == CLOSE]
        return codes[0] if codes else None


class Clock(Wheel):
    """A wheel whose time stands still until it is moved."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.time = 0.0
        self.calls: list[tuple[float, Callable[[], None]]] = []

    def now(self) -> float:
        return self.time

    def later(self, seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        self.calls.append((seconds, call))
        return cast(asyncio.TimerHandle, None)


class Tokens:
    """Any token opens every project to an editor, except those that begin with `bad`; each path is its own document."""

    lives = 3600.0

    async def authorise(self, token: str, project_id: str) -> Access:
        if token.startswith("bad"):
            raise Denied(CloseCode.UNAUTHENTICATED, "not a token")
        return Access(USER, new_id(), UUID(project_id), Role.EDITOR, "", time.time() + self.lives)

    async def document_at(self, access: Access, name: DocumentName) -> DocumentName:
        return name

    def forget_everything(self) -> None:
        """There is nothing to forget."""

    async def none_gone(self, documents: Collection[DocumentName]) -> set[DocumentName]:
        return set()


class Desk:
    """The sockets of one process."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.tokens = Tokens()
        self.clock = Clock(asyncio.get_running_loop())
        gate = cast(Gate, self.tokens)
        paths = cast(Paths, self.tokens)
        watch = AccessWatch(gate, paths, self.tokens.none_gone)
        self.hall = Hall(gate, paths, watch, process.documents, self.clock, process.figures)

    def connect(self, address: str = "1.2.3.4") -> tuple[Transport, Connection]:
        """A Hocuspocus connection."""
        transport, connection = self._connection()
        connection.session = HocuspocusSession(connection, self.hall, address)
        self.hall.admit(connection, address)
        return transport, connection

    async def collab(self, path: str = "main", *, acks: bool = False) -> tuple[Transport, Connection]:
        """A y-websocket connection in its document."""
        transport, connection = self._connection()
        session = connection.session = CollabSession(connection, self.hall, acks=acks, address="1.2.3.4")
        if self.hall.admit(connection, "1.2.3.4"):
            await session.begin("token", document_name(str(PROJECT), path), b"")
        return transport, connection

    def _connection(self) -> tuple[Transport, Connection]:
        transport = Transport()
        connection = Connection(
            cast(asyncio.Transport, transport), self.clock, self.process.figures, self.hall.gathered
        )
        transport.protocol = connection
        return transport, connection


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    """One process' sockets, on a log of their own."""
    async with processes(1) as (_, (process,)):
        made = Desk(process)
        yield made
        for connection in list(made.hall.connections):
            connection.connection_lost(None)


def say(connection: Connection, payload: bytes) -> None:
    """The client sends one message."""
    connection.data_received(frame(payload, mask=bytes(4)))


async def settled(condition: Callable[[], Any], what: str) -> None:
    """A few turns of the loop."""
    await wait_until(condition, what)
