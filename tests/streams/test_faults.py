"""AI workers, gateways and Redis die in the middle of answers."""

import asyncio
import time

from tests.conftest import MakeStack
from tests.streams.reader import Asker
from tests.support.waiting import wait_until

PROMPT = "word " * 150
LONG = "long " * 400
"""Takes the demo longer than a worker that stops lets it finish (workers/ai/patience.py)."""
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
    """What ends within some seconds does when everything is stopped; no other stream claims to run afterwards."""
    stack = own_stack(gateways=1)
    token = stack.guest()
    asker = Asker(stack.urls[0], token)
    async with asker.ask(prompt=LONG) as long, asker.ask(prompt="word " * 100) as short:
        readings = [await events.until(10) for events in (long, short)]
    await asyncio.to_thread(stack.stop)
    assert "did not end in time" not in stack.up_output()
    await asyncio.to_thread(stack.start)
    after = [await Asker(stack.urls[0], token).whole(reading.stream_id) for reading in readings]
    assert [(whole.done or {})["status"] for whole in after] == ["interrupted", "done"]
    assert all(whole.text.startswith(reading.text) for whole, reading in zip(after, readings, strict=True))
    assert after[1].text.count("word") == 100


async def test_a_killed_postgres(own_stack: MakeStack) -> None:
    """The answer goes on; how it ended is written down when PostgreSQL is back, and readers hear it."""
    stack = own_stack(gateways=1)
    asker = Asker(stack.urls[0], stack.guest())
    async with asker.ask(prompt=PROMPT) as events:
        await events.until(20)
        stack.pause_restarts()
        stack.kill("postgres")
        await wait_until(lambda: "an end waits" in stack.logs("ai-1"), "the end of the answer")
        stack.resume_restarts()
        reading = await events.to_end()
    assert reading.done is not None
    assert reading.done["status"] == "done"
    _, stream = await asker.call("GET", f"/api/ai/streams/{reading.stream_id}")
    assert (stream["status"], stream["text"]) == ("done", reading.text)
