"""What a model that searches rests its answer on, told to every kind of reader. The stand-in is Perplexity's."""

from typing import Any

import openai

from loadtest.standins.relatives import FOUND
from store import streams
from store.event_log import EventLog
from store.postgres import open_pool
from store.redis import connect
from tests.chats.people import Chatter
from tests.rest.databases import execute
from tests.streams.reader import Asker, Reading
from tests.support.stack import Stack
from workers.ai.rounds import shown

MODEL = "perplexity/say-6"
SOURCES = [{"url": url, "title": title} for url, title in FOUND.items()]
FIRST = [{"url": SOURCES[0]["url"]}]


def told(reading: Reading) -> list[Any]:
    """The sources that a reader heard of, each time."""
    return [each["data"]["sources"] for each in reading.records if each["event"] == "ai.sources"]


async def test_streams(someone: Asker, asked_stack: Stack) -> None:
    """Whoever reads, from the beginning or later: once for each change, behind `ai.started`; then they stand in the
    stream, and a worker that ends it for a dead one finds them in its log."""
    async with someone.ask(prompt="Which papers?", model=MODEL, cache=True) as events:
        reading = await events.to_end()
    assert told(reading) == [FIRST, SOURCES]
    assert [each["event"] for each in reading.records][:2] == ["ai.started", "ai.sources"]
    assert told(await someone.whole(reading.stream_id)) == [FIRST, SOURCES]
    _, stream = await someone.call("GET", f"/api/ai/streams/{reading.stream_id}")
    assert [each["url"] for each in stream["sources"]] == list(FOUND)
    assert [each["title"] for each in stream["sources"]] == list(FOUND.values())

    async with someone.ask(prompt="Which papers?", model=MODEL, cache=True) as events:
        again = await events.to_end()
    assert (told(again), again.text) == ([SOURCES], reading.text)

    redis = connect(asked_stack.redis_url)
    async with open_pool(asked_stack.database_url) as postgres:
        row = await streams.find_stream(postgres, stream["id"])
        assert row is not None
        *_, found, _ = await shown(EventLog(redis), row)
    await redis.aclose()
    assert [each.url for each in found] == list(FOUND)


async def test_others_have_none(someone: Asker) -> None:
    """Of models that do not search nobody hears of sources."""
    async with someone.ask(prompt="Hello", model="openai/say-6") as events:
        reading = await events.to_end()
    assert told(reading) == []
    _, stream = await someone.call("GET", f"/api/ai/streams/{reading.stream_id}")
    assert stream["sources"] == []


async def test_chats(someone: Asker, asked_stack: Stack) -> None:
    """A message has them, and they go with it."""
    chatter = Chatter(asked_stack.urls[0], someone.token)
    chat = await chatter.chat()
    said = await chatter.say(chat["id"], "Which papers?", model=MODEL)
    assert [each["url"] for each in said["assistant"]["sources"]] == list(FOUND)
    assert said["user"]["sources"] == []
    await chatter.ok("DELETE", f"/api/chats/{chat['id']}", status=204)
    rows = execute(asked_stack.database_url, "SELECT sources, text FROM streams WHERE id = %s", said["stream_id"])
    assert rows == [(None, "")]


async def test_openai_clients(someone: Asker, asked_stack: Stack) -> None:
    """`/v1` has them as Perplexity has: in `citations`, which other answers do not have."""
    asked: Any = {"model": MODEL, "messages": [{"role": "user", "content": "Which papers?"}]}
    async with openai.AsyncOpenAI(base_url=f"{asked_stack.urls[0]}/v1", api_key=someone.token, max_retries=0) as client:
        whole = await client.chat.completions.create(**asked)
        assert (whole.model_extra or {})["citations"] == list(FOUND)
        chunks = [each async for each in await client.chat.completions.create(**asked, stream=True)]
        cited = [each.model_extra["citations"] for each in chunks if each.model_extra]
        assert cited == [list(FOUND)[:1], list(FOUND)]
        assert "".join(each.choices[0].delta.content or "" for each in chunks) == whole.choices[0].message.content
        other = await client.chat.completions.create(**(asked | {"model": "openai/say-6"}))
        assert "citations" not in (other.model_extra or {})
