"""A client that keeps to no protocol: bytes over TCP, and what became of the connection."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from rooms.codec.lib0 import read_var_string, read_var_uint, var_bytes, var_string
from tests.hostile.test_frames import frame

SECONDS = 30.0
"""The server's answer is a matter of milliseconds; the machine may be busy."""


class Attacker:
    """One connection, upgraded or not."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Bytes as they are; a connection that is gone already is no failure of the attack."""
        try:
            self.writer.write(data)
            await self.writer.drain()
        except ConnectionError:
            pass

    async def message(self, payload: bytes) -> None:
        """One binary message."""
        await self.send(frame(payload, mask=bytes(4)))

    async def receive(self) -> tuple[int, bytes]:
        """The next frame: opcode and payload."""
        async with asyncio.timeout(SECONDS):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2), "big")
            elif size == 127:
                size = int.from_bytes(await self.reader.readexactly(8), "big")
            return first & 0x0F, await self.reader.readexactly(size)

    async def until(self, prefix: bytes) -> bytes:
        """The next message that begins so."""
        while True:
            opcode, payload = await self.receive()
            assert opcode == 2, f"closed instead: {payload!r}"
            if payload.startswith(prefix):
                return payload

    async def closed(self) -> tuple[int, str]:
        """The code and reason with which the server closes."""
        while True:
            opcode, payload = await self.receive()
            if opcode == 8:
                return int.from_bytes(payload[:2], "big"), payload[2:].decode()

    async def refused(self) -> tuple[int, bytes]:
        """The status and head of an HTTP answer."""
        async with asyncio.timeout(SECONDS):
            head = await self.reader.readuntil(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1]), head


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Attacker]:
    """A TCP connection to a gateway, without a word said."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        yield Attacker(reader, writer)
    finally:
        writer.transport.abort()


def upgrade(url: str, *more: str) -> bytes:
    """An honest request for an upgrade."""
    address = urlsplit(url)
    target = address.path + (f"?{address.query}" if address.query else "")
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: {address.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode(errors="surrogateescape")


@asynccontextmanager
async def upgraded(url: str) -> AsyncIterator[Attacker]:
    """A WebSocket to exactly this URL."""
    async with connected(url) as attacker:
        await attacker.send(upgrade(url))
        status, head = await attacker.refused()
        assert status == 101, head
        yield attacker


class YWebsocket:
    """How an attacker says things in this dialect."""

    def __init__(self, url: str, document: str, token: str) -> None:
        self.url = f"{url}/collab/{document}?token={token}"

    async def enter(self, attacker: Attacker) -> None:
        """Until the server listens: its step 1."""
        await attacker.until(b"\x00\x00")

    def wrap(self, body: bytes) -> bytes:
        """A message."""
        return body


class Hocuspocus:
    """The same in the other dialect."""

    def __init__(self, url: str, document: str, token: str) -> None:
        self.url = f"{url}/hocuspocus"
        self._address = var_string(document)
        self._token = token

    async def enter(self, attacker: Attacker) -> None:
        """Give the token, and wait for the server's step 1."""
        await self.ask(attacker)
        await attacker.until(self._address + b"\x00\x00")

    async def ask(self, attacker: Attacker) -> None:
        """Give the token."""
        await attacker.message(self._address + b"\x02\x00" + var_string(self._token) + var_string("4.8.0"))

    def wrap(self, body: bytes) -> bytes:
        """A message."""
        return self._address + body


Dialect = YWebsocket | Hocuspocus


def update(data: bytes) -> bytes:
    return b"\x00\x02" + var_bytes(data)


def step_2(data: bytes) -> bytes:
    return b"\x00\x01" + var_bytes(data)


def step_1(data: bytes) -> bytes:
    return b"\x00\x00" + var_bytes(data)


def awareness(data: bytes) -> bytes:
    return b"\x01" + var_bytes(data)


def reason_in(message: bytes) -> str:
    """The reason of a Hocuspocus permission denied."""
    _, at = read_var_string(message, 0)
    kind, at = read_var_uint(message, at)
    which, at = read_var_uint(message, at)
    assert (kind, which) == (2, 1), message
    return read_var_string(message, at)[0]
