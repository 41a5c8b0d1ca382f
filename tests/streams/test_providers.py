"""Every provider's format through the whole of Atrium: asked over HTTP, answered by a stand-in, read as a stream."""

import asyncio
import time

import pytest

from loadtest.standins.dialect import ASKED
from loadtest.standins.script import word
from loadtest.standins.server import DIALECTS, MODELS, Standins
from tests.streams.reader import Asker
from tests.streams.upstreams import asked_for, asker, questions, wait_listed
from tests.support.stack import Stack
from tests.support.waiting import wait_for

LISTED_WITHIN = 0.02
"""Seconds in which the list of models shall be there."""
CLOSED_WITHIN = 0.1
"""Seconds from a cancel to the end of the provider's connection."""
each_provider = pytest.mark.parametrize("provider", list(DIALECTS))


def said(tokens: int) -> str:
    """What a stand-in says in so many tokens."""
    return "".join(word(number) for number in range(tokens))


@each_provider
async def test_a_whole_answer(provider: str, someone: Asker) -> None:
    """All of the text, and the usage as the provider counted it: never the sum of its parts."""
    async with someone.ask(prompt="Hello", model=f"{provider}/say-20-at-2ms") as events:
        reading = await events.to_end()
    assert (reading.done or {})["status"] == "done", reading.done
    assert reading.text.strip() == said(20).strip()
    assert reading.records[0]["data"]["model"] == f"{provider}/say-20-at-2ms"
    _, stream = await someone.call("GET", f"/api/ai/streams/{reading.stream_id}")
    assert (stream["text"], stream["reason"]) == (reading.text, "stop")
    assert (stream["usage"]["input"], stream["usage"]["output"]) == (ASKED, 20)


@each_provider
@pytest.mark.parametrize("wish", ["split", "twice"])
async def test_odd_ways_to_say_it(provider: str, wish: str, someone: Asker) -> None:
    """Byte by byte, or begun twice: the answer is the same, once."""
    async with someone.ask(prompt="Hello", model=f"{provider}/say-12-{wish}") as events:
        reading = await events.to_end()
    assert (reading.done or {})["status"] == "done", reading.done
    assert reading.text.strip() == said(12).strip()
    assert reading.done is not None
    assert reading.done["usage"]["output"] == 12


@each_provider
@pytest.mark.parametrize("fault", ["stall", "alive", "error", "reset", "torn"])
async def test_broken_in_the_middle(provider: str, fault: str, someone: Asker, standins: Standins) -> None:
    """Once a token was shown nobody else is asked: the stream ends as interrupted, with what was shown."""
    model = f"say-9-{fault}-4"
    before = len([each for each in questions(standins, model) if each.dialect == provider])
    async with someone.ask(prompt="Hello", model=f"{provider}/{model}") as events:
        reading = await events.to_end()
    assert reading.done is not None
    assert reading.done["status"] == "interrupted", reading.done
    assert reading.text.strip() == said(4).strip()
    assert reading.done["error"]["kind"] in ("timeout", "overloaded", "network", "server"), reading.done
    after = [each for each in questions(standins, model) if each.dialect == provider]
    assert len(after) == before + 1
    _, stream = await someone.call("GET", f"/api/ai/streams/{reading.stream_id}")
    assert (stream["status"], stream["text"]) == ("interrupted", reading.text)


@each_provider
async def test_cancelling_closes_the_connection(provider: str, asked_stack: Stack, standins: Standins) -> None:
    """The provider stops being heard at once; the stream ends as cancelled, with the usage that was told by then."""
    model = "say-900-at-5ms"
    someone = asker(asked_stack)
    async with someone.ask(prompt="Hello", model=f"{provider}/{model}") as events:
        await events.until(5)
        (asked,) = [each for each in questions(standins, model) if each.dialect == provider]
        cancelled = time.monotonic()
        await someone.call("POST", f"/api/ai/stream/{events.stream_id}/cancel")
        reading = await events.to_end()
    assert (reading.done or {})["status"] == "cancelled"
    await asyncio.to_thread(_left, asked.over)
    assert asked.closed_at is not None
    took = asked.closed_at - cancelled
    print(f"{provider} closed {took * 1e3:.0f} ms after the cancel (goal {CLOSED_WITHIN * 1e3:.0f} ms)")
    assert took < 10 * CLOSED_WITHIN
    assert len(asked.sent) < 900
    _, stream = await someone.call("GET", f"/api/ai/streams/{reading.stream_id}")
    assert (stream["status"], stream["text"]) == ("cancelled", reading.text)
    if provider in ("anthropic", "gemini"):  # they tell the input at the start
        assert stream["usage"]["input"] == ASKED


async def test_leaving_cancels_nothing(someone: Asker, standins: Standins) -> None:
    """Everybody leaves in the middle; the answer is there, whole, for who comes back."""
    stream_id = await someone.begin(prompt="Hello", model="openai/say-70-at-5ms")
    (asked,) = await asked_for(standins, "say-70-at-5ms")
    await asyncio.to_thread(_left, asked.over)
    assert asked.closed_at is None
    reading = await someone.whole(stream_id)
    assert (reading.done or {})["status"] == "done"
    assert reading.text.strip() == said(70).strip()


async def test_the_list(asked_stack: Stack, someone: Asker) -> None:
    """Who gives a list is reachable, with all its models, also those of later pages."""
    _, found = await someone.call("GET", "/api/ai/models")
    assert {each["name"]: each["reachable"] for each in found["providers"]} == dict.fromkeys(DIALECTS, True)
    names = {each["name"] for each in found["items"]}
    listed = [provider for provider in DIALECTS if provider != "perplexity"]
    assert {f"{provider}/{model}" for provider in listed for model in MODELS} | {"perplexity/sonar"} <= names


async def test_a_name_that_is_in_no_list(someone: Asker) -> None:
    """A known provider is asked for any name; what it does not know it says itself. Others are unknown here."""
    async with someone.ask(prompt="Hello", model="anthropic/say-3") as events:
        assert ((await events.to_end()).done or {})["status"] == "done"
    for model in ("anthropic/nothing", "nobody/nothing"):
        async with someone.ask(prompt="Hello", model=model) as events:
            reading = await events.to_end()
        assert reading.done is not None
        assert (reading.done["status"], reading.done["error"]["kind"]) == ("failed", "not-found")


async def test_a_long_history_is_cut(someone: Asker, standins: Standins) -> None:
    """The oldest turns go, `ai.started` says how many, and the last question is asked whole."""
    turn = {"parts": [{"type": "text", "text": "history " * 300}]}
    history = [{"speaker": speaker, **turn} for _ in range(30) for speaker in ("user", "assistant")]
    last = {"speaker": "user", "parts": [{"type": "text", "text": "What did I say?"}]}
    async with someone.ask(messages=[*history, last], model="cohere/say-20-at-5ms") as events:  # 8,192 tokens
        reading = await events.to_end()
    assert (reading.done or {})["status"] == "done"
    dropped = reading.records[0]["data"]["dropped"]
    assert 0 < dropped < len(history)
    asked = [each for each in questions(standins, "say-20-at-5ms") if each.dialect == "cohere"][-1]
    assert len(asked.body["messages"]) == len(history) + 1 - dropped
    assert "What did I say?" in str(asked.body["messages"][-1])


def test_the_list_comes_from_memory(asked_stack: Stack) -> None:
    """Asking for it asks no provider."""
    wait_listed(asked_stack, *DIALECTS)
    token = asked_stack.guest()
    took = []
    for _ in range(20):
        began = time.monotonic()
        asked_stack.call("/api/ai/models", token=token, expect=200)
        took.append(time.monotonic() - began)
    print(f"the list took {sorted(took)[10] * 1e3:.1f} ms (goal {LISTED_WITHIN * 1e3:.0f} ms)")
    assert min(took) < 5 * LISTED_WITHIN


def _left(over: asyncio.Event) -> None:
    wait_for(over.is_set, "the end of the provider's connection")
