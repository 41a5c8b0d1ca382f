"""A client of `GET /events` as a browser would write it, for tests; over aiohttp."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import aiohttp


class Closed(Exception):
    """The server closed the connection."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code


class EventClient:
    """One connection. What it receives is kept in order: `events` are records of topics."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.events: list[dict[str, Any]] = []
        self.others: list[dict[str, Any]] = []
        self._ids = count(1)

    @property
    def transport(self) -> asyncio.Transport:
        """To stop reading, as a busy browser does."""
        connection = self.socket._conn
        assert connection is not None and isinstance(connection.transport, asyncio.Transport)
        return connection.transport

    async def next(self, within: float = 15.0) -> dict[str, Any]:
        """The next message of any kind; raises Closed."""
        message = await self.socket.receive(timeout=within)
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise Closed(self.socket.close_code, str(message.extra))
        found: dict[str, Any] = message.json()
        (self.events if "number" in found else self.others).append(found)
        return found

    async def until(self, event: str, within: float = 15.0) -> dict[str, Any]:
        """The next message of this kind; those before it are kept."""
        async with asyncio.timeout(within):
            while (message := await self.next(within))["event"] != event:
                pass
        return message

    async def say(self, event: str, **data: Any) -> int:
        """Send without waiting; the message's id."""
        number = next(self._ids)
        await self.socket.send_json({"event": event, "data": data, "id": number})
        return number

    async def ask(self, event: str, **data: Any) -> dict[str, Any]:
        """Send, and wait for what answers it."""
        number = await self.say(event, **data)
        async with asyncio.timeout(15.0):
            while (message := await self.next()).get("ack") != number:
                pass
        return message

    async def subscribe(self, topic: str, after: int | None = None) -> int:
        """Follow a topic; the log's last number."""
        place = {"topic": topic} if after is None else {"topic": topic, "after": after}
        answer = await self.ask("subscribe", **place)
        assert answer["event"] == "subscribed", answer
        return int(answer["data"]["number"])

    async def records(self, amount: int, within: float = 15.0) -> list[dict[str, Any]]:
        """Wait until so many records have come; all of them."""
        async with asyncio.timeout(within):
            while len(self.events) < amount:
                await self.next(within)
        return self.events

    async def code(self, within: float = 15.0) -> int | None:
        """The close code, after whatever else comes."""
        try:
            while True:
                await self.next(within)
        except Closed as closed:
            return closed.code


@asynccontextmanager
async def connected(url: str, token: str = "", **options: Any) -> AsyncIterator[EventClient]:
    """A connection to `url` (ws://…), and `ready` where there is a token."""
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{url}/events" + (f"?token={token}" if token else ""), **options) as socket,
    ):
        client = EventClient(socket)
        if token:
            assert (await client.next())["event"] == "ready"
        yield client
