"""AI workers, gateways and Redis die in the middle of answers."""

import asyncio
import time

from tests.conftest import MakeStack
from tests.streams.reader import Asker

PROMPT = "word " * 150
ENDED_WITHIN = 5.0
"""Seconds until a stream whose worker was killed ends as interrupted."""


async def test_a_killed_worker(own_stack: MakeStack) -> None:
    """The stream ends as interrupted, with all that was shown, and the next one is answered."""
    stack = own_stack(gateways=2)
    asker = Asker(stack.urls[0], stack.guest())
    async with asker.ask(prompt=PROMPT) as events:
        await events.until(20)
        old = stack.kill("ai-1")
        killed = time.monotonic()
        reading = await events.to_end()
    took = time.monotonic() - killed
    assert reading.done is not None
    assert reading.done["status"] == "interrupted"
    assert took < 3 * ENDED_WITHIN
    print(f"interrupted after {took:.1f} s (goal {ENDED_WITHIN:.0f} s)")
    _, stream = await asker.call("GET", f"/api/ai/streams/{reading.stream_id}")
    assert stream["text"] == reading.text
    await asyncio.to_thread(stack.wait_restarted, "ai-1", old)
    async with asker.ask(prompt="again") as events:
        assert ((await events.to_end()).done or {})["status"] == "done"


async def test_a_killed_gateway(own_stack: MakeStack) -> None:
    """Who was reading through it reads on at another, and misses nothing."""
    stack = own_stack(gateways=2)
    token = stack.guest()
    first, second = (Asker(url, token) for url in stack.urls)
    async with first.ask(prompt=PROMPT) as events:
        reading = await events.until(20)
        stack.kill("gateway-1")
    rest = await second.whole(reading.stream_id, reading.numbers[-1])
    assert rest.done is not None
    assert rest.done["status"] == "done"
    _, stream = await second.call("GET", f"/api/ai/streams/{reading.stream_id}")
    assert reading.text + rest.text == stream["text"]


async def test_a_killed_redis(own_stack: MakeStack) -> None:
    """The answer goes on in the worker, and all of it is in the log when Redis is back."""
    stack = own_stack(gateways=1)
    asker = Asker(stack.urls[0], stack.guest())
    async with asker.ask(prompt=PROMPT) as events:
        await events.until(20)
        old = stack.kill("valkey")
        await asyncio.to_thread(stack.wait_restarted, "valkey", old)
        reading = await events.to_end()
    assert reading.done is not None
    assert reading.done["status"] == "done"
    _, stream = await asker.call("GET", f"/api/ai/streams/{reading.stream_id}")
    assert stream["text"] == reading.text


async def test_a_stopping_worker(own_stack: MakeStack) -> None:
    """A stop of everything leaves no stream behind that claims to run."""
    stack = own_stack(gateways=1)
    token = stack.guest()
    asker = Asker(stack.urls[0], token)
    async with asker.ask(prompt=PROMPT) as events:
        reading = await events.until(10)
    await asyncio.to_thread(stack.stop)
    await asyncio.to_thread(stack.start)
    whole = await Asker(stack.urls[0], token).whole(reading.stream_id)
    assert whole.done is not None
    assert whole.done["status"] == "interrupted"
    assert whole.text.startswith(reading.text)
