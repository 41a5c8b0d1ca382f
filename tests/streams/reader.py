"""Clients of `/api/ai/stream`: what they ask, and what they read as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

WITHIN = 60.0


@dataclass
class Reading:
    """What one reader has read so far."""

    stream_id: str = ""
    numbers: list[int] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The answer up to here; a state replaces what was there."""
        states = [at for at, each in enumerate(self.records) if each["event"] == "ai.state"]
        told = self.records[states[-1] if states else 0 :]
        return "".join(each["data"]["text"] for each in told if each["event"] in ("ai.delta", "ai.state"))

    @property
    def done(self) -> dict[str, Any] | None:
        """How it ended; None while it has not."""
        return next((each["data"] for each in self.records if each["event"] == "ai.done"), None)


class Asker:
    """One user at one gateway."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self.token = token
        self._headers = {"Authorization": f"Bearer {token}"}

    @asynccontextmanager
    async def ask(self, **body: Any) -> AsyncIterator["Events"]:
        """Begin a stream and read it, as one request."""
        async with (
            aiohttp.ClientSession(headers=self._headers) as http,
            http.post(f"{self._url}/api/ai/stream", json=body) as response,
        ):
            assert response.status == 200, await response.text()
            yield Events(response)

    @asynccontextmanager
    async def read(self, stream_id: str, after: int | None = None) -> AsyncIterator["Events"]:
        """Read a stream from its beginning, or behind a record."""
        extra = {} if after is None else {"Last-Event-ID": str(after)}
        async with (
            aiohttp.ClientSession(headers=self._headers | extra) as http,
            http.get(f"{self._url}/api/ai/stream/{stream_id}") as response,
        ):
            assert response.status == 200, await response.text()
            yield Events(response)

    async def begin(self, **body: Any) -> str:
        """Begin a stream and leave; its id."""
        async with self.ask(**body) as events:
            return events.stream_id

    async def whole(self, stream_id: str, after: int | None = None) -> Reading:
        """Read to the end."""
        async with self.read(stream_id, after) as events:
            return await events.to_end()

    async def until(self, stream_id: str, count: int) -> Reading:
        """Read so many records from its beginning."""
        async with self.read(stream_id) as events:
            return await events.until(count)

    async def patiently(self, stream_id: str, elsewhere: "Asker | None" = None) -> Reading:
        """Read to the end, and come back behind the last record as often as it takes, here and elsewhere."""
        seen = Reading(stream_id)
        gateways = [self, elsewhere or self]
        async with asyncio.timeout(WITHIN):
            while seen.done is None:
                try:
                    async with gateways[0].read(stream_id, seen.numbers[-1] if seen.numbers else None) as events:
                        events.reading = seen
                        await events.to_end()
                except (aiohttp.ClientError, AssertionError):
                    await asyncio.sleep(0.05)  # the gateway is gone, or cannot answer now
                gateways.reverse()
        return seen

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Any other request."""
        async with (
            aiohttp.ClientSession(headers=self._headers) as http,
            http.request(method, self._url + path, json=body) as response,
        ):
            text = await response.text()
            return response.status, json.loads(text) if text else None


class Events:
    """A response that is being read."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.reading = Reading(response.headers["X-Stream-Id"])

    @property
    def stream_id(self) -> str:
        return self.reading.stream_id

    async def until(self, count: int) -> Reading:
        """Until so many records were read, or the stream has ended."""
        async with asyncio.timeout(WITHIN):
            while len(self.reading.records) < count and await self._next():
                pass
        assert len(self.reading.records) >= count or self.reading.done, "the response broke off"
        return self.reading

    async def to_end(self) -> Reading:
        """Until the server ends the response."""
        async with asyncio.timeout(WITHIN):
            while await self._next():
                pass
        return self.reading

    async def _next(self) -> bool:
        number = None
        while line := (await self._response.content.readline()).decode():
            if line.startswith("id: "):
                number = int(line[4:])
            elif line.startswith("data: "):
                self.reading.records.append(json.loads(line[6:]))
                if number is not None:
                    self.reading.numbers.append(number)
                return True
        return False
