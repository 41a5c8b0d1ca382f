"""Any number of readers, joining at any time: each sees every token once, in order."""

import asyncio
import random

import pytest

from tests.streams.reader import Asker
from tests.support.stack import Stack
from tests.support.waiting import wait_until

PROMPT = "one two three four five six seven eight nine ten " * 3


@pytest.fixture
def askers(stack: Stack) -> list[Asker]:
    """The same user at each gateway."""
    token = stack.guest()
    return [Asker(url, token) for url in stack.urls]


async def test_an_answer_streams(askers: list[Asker]) -> None:
    """The built-in model says what it is; the response ends with how it ended, and the row has all of it."""
    async with askers[0].ask(prompt=PROMPT) as events:
        reading = await events.to_end()
    assert reading.records[0] == {"event": "ai.started", "data": reading.records[0]["data"]}
    assert reading.records[0]["data"]["model"] == "demo/echo"
    assert reading.done is not None
    assert reading.done["status"] == "done"
    assert reading.text.endswith(PROMPT.strip()), "the demo repeats what it was asked"
    assert len([each for each in reading.records if each["event"] == "ai.delta"]) > 10, "word by word"
    status, stream = await askers[1].call("GET", f"/api/ai/streams/{reading.stream_id}")
    assert (status, stream["status"], stream["text"]) == (200, "done", reading.text)
    assert stream["usage"]["output"] > 10


async def test_an_answer_is_a_job(askers: list[Asker], stack: Stack) -> None:
    """Who was told 202 asks how far it is, and stops it, by its id; nobody else does."""
    stream_id = await askers[0].begin(prompt=PROMPT * 30)
    status, job = await askers[1].call("GET", f"/api/jobs/{stream_id}")
    assert (status, job["kind"], job["status"] in ("queued", "running"), job["error"]) == (200, "answer", True, None)
    status, _ = await askers[1].call("DELETE", f"/api/jobs/{stream_id}")
    assert status == 200
    assert ((await askers[0].whole(stream_id)).done or {})["status"] == "cancelled"
    for method in ("GET", "DELETE"):
        status, job = await askers[0].call(method, f"/api/jobs/{stream_id}")
        assert (status, job["id"], job["status"], job["topic"]) == (200, stream_id, "cancelled", f"stream:{stream_id}")
    status, stream = await askers[0].call("GET", job["url"])
    assert (status, stream["status"]) == (200, "cancelled")
    stranger = Asker(stack.urls[1], stack.guest())
    for method in ("GET", "DELETE"):
        status, _ = await stranger.call(method, f"/api/jobs/{stream_id}")
        assert status in (403, 404)


async def test_readers_join_drop_and_resume(askers: list[Asker]) -> None:
    """Any mix of joins, drops and resumes, at any gateway, sees exactly the stream."""
    random_ = random.Random(7)
    stream_id = await askers[0].begin(prompt=PROMPT)

    async def reader() -> str:
        await asyncio.sleep(random_.uniform(0, 0.5))
        text, after = "", None
        while True:
            async with random_.choice(askers).read(stream_id, after) as events:
                reading = await events.until(random_.randint(1, 8)) if random_.random() < 0.8 else await events.to_end()
            text += reading.text
            if reading.done:
                return text
            after = reading.numbers[-1]

    whole = (await askers[1].whole(stream_id)).text
    assert set(await asyncio.gather(*(reader() for _ in range(40)))) == {whole}
    assert (await askers[0].whole(stream_id)).text == whole, "also afterwards"


async def test_the_log_may_be_gone(askers: list[Asker], stack: Stack) -> None:
    """Long after the end, when Redis has forgotten the records, the row tells all."""
    async with askers[0].ask(prompt="short") as events:
        reading = await events.to_end()
    await wait_until(lambda: forget(stack, reading.stream_id), "the log to be gone")
    late = await askers[1].whole(reading.stream_id)
    assert late.text == reading.text
    assert late.done is not None
    assert late.done["status"] == "done"


async def test_a_repeated_request_is_the_same_stream(askers: list[Asker]) -> None:
    """One request_id, one stream, whichever gateway hears it, also at the same time; another question is refused."""
    ids = await asyncio.gather(*(askers[number % 2].begin(prompt="again", request_id="a-1") for number in range(10)))
    assert len(set(ids)) == 1
    status, problem = await askers[0].call("POST", "/api/ai/stream", {"prompt": "else", "request_id": "a-1"})
    assert (status, problem["type"]) == (409, "/problems#conflict")


async def test_the_same_question_again(askers: list[Asker], stack: Stack) -> None:
    """Who allows it gets the same answer again, at once and for nothing; nobody else does."""
    first = await askers[0].whole(await askers[0].begin(prompt="a cached question", cache=True))
    second = await askers[1].whole(await askers[1].begin(prompt="a cached question", cache=True))
    assert second.text == first.text
    assert (first.done or {})["usage"]["input"] == (second.done or {})["usage"]["input"]
    assert len(second.records) < len(first.records) / 2, "all words came together"
    _, lines = await askers[0].call("GET", "/api/ai/usage/answers")
    assert [(each["stream_id"] == first.stream_id, each["output"] > 0) for each in lines["items"]] == [
        (False, False),
        (True, True),
    ]
    other = Asker(stack.urls[0], stack.guest())
    for asker, body in ((askers[0], {}), (other, {"cache": True}), (askers[0], {"cache": True, "max_tokens": 7})):
        fresh = await asker.whole(await asker.begin(prompt="a cached question", **body))
        assert len(fresh.records) > len(first.records) / 2, "word by word"


async def test_cancelling(askers: list[Asker]) -> None:
    """Whoever reads learns that it was cancelled; what was said stays; a second cancel changes nothing."""
    async with askers[0].ask(prompt=PROMPT) as events:
        await events.until(5)
        status, _ = await askers[1].call("POST", f"/api/ai/stream/{events.stream_id}/cancel")
        assert status == 200
        reading = await events.to_end()
    assert reading.done is not None
    assert reading.done["status"] == "cancelled"
    status, stream = await askers[1].call("POST", f"/api/ai/stream/{reading.stream_id}/cancel")
    assert (stream["status"], stream["text"]) == ("cancelled", reading.text)
    assert 0 < len(reading.text) < len(PROMPT)


async def test_who_may_read(askers: list[Asker], stack: Stack) -> None:
    """Strangers may not; members of the stream's project may, and may not ask or cancel as viewers."""
    stranger = Asker(stack.urls[0], stack.guest())
    own = await askers[0].begin(prompt="mine")
    for method, path in (("GET", f"/api/ai/stream/{own}"), ("POST", f"/api/ai/stream/{own}/cancel")):
        assert (await stranger.call(method, path))[0] == 404
    assert await stranger.begin(prompt="x", messages=[])
    assert (await stranger.call("POST", "/api/ai/stream", {}))[0] == 422


def forget(stack: Stack, stream_id: str) -> bool:
    """Redis loses the log, once the row says that all was told."""
    import redis

    with redis.Redis.from_url(stack.redis_url) as client:
        client.delete(f"atrium:{{events}}:log:stream:{stream_id}", f"atrium:{{events}}:number:stream:{stream_id}")
        return True
