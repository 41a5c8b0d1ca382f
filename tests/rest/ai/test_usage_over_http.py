"""`/api/ai/usage` and budgets over HTTP, with workers that die in the middle of answers."""

import asyncio
import time

import aiohttp

from tests.conftest import MakeStack
from tests.streams.reader import Asker

PROMPT = "word " * 150
TOKENS_OF_GUESTS = 200_000


async def test_a_hundred_requests_and_a_killed_worker(own_stack: MakeStack) -> None:
    """100 requests at once at two gateways take no more than a guest has; a killed worker leaves nothing held."""
    stack = await asyncio.to_thread(own_stack, gateways=2)
    token = await asyncio.to_thread(stack.guest)
    stack.pause("ai-1")
    headers = {"Authorization": f"Bearer {token}"}

    async def ask(http: aiohttp.ClientSession, number: int) -> tuple[int, str]:
        body = {"prompt": "?", "model": "demo/echo", "max_tokens": 4_000, "request_id": f"request-{number}"}
        while True:
            async with http.post(f"{stack.urls[number % 2]}/api/ai/stream", json=body, headers=headers) as answer:
                if answer.status != 503:  # no connection to PostgreSQL was free in time; the stream may have begun
                    return answer.status, answer.headers.get("Retry-After", "")

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        found = await asyncio.gather(*(ask(http, number) for number in range(100)))
    asker = Asker(stack.urls[0], token)
    _, usage = await asker.call("GET", "/api/ai/usage")
    began = [status for status, _ in found if status == 200]
    assert len(began) == usage["streams"]["held"] == usage["requests"]["used"]
    assert 45 < len(began) < 50
    assert usage["tokens"]["held"] <= usage["tokens"]["limit"] == TOKENS_OF_GUESTS
    assert all(0 < int(wait) <= 10 for status, wait in found if status == 429)
    stack.resume("ai-1")
    await _nothing_held(asker)
    _, lines = await asker.call("GET", "/api/ai/usage/answers?limit=100")
    assert len(lines["items"]) == len(began)
    assert {line["status"] for line in lines["items"]} == {"done"}

    async with asker.ask(prompt=PROMPT) as events:
        await events.until(20)
        _, before = await asker.call("GET", "/api/ai/usage")
        assert before["streams"]["held"] == 1
        stack.kill("ai-1")
        reading = await events.to_end()
    assert (reading.done or {})["status"] == "interrupted"
    await _nothing_held(asker)
    _, lines = await asker.call("GET", "/api/ai/usage/answers?limit=1")
    (line,) = lines["items"]
    assert (line["stream_id"], line["status"], line["estimated"]) == (reading.stream_id, "interrupted", True)


async def _nothing_held(asker: Asker) -> None:
    deadline = time.monotonic() + 60
    while True:
        _, usage = await asker.call("GET", "/api/ai/usage")
        if usage["streams"]["held"] == usage["tokens"]["held"] == usage["usd"]["held"] == 0:
            return
        assert time.monotonic() < deadline, usage
        await asyncio.sleep(0.1)
