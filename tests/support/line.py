"""A socket that comes back by itself, as a stock client's does, and the raw clients that talk over it.

    connect ──► each client begins ──► frames to and fro ──► lost, 1012, 1013, 1006
       ▲                                                        │
       └──────────────────────── pause ◄────────────────────────┘

y-websocket has one client on a line, Hocuspocus up to one for each document. Used by tests/support/raw_client.py.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

import aiohttp
from yarl import URL

from tests.support.dialects import PING, PONG, unpack

PAUSE_FIRST, PAUSE_MOST = 0.05, 0.5  # seconds between attempts to connect
GREETING = 10.0  # seconds until the server must have accepted a connection; then the next address is tried


class Talker(Protocol):
    """A client on a line."""

    @property
    def address(self) -> bytes:
        """What its messages name first."""

    def begin(self, send: Callable[[bytes], None]) -> None:
        """The line is connected; `send` takes frames and never blocks."""

    def hear(self, body: bytes) -> None:
        """The server said this to the client."""

    def cut(self) -> None:
        """The connection is over."""

    def closed(self, code: int | None) -> None:
        """That was its close code."""


class Line:
    """One connection at a time, for as long as the `async with` lasts, through `urls`: each is used until it fails."""

    def __init__(self, http: aiohttp.ClientSession, urls: Sequence[str]) -> None:
        self.reading = asyncio.Event()
        """Clear it and nobody reads the socket any more."""
        self.reading.set()
        self._http = http
        self._urls = deque(urls)
        self._clients: dict[bytes, Talker] = {}
        self._outbox: asyncio.Queue[bytes] | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._stay_connected(), name=f"line to {self.url}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    @property
    def url(self) -> str:
        """The address that it is connected to, or tries next."""
        return self._urls[0]

    def add(self, client: Talker) -> None:
        """One more client; it begins at once where the line is connected."""
        self._clients[client.address] = client
        if self._outbox is not None:
            client.begin(self._outbox.put_nowait)

    def remove(self, client: Talker) -> None:
        """What the server still says to it is passed over."""
        del self._clients[client.address]

    async def _stay_connected(self) -> None:
        pause = PAUSE_FIRST
        while True:
            came_in = False
            try:
                async with asyncio.timeout(GREETING):
                    socket = await self._http.ws_connect(URL(self._urls[0], encoded=True), max_msg_size=0)
                try:
                    came_in = await self._converse(socket)
                finally:
                    self._outbox = None
                    for client in self._clients.values():
                        client.cut()
                    await socket.close()
                    for client in self._clients.values():
                        client.closed(socket.close_code)
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass  # the gateway is away, or went while we spoke: that is what these tests do
            self._urls.rotate(-1)
            pause = PAUSE_FIRST if came_in else min(PAUSE_MOST, pause * 2)
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))

    async def _converse(self, socket: aiohttp.ClientWebSocketResponse) -> bool:
        """Until the connection ends; whether the server said anything."""
        outbox = self._outbox = asyncio.Queue()
        sender = asyncio.create_task(self._send(socket, outbox))
        for client in self._clients.values():
            client.begin(outbox.put_nowait)
        heard = False
        try:
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.BINARY:
                    break
                heard = True
                self._receive(message.data, outbox)
                await self.reading.wait()
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)  # unlike `suppress` it lets our own end through
        return heard

    @staticmethod
    async def _send(socket: aiohttp.ClientWebSocketResponse, outbox: asyncio.Queue[bytes]) -> None:
        while True:
            await socket.send_bytes(await outbox.get())

    def _receive(self, frame: bytes, outbox: asyncio.Queue[bytes]) -> None:
        if (alone := self._clients.get(b"")) is not None:
            alone.hear(frame)
        elif frame == PING:
            outbox.put_nowait(PONG)
        else:
            address, body = unpack(frame)
            if (client := self._clients.get(address)) is not None:
                client.hear(body)
