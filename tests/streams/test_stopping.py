"""Streams that are stopped before they begin, while a message gets lost, or where they cannot be typed."""

import asyncio
import random
import time
from typing import cast

import msgspec
import redis

from loadtest.standins.server import Standins
from store import keys
from tests.streams.edits import edit, execute, get, make_file, put
from tests.streams.reader import Asker, Reading
from tests.streams.upstreams import asked_for, questions
from tests.support.stack import Stack
from tests.support.waiting import wait_until

STREAMS = 40
AT_ONCE = 8


async def test_a_cancel_that_no_worker_heard(broken: Stack, askers: list[Asker], upstream: Standins) -> None:
    """The message was lost; the row says it, and the provider's connection closes."""
    model = "say-5000-at-19ms"
    async with askers[0].ask(prompt="Count.", model=f"openai/{model}") as events:
        await events.until(5)
        execute(broken, "UPDATE streams SET cancel_asked = true WHERE id = %s", events.stream_id)
        reading = await events.to_end()
    assert (reading.done or {})["status"] == "cancelled"
    (question,) = await asked_for(upstream, model)
    await wait_until(lambda: question.closed_at, "the provider to be left")


async def test_a_cancel_while_redis_is_away(broken: Stack, askers: list[Asker], upstream: Standins) -> None:
    """The provider is left meanwhile; readers hear of it when Redis is back."""
    model = "say-5000-at-17ms"
    async with askers[0].ask(prompt="Count.", model=f"openai/{model}") as events:
        await events.until(5)
        broken.pause_restarts()
        try:
            old = broken.kill("valkey")
            status, _ = await askers[1].call("POST", f"/api/ai/stream/{events.stream_id}/cancel")
            (question,) = await asked_for(upstream, model)
            await wait_until(lambda: question.closed_at, "the provider to be left")
        finally:
            broken.resume_restarts()
        await asyncio.to_thread(broken.wait_restarted, "valkey", old)
    reading = await askers[1].patiently(events.stream_id)
    assert (status, (reading.done or {})["status"]) == (200, "cancelled")
    _, stream = await askers[1].call("GET", f"/api/ai/streams/{events.stream_id}")
    assert stream["text"] == reading.text


async def test_cancelled_before_it_began(broken: Stack, askers: list[Asker], upstream: Standins) -> None:
    """No worker takes it: its readers hear so from the gateway, and nobody is asked or charged."""
    broken.pause("ai-1")
    try:
        async with askers[0].ask(prompt="Count.", model="openai/say-11") as events:
            status, _ = await askers[1].call("POST", f"/api/ai/stream/{events.stream_id}/cancel")
            reading = await events.to_end()
    finally:
        broken.resume("ai-1")
    assert (status, [each["event"] for each in reading.records]) == (200, ["ai.done"])
    assert (reading.done or {})["status"] == "cancelled"
    assert ((await askers[0].whole(await askers[0].begin(prompt="2", model="openai/say-12"))).done or {})["usage"]
    assert not questions(upstream, "say-11")
    assert (await askers[1].whole(reading.stream_id)).records == reading.records, "it was told once"


async def test_cancelled_while_a_worker_comes(askers: list[Asker], upstream: Standins) -> None:
    """Whoever is faster: it ends once, for readers as in its row, and no provider is asked twice."""
    chance, lanes = random.Random(4), asyncio.Semaphore(AT_ONCE)

    async def one() -> Reading:
        async with lanes, askers[0].ask(prompt="Count.", model="openai/say-6-at-7ms") as events:
            await asyncio.sleep(chance.choice([0, 0, 0.002, 0.005, 0.01, 0.03]))
            await asyncio.gather(*(each.call("POST", f"/api/ai/stream/{events.stream_id}/cancel") for each in askers))
            return await events.to_end()

    for reading in await asyncio.gather(*(one() for _ in range(STREAMS))):
        assert [each["event"] for each in reading.records].count("ai.done") == 1
        again = await askers[1].whole(reading.stream_id)
        assert again.records == reading.records
        _, stream = await askers[1].call("GET", f"/api/ai/streams/{reading.stream_id}")
        assert (stream["status"], stream["text"]) == ((reading.done or {})["status"], reading.text)
    assert len(questions(upstream, "say-6-at-7ms")) <= STREAMS


async def test_a_claim_whose_answer_got_lost(broken: Stack, askers: list[Asker], upstream: Standins) -> None:
    """The row says that a worker answers, and that one knows nothing of it: it ends, without being asked twice."""
    broken.pause("ai-1")
    try:
        async with askers[0].ask(prompt="Count.", model="openai/say-14") as events:
            with redis.Redis.from_url(broken.redis_url) as store:
                worker = cast(list[bytes], store.zrange(keys.STREAM_WORKERS, -1, -1))[0].decode()
            execute(
                broken,
                f"UPDATE streams SET status = 'running', worker = '{worker}', started_at = now() WHERE id = %s",
                events.stream_id,
            )
            broken.resume("ai-1")
            reading = await events.to_end()
    finally:
        broken.resume("ai-1")
    assert (reading.done or {})["status"] == "interrupted"
    assert not questions(upstream, "say-14")


async def test_coming_back_after_the_end(askers: list[Asker]) -> None:
    """As browsers do by themselves, behind the last record: they hear that it is over, and how."""
    whole = await askers[0].whole(await askers[0].begin(prompt="Count.", model="openai/say-3"))
    again = await askers[1].whole(whole.stream_id, whole.numbers[-1])
    assert (again.text, again.done) == (whole.text, whole.done)


async def test_a_try_that_is_cancelled(broken: Stack, askers: list[Asker], upstream: Standins) -> None:
    """The one request that a half-open breaker lets through is cancelled: the next one may try, at once."""
    model = "openai/say-13-late"
    tries, asked = 0, 0
    with redis.Redis.from_url(broken.redis_url) as store:
        store.hset(keys.BREAKERS, model, msgspec.json.encode(["open", {"until": time.time() - 1, "times": 1}]))
        while tries < 2:
            async with askers[0].ask(prompt="Count.", model=model) as events:
                asked += 1
                await asked_for(upstream, "say-13-late", asked)
                # At first the worker may not have heard of the breaker: it looks every second.
                tries += b"half" in cast(bytes, store.hget(keys.BREAKERS, model))
                await askers[1].call("POST", f"/api/ai/stream/{events.stream_id}/cancel")
                assert ((await events.to_end()).done or {})["status"] == "cancelled"
            assert b"open" in cast(bytes, store.hget(keys.BREAKERS, model))


async def test_what_people_removed_stays_removed(broken: Stack, askers: list[Asker]) -> None:
    """Out of a selection, before its first word came: neither the words nor an undo bring it back."""
    project, file = make_file(broken, askers[0].token, "one two three four")
    broken.pause("ai-1")
    try:
        stream_id = await edit(askers[0], project, {"start": 4, "end": 14}, "openai/say-3-at-50ms")
        put(broken, askers[0].token, file, "one three four")
    finally:
        broken.resume("ai-1")
    await askers[0].whole(stream_id)
    await wait_until(lambda: get(broken, askers[0].token, file) == "one 0 1 2 four", "the words")
    for each in askers:
        await each.call("POST", f"/api/projects/{project}/ai/edits/{stream_id}/undo")
    await wait_until(lambda: get(broken, askers[0].token, file) == "one three four", "the undo")


async def test_undone_by_two_at_once(broken: Stack, askers: list[Asker]) -> None:
    """At two gateways, while somebody types: what was replaced comes back once."""
    project, file = make_file(broken, askers[0].token, "one two three")
    stream_id = await edit(askers[0], project, {"start": 4, "end": 7}, "openai/say-3")
    await askers[0].whole(stream_id)
    undo = f"/api/projects/{project}/ai/edits/{stream_id}/undo"
    answers = await asyncio.gather(*(askers[number % 2].call("POST", undo) for number in range(6)))
    assert {status for status, _ in answers} == {200}
    await wait_until(lambda: get(broken, askers[0].token, file) == "one two three", "the undo")


async def test_words_that_cannot_be_typed(broken: Stack, askers: list[Asker], upstream: Standins) -> None:
    """Then it ends as interrupted and says so, and no more words are asked for; nothing of the text is touched."""
    model = "say-5000-at-21ms"
    project, _ = make_file(broken, askers[0].token, "one two three")
    broken.pause("ai-1")
    try:
        stream_id = await edit(askers[0], project, {"start": 4, "end": 7}, f"openai/{model}")
        execute(
            broken,
            "UPDATE documents SET state = 'broken', parts = '' "
            "WHERE name = (SELECT document FROM ai_edits WHERE stream_id = %s)",
            stream_id,
        )
    finally:
        broken.resume("ai-1")
    reading = await askers[1].whole(stream_id)
    assert reading.done is not None
    assert (reading.done["status"], reading.done["error"]["kind"]) == ("interrupted", "server")
    (question,) = await asked_for(upstream, model)
    await wait_until(lambda: question.closed_at, "the provider to be left")
