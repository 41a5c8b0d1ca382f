"""Readers of both kinds, at both gateways, who come, leave and come back: each sees exactly the stream."""

import asyncio
import random

import pytest

from tests.events.client import connected
from tests.streams.reader import WITHIN, Asker
from tests.streams.upstreams import asker
from tests.support.stack import Stack

STREAMS = 12
READERS = 6
TOKENS = 120


class Reader:
    """One who joins at any time, and after every break goes on with either kind of connection at any gateway."""

    def __init__(self, stack: Stack, token: str, stream_id: str, begin: int, chance: random.Random) -> None:
        self._stack = stack
        self._token = token
        self._stream_id = stream_id
        self._chance = chance
        self._after = begin
        self.numbers: list[int] = []
        self.events: list[str] = []
        self.text = ""

    async def run(self) -> None:
        """Until it has seen the end."""
        async with asyncio.timeout(WITHIN):
            await asyncio.sleep(self._chance.uniform(0, 0.4))  # to join in the middle, or after the end
            while "ai.done" not in self.events:
                gateway = self._chance.randrange(self._stack.gateways)
                most = self._chance.choice([1, 2, 5, 10, TOKENS * 2])
                await (self._by_sse if self._chance.random() < 0.5 else self._by_events)(gateway, most)

    async def _by_sse(self, gateway: int, most: int) -> None:
        asker = Asker(self._stack.urls[gateway], self._token)
        async with asker.read(self._stream_id, self._after) as events:
            reading = await events.until(most)
        for number, record in zip(reading.numbers, reading.records, strict=True):
            self._see(number, record["event"], record["data"].get("text", ""))

    async def _by_events(self, gateway: int, most: int) -> None:
        async with connected(self._stack.ws_urls[gateway], self._token) as client:
            await client.subscribe(f"stream:{self._stream_id}", self._after)
            while len(client.events) < most and all(each["event"] != "ai.done" for each in client.events):
                await client.next()
        for each in client.events:
            self._see(each["number"], each["event"], each["data"].get("text", ""))

    def _see(self, number: int, event: str, text: str) -> None:
        self._after = number
        self.numbers.append(number)
        self.events.append(event)
        self.text += text


@pytest.mark.parametrize("seed", range(3))
async def test_any_mix_of_readers(seed: int, asked_stack: Stack) -> None:
    """Every record once, in order, to the end."""
    chance = random.Random(seed)
    someone = asker(asked_stack)
    said = "".join(f"{number} " for number in range(TOKENS))

    async def one(seed: int) -> None:
        stream_id = await someone.begin(prompt="Hello", model=f"ollama/say-{TOKENS}-at-3ms")
        _, stream = await someone.call("GET", f"/api/ai/streams/{stream_id}")
        begin = stream["log_begin"]
        readers = [
            Reader(asked_stack, someone.token, stream_id, begin, random.Random(f"{seed} {number}"))
            for number in range(READERS)
        ]
        await asyncio.gather(*(reader.run() for reader in readers))
        whole = await someone.whole(stream_id)
        assert whole.numbers == sorted(set(whole.numbers))
        for reader in readers:
            assert reader.text == said, f"seed {seed}"
            assert reader.numbers == whole.numbers, f"seed {seed}"
            assert (reader.events[0], reader.events[-1]) == ("ai.started", "ai.done"), f"seed {seed}"

    await asyncio.gather(*(one(chance.randrange(1 << 32)) for _ in range(STREAMS)))
