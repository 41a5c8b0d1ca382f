"""Gateways die, Redis dies, forgets or goes back in the middle of answers: every reader has all of it in the end.

With OpenAI's format, at the pace of a model.
"""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import LiteralString, cast

import aiohttp
import openai
import psutil
import psycopg
import pytest
import redis

from gateway.launch.settings import CHECKOUT
from loadtest.standins.script import word
from loadtest.standins.server import Standins
from store import keys
from tests.streams.edits import edit, execute, get, make_file
from tests.streams.reader import WITHIN, Asker, Reading
from tests.streams.upstreams import questions
from tests.support.stack import Stack
from tests.support.waiting import wait_until

TOKENS = 250
MODEL = f"openai/say-{TOKENS}-at-20ms"
SAID = "".join(word(number) for number in range(TOKENS))


@asynccontextmanager
async def read_by_many(askers: list[Asker]) -> AsyncIterator[str]:
    """A stream that has begun, and that four read, beginning at different gateways; afterwards they have all of it."""
    async with askers[0].ask(prompt="Count.", model=MODEL) as events:
        await events.until(3)
        stream_id = events.stream_id
    async with asyncio.TaskGroup() as group:
        readers = [
            group.create_task(askers[number % 2].patiently(stream_id, askers[1 - number % 2])) for number in range(4)
        ]
        await askers[1].until(stream_id, 10)
        yield stream_id
    assert await shown(askers, stream_id) == ("done", SAID)
    for reader in readers:
        whole(reader.result())
    whole(await askers[1].whole(stream_id))


async def shown(askers: list[Asker], stream_id: str) -> tuple[str, str]:
    """Its status and text over REST, once that answers again."""
    async with asyncio.timeout(WITHIN):
        while True:
            with suppress(aiohttp.ClientError):
                status, stream = await askers[1].call("GET", f"/api/ai/streams/{stream_id}")
                if status == 200:
                    return stream["status"], stream["text"]
            await asyncio.sleep(0.1)  # the gateway is gone, or cannot answer now


def whole(reading: Reading) -> None:
    """It has the answer, each token once, and one end."""
    assert reading.text == SAID
    assert reading.numbers == sorted(set(reading.numbers))
    assert [each["event"] for each in reading.records].count("ai.done") == 1
    assert (reading.done or {})["status"] == "done"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_gateway_ends(broken: Stack, askers: list[Asker], number: signal.Signals) -> None:
    """Its readers go on at the other one, behind what they have."""
    async with read_by_many(askers):
        old = broken.kill("gateway-1", number)
    await asyncio.to_thread(broken.wait_restarted, "gateway-1", old)


async def test_asked_again_after_a_gateway_died(broken: Stack, askers: list[Asker], upstream: Standins) -> None:
    """Who lost the answer repeats the request elsewhere: it is the same stream, and was asked and billed once."""
    model, request_id = "say-60-at-23ms", "asked-again"
    async with askers[0].ask(prompt="Count.", model=f"openai/{model}", request_id=request_id) as events:
        await events.until(5)
        old = broken.kill("gateway-1")
    async with askers[1].ask(prompt="Count.", model=f"openai/{model}", request_id=request_id) as again:
        assert again.stream_id == events.stream_id
        reading = await again.to_end()
    assert reading.text == "".join(word(number) for number in range(60))
    assert len(questions(upstream, model)) == 1
    _, usage = await askers[1].call("GET", "/api/ai/usage/answers")
    assert len(usage["items"]) == 1
    await asyncio.to_thread(broken.wait_restarted, "gateway-1", old)


async def test_a_killed_redis(broken: Stack, askers: list[Asker]) -> None:
    """The answer goes on in the worker meanwhile."""
    async with read_by_many(askers):
        old = broken.kill("valkey")
        await asyncio.to_thread(broken.wait_restarted, "valkey", old)


async def test_an_emptied_redis(broken: Stack, askers: list[Asker]) -> None:
    """The worker writes all of it again: for those who read, and for those who come later, by OpenAI's clients too."""
    async with read_by_many(askers) as stream_id, openai_client(broken, askers[1].token) as client:
        chunks = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "Count."}], stream=True
        )
        answer = asyncio.create_task(
            client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Count as well."}])
        )
        streamed = [(await anext(chunks)).choices[0].delta.content or "" for _ in range(5)]
        with redis.Redis.from_url(broken.redis_url) as store:
            store.flushall()
        late = await askers[0].whole(stream_id)
        assert late.records[0]["event"] == "ai.state"
        whole(late)
        streamed += [each.choices[0].delta.content or "" async for each in chunks if each.choices]
        assert "".join(streamed) == SAID
        assert (await answer).choices[0].message.content == SAID


async def test_a_redis_that_went_back(broken: Stack, askers: list[Asker]) -> None:
    """It restarted without its last second, as `appendfsync everysec` may: what was lost is written again."""
    async with read_by_many(askers) as stream_id:
        await askers[0].until(stream_id, 20)
        with redis.Redis.from_url(broken.redis_url) as store:
            go_back(store, f"stream:{stream_id}", 5)
    with redis.Redis.from_url(broken.redis_url) as store:
        go_back(store, f"stream:{stream_id}", 5)
    whole(await askers[0].whole(stream_id))


async def test_an_end_that_was_told_before_the_rest(broken: Stack, askers: list[Asker]) -> None:
    """Its worker could not write for a while, so another one tells the end: together with all that is missing."""
    stream_id = await askers[0].begin(prompt="Count.", model=f"openai/say-{TOKENS}")
    whole(await askers[0].whole(stream_id))
    await wait_until(lambda: one(broken, "told", stream_id), "the worker to note that it was told")
    with redis.Redis.from_url(broken.redis_url) as store:
        go_back(store, f"stream:{stream_id}", 1)
    execute(broken, "UPDATE streams SET told = false, ended_at = now() - interval '1 minute' WHERE id = %s", stream_id)
    reading = await askers[1].whole(stream_id)
    whole(reading)
    assert len(reading.numbers) == len(reading.records), "it was the log that said so"


async def test_an_emptied_redis_before_a_worker_came(broken: Stack, askers: list[Asker]) -> None:
    """Nothing was said yet."""
    broken.pause("ai-1")
    try:
        async with askers[0].ask(prompt="Count.", model=MODEL) as events:
            with redis.Redis.from_url(broken.redis_url) as store:
                store.flushall()
            broken.resume("ai-1")
            whole(await events.to_end())
    finally:
        broken.resume("ai-1")


async def test_a_frozen_worker(broken: Stack, askers: list[Asker]) -> None:
    """Another one ends its stream; what it says when it wakes up is not heard any more."""
    async with another_worker(broken) as other:
        async with askers[0].ask(prompt="Count.", model="openai/say-9999-at-20ms") as events:
            await events.until(10)
            worker = psutil.Process(other if worker_of(broken, events.stream_id) == "ai-2" else broken.pid("ai-1"))
            worker.suspend()
            try:
                reading = await events.to_end()
            finally:
                worker.resume()
        assert (reading.done or {})["status"] == "interrupted"
        await wait_until(lambda: ended(broken, reading.stream_id), "the frozen worker to find out")
    for each in askers:
        again = await each.whole(reading.stream_id)
        assert (again.text, again.numbers) == (reading.text, reading.numbers)
    _, stream = await askers[1].call("GET", f"/api/ai/streams/{reading.stream_id}")
    assert stream["text"] == reading.text
    assert "".join(word(number) for number in range(9999)).startswith(reading.text)
    assert last_number(broken, reading.stream_id) == reading.numbers[-1]


async def test_a_redis_that_was_away_for_long(broken: Stack, askers: list[Asker]) -> None:
    """None of two workers takes the other one for dead, whichever comes back first."""
    async with another_worker(broken), read_by_many(askers):
        broken.pause_restarts()
        known = failures(broken)
        old = broken.kill("valkey")
        await wait_until(lambda: min(failures(broken)) > max(known) + 4, "the workers to be silent for too long")
        broken.resume_restarts()
        await asyncio.to_thread(broken.wait_restarted, "valkey", old)


@asynccontextmanager
async def another_worker(stack: Stack) -> AsyncIterator[int]:
    """A second AI worker beside the stack's own, which has given a sign of life; its process id."""
    environment = psutil.Process(stack.pid("ai-1")).environ() | {"ATRIUM_NAME": "ai-2"}
    with (stack.home / "logs" / "ai-2.log").open("ab") as output:
        process = subprocess.Popen(  # noqa: ASYNC220  it takes a millisecond
            [sys.executable, "-m", "workers", "ai"], cwd=CHECKOUT, env=environment, stdout=output, stderr=output
        )
    try:
        with redis.Redis.from_url(stack.redis_url) as store:
            await wait_until(
                lambda: any(name.startswith(b"ai-2-") for name in store.zrange(keys.STREAM_WORKERS, 0, -1)),
                "the second worker",
            )
        yield process.pid
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)


def failures(stack: Stack) -> list[int]:
    """How often each worker found that it cannot say that it lives: once a second."""
    return [stack.logs(name).count("cannot look after streams") // 2 for name in ("ai-1", "ai-2")]


def ended(stack: Stack, stream_id: str) -> bool:
    """Whether the worker that had it has done with it."""
    lines = [line for name in ("ai-1", "ai-2") for line in stack.logs(name).splitlines()]
    return any("stream ended" in line and stream_id in line for line in lines)


def worker_of(stack: Stack, stream_id: str) -> str:
    """The name of the worker that answers it."""
    return str(one(stack, "worker", stream_id)).rpartition("-")[0]


def one(stack: Stack, column: LiteralString, stream_id: str) -> object:
    """What its row says."""
    with psycopg.connect(stack.database_url) as connection:
        row = connection.execute(f"SELECT {column} FROM streams WHERE id = %s", [stream_id]).fetchone()
    assert row is not None
    return row[0]


def last_number(stack: Stack, stream_id: str) -> int:
    with redis.Redis.from_url(stack.redis_url) as store:
        return int(cast(bytes, store.get(keys.event_number(f"stream:{stream_id}"))))


def go_back(store: "redis.Redis", topic: str, count: int) -> None:
    """Lose the last records of a log."""
    lost = cast(list[tuple[bytes, object]], store.xrevrange(keys.event_log(topic), count=count + 1))
    number = lost.pop()[0].partition(b"-")[0]
    pipeline = store.pipeline()
    pipeline.xdel(keys.event_log(topic), *(each for each, _ in lost))
    pipeline.set(keys.event_number(topic), number)
    pipeline.execute()


def openai_client(stack: Stack, token: str) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{stack.urls[1]}/v1", api_key=token, max_retries=0)


async def test_an_emptied_redis_while_a_model_types(broken: Stack, askers: list[Asker]) -> None:
    """The gateway writes the document back, the worker its words: they are there once, and an undo takes them back."""
    project, file = make_file(broken, askers[0].token, "one two three")
    stream_id = await edit(askers[0], project, {"start": 4, "end": 7}, "openai/say-60-at-20ms")
    await wait_until(lambda: "0 1 2 " in get(broken, askers[0].token, file), "the first words")
    with redis.Redis.from_url(broken.redis_url) as store:
        store.flushall()
    reading = await askers[1].whole(stream_id)
    assert (reading.done or {})["status"] == "done"
    typed = f"one {reading.text} three"
    await wait_until(lambda: get(broken, askers[0].token, file) == typed, "all words")
    await askers[1].call("POST", f"/api/projects/{project}/ai/edits/{stream_id}/undo")
    await wait_until(lambda: get(broken, askers[0].token, file) == "one two three", "the undo")
