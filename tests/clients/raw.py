"""A client of bytes, for what stock clients never show: frames as they are, acknowledgements, unusual paths.

Formats: lib0 (variable-length integers), y-protocols (sync messages) and Yjs' update encoding, version 1.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from yarl import URL

from tests.support.lib0 import sized, var_uint

FRAME_SECONDS = 25.0
"""Longer than a server may be silent: clients close after 30 s, and look every 3 s."""

STEP_1 = bytes.fromhex("00 00 01 00")
"""y-websocket's first message: "I have nothing"."""


def text_update(client: int, clock: int, text: str, root: str = "content") -> bytes:
    """A Yjs update with one insertion at the start of a root text; ASCII, so that clocks are its length."""
    item = b"\x04\x01" + sized(root.encode()) + sized(text.encode())  # a string, whose parent is a root type
    return b"\x01\x01" + var_uint(client) + var_uint(clock) + item + b"\x00"


def update_message(update: bytes) -> bytes:
    """y-websocket's frame of an update."""
    return b"\x00\x02" + sized(update)


class RawClient:
    """One WebSocket, frame by frame."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def send(self, frame: bytes) -> None:
        """Send one binary frame."""
        await self._socket.send_bytes(frame)

    def abort(self) -> None:
        """Break the TCP connection without a goodbye."""
        transport = self._socket._response.connection and self._socket._response.connection.transport
        assert transport is not None
        transport.abort()

    async def receive(self, prefix: bytes = b"") -> bytes:
        """The next frame that starts so; others are passed over. AssertionError when the server closes instead."""
        async with asyncio.timeout(FRAME_SECONDS):
            while True:
                message = await self._socket.receive()
                assert message.type is aiohttp.WSMsgType.BINARY, f"closed: {self._socket.close_code} {message.extra}"
                if message.data.startswith(prefix):
                    return bytes(message.data)

    async def closed(self) -> tuple[int | None, str]:
        """Wait until the server closes: code and reason."""
        async with asyncio.timeout(FRAME_SECONDS):
            while True:
                message = await self._socket.receive()
                if message.type is aiohttp.WSMsgType.CLOSE:
                    return message.data, message.extra or ""
                assert message.type is aiohttp.WSMsgType.BINARY, f"ended without a close frame: {message}"


@asynccontextmanager
async def raw_client(url: str) -> AsyncIterator[RawClient]:
    """Connect to the URL exactly as it is written, with its query."""
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(URL(url, encoded=True), max_msg_size=0) as socket,
    ):
        yield RawClient(socket)
