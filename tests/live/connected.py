"""A connection of either dialect, and what it is told when its rights change. Called by the tests of this folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from rooms.codec.hocuspocus import prefix
from rooms.codec.lib0 import read_var_string, read_var_uint, var_string
from tests.clients.raw import STEP_1, RawClient, raw_client, text_update, update_message

Dialect = Literal["y-websocket", "hocuspocus"]
DIALECTS: tuple[Dialect, ...] = ("y-websocket", "hocuspocus")
SAVED, REFUSED = b"\x08\x01", b"\x08\x00"


@dataclass
class Connected:
    """One document, open."""

    dialect: Dialect
    raw: RawClient
    address: bytes
    clock: int = 0

    async def type(self, client: int = 7) -> bool:
        """Insert a letter; whether the server takes it."""
        update = text_update(client, self.clock, "x")
        if self.dialect == "hocuspocus":
            await self.raw.send(self.address + update_message(update))
            while True:
                told = (await self.raw.receive(self.address))[len(self.address) :]
                if told in (SAVED, REFUSED):
                    break
            taken = told == SAVED
        else:
            await self.raw.send(update_message(update))
            while True:
                told = await self.raw.receive()
                if told[:1] == b"\x7f" or told[:2] == b"\x02\x00":
                    break
            taken = told[:1] == b"\x7f"
        self.clock += taken
        return taken

    async def present(self, token: str) -> None:
        """Hocuspocus: show a token, again."""
        await self.raw.send(self.address + b"\x02\x00" + var_string(token))

    async def type_until_refused(self) -> tuple[int, int]:
        """Insert letters without waiting for answers, until one is refused: how many were sent, and how many taken."""
        already, sent, accepted, refused = self.clock, 0, 0, 0

        async def send() -> None:
            nonlocal sent
            while not refused:
                await self.raw.send(self.address + update_message(text_update(8, sent, "y")))
                sent += 1
                await asyncio.sleep(0.001)

        sending = asyncio.create_task(send())
        while not sending.done() or accepted + refused < sent:
            body = (await self.raw.receive(self.address))[len(self.address) :]
            if self.dialect == "hocuspocus":
                accepted += body == SAVED
                refused += body == REFUSED
            elif body[:1] == b"\x7f":
                accepted = read_var_uint(body, 1)[0] - already
            elif body[:2] == b"\x02\x00":
                refused += "from now on" not in read_var_string(body, 2)[0]
        await sending
        return sent, accepted

    async def told(self) -> str:
        """What it hears of its rights: `readonly`, `read-write`, `closed 4403`, …"""
        if self.dialect == "y-websocket":
            code, _ = await self.raw.closed()
            return f"closed {code}"
        while True:
            body = (await self.raw.receive(self.address))[len(self.address) :]
            match body[:2]:
                case b"\x02\x01":
                    return "denied: " + read_var_string(body, 2)[0]
                case b"\x02\x02":
                    return read_var_string(body, 2)[0]
            if body[:1] == b"\x07":
                return "closed: " + read_var_string(body, 1)[0]

    async def told_role(self) -> str:
        """The same where it stays: y-websocket is told by a refusal, or asked for what it has."""
        if self.dialect == "hocuspocus":
            return await self.told()
        while True:
            message = await self.raw.receive()
            if message[:2] == b"\x02\x00":
                return "readonly"
            if message[:2] == b"\x00\x00":
                return "read-write"


@asynccontextmanager
async def connected(dialect: Dialect, base: str, project: str, path: str, token: str) -> AsyncIterator[Connected]:
    """Open a document through the gateway at `base`; yields once it is there."""
    if dialect == "y-websocket":
        async with raw_client(f"{base}/collab/{project}/{path}?token={token}&acks=1") as raw:
            await raw.send(STEP_1)
            await raw.receive(b"\x00\x01")
            yield Connected(dialect, raw, b"")
        return
    address = prefix(f"{project}/{path}".encode())
    async with raw_client(f"{base}/hocuspocus") as raw:
        await raw.send(address + b"\x02\x00" + var_string(token))
        await raw.send(address + STEP_1)
        await raw.receive(address + b"\x00\x01")
        yield Connected(dialect, raw, address)
