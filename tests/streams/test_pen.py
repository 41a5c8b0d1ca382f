"""What the pen writes, whatever happens to the log: all that was said, once, in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from schemas.streams import Record, done_record
from store.event_log import EventLog
from store.limits import EVENT_RECORD_BYTES
from store.stream_ends import whole
from workers.ai.pen import Pen
from workers.ai.pulse import Pulse

LONG = "😀\x01" * 200_000
"""Each character takes four or six bytes in JSON."""


class Speaker:
    """One stream of a pen."""

    def __init__(self, pen: Pen, topic: str, begin: int) -> None:
        self.pen, self.topic, self.begin, self.said = pen, topic, begin, ""
        pen.begin(topic, begin, self._whole)

    def say(self, text: str) -> None:
        """As run.py does."""
        self.said += text
        self.pen.say(self.topic, "ai.delta", text)

    def _whole(self) -> list[Record]:
        return whole(self.said, "", None, None, [])


@asynccontextmanager
async def speaking(events: EventLog, name: str, pulse: Pulse | None = None) -> AsyncIterator[Speaker]:
    pen, topic = Pen(events, pulse or Pulse(lambda: 0.0)), f"stream:{name}"
    await events.forget(topic)
    running = asyncio.create_task(pen.run())
    try:
        yield Speaker(pen, topic, await events.number(topic))
    finally:
        running.cancel()


async def read(events: EventLog, topic: str, after: int) -> str:
    """What a reader has who had nothing before."""
    text = ""
    while records := (await events.read(topic, after)).records:
        for each in records:
            record = msgspec.json.decode(each.payload, type=Record)
            text = ("" if record.event == "ai.state" else text) + record.data.get("text", f" {record.event}")
        after = records[-1].number
    return text


@pytest.mark.parametrize("count", [1, 3])
async def test_long_texts(events: EventLog, count: int) -> None:
    """However much comes at once: it becomes several records, none of which is too large."""
    async with speaking(events, f"pen-long-{count}") as speaker:
        for _ in range(count):
            speaker.say(LONG)
        await speaker.pen.written()
        assert await read(events, speaker.topic, speaker.begin) == LONG * count


async def test_a_record_that_is_too_large(events: EventLog) -> None:
    """As hundreds of addresses of a provider are: it is left out, and everything else is written, also anew."""
    async with speaking(events, "pen-large") as speaker:
        speaker.say("one ")
        speaker.pen.note(speaker.topic, Record("ai.sources", {"text": "x" * EVENT_RECORD_BYTES}))
        speaker.say("two")
        await speaker.pen.written()
        assert await read(events, speaker.topic, speaker.begin) == "one two"


async def test_an_answer_that_got_lost(events: EventLog) -> None:
    """Redis had written, and nobody knows: readers have everything once all the same, the end included."""
    async with speaking(events, "pen-answer") as speaker:
        speaker.say("one ")
        await speaker.pen.written()
        unknown = msgspec.json.encode(Record("ai.delta", {"text": "two "}))
        await events.append(speaker.topic, [unknown])
        speaker.say("two ")
        speaker.say("three")
        speaker.pen.note(speaker.topic, done_record("done", None, None, None))
        await speaker.pen.written()
        assert await read(events, speaker.topic, speaker.begin) == "one two three ai.done"


async def test_said_while_it_is_written_anew(events: EventLog) -> None:
    """Words that come in the middle of it are there once."""
    async with speaking(events, "pen-anew") as speaker:
        for number in range(300):
            speaker.say(f"{number} ")
            if number % 50 == 25:
                speaker.pen.begin_anew()
            if number % 50 == 40:
                await events.append(speaker.topic, [b'{"event":"ai.delta","data":{"text":"?"}}'])
            await asyncio.sleep(0)
        await speaker.pen.written()
        assert await read(events, speaker.topic, speaker.begin) == speaker.said


async def test_taken_for_dead(events: EventLog) -> None:
    """Without a sign of life nothing is written; and nothing ever of a stream that somebody else ended meanwhile."""
    now = 0.0
    pulse = Pulse(lambda: now)
    async with speaking(events, "pen-dead", pulse) as speaker:
        other = Speaker(speaker.pen, "stream:pen-dead-2", await events.number("stream:pen-dead-2"))
        now = 10.0
        speaker.say("late")
        other.say("late")
        assert not pulse.is_steady
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(speaker.pen.written(), 0.3)
        speaker.pen.end(speaker.topic)
        pulse.beat(now)
        await speaker.pen.written()
        assert await read(events, speaker.topic, speaker.begin) == ""
        assert await read(events, other.topic, other.begin) == "late"
