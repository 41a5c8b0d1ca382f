"""Writes what models say into their streams' logs: beginnings and ends at once, the rest with the next beat (beat.py).

    answers ──say──► waiting, by stream ──one write for all──► logs ──► every reader
                        ▲──── all that was said, anew ◄── a log lost something: Redis was emptied, or went back

One per process. While Redis is away everything waits here, and is written on its return, in order.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import msgspec
import structlog

from schemas.streams import Record
from schemas.unavailable import Unavailable
from store.event_log import EventLog, Written
from store.limits import EVENT_RECORD_BYTES, STREAM_RECORDS_KEPT
from store.stream_ends import TEXT_MAX, pieces
from workers.ai.beat import WRITE_SECONDS, next_beat
from workers.ai.pulse import Pulse

logger = structlog.get_logger("workers.ai")
RETRY_SECONDS: Final = 0.2
_encode = msgspec.json.Encoder().encode
Said = tuple[str, str]
"""(event, text)"""
Whole = Callable[[], list[Record]]
"""All that a stream has said by now, as the first records of a log."""


@dataclass(slots=True)
class _Log:
    whole: Whole
    number: int | None
    """Of its last record; None: it is begun anew."""


class Pen:
    """`run` is its task."""

    def __init__(self, log: EventLog, pulse: Pulse) -> None:
        self._log = log
        self._pulse = pulse
        self._logs: dict[str, _Log] = {}
        self._waiting: dict[str, list[Record | Said]] = {}
        self._wake = asyncio.Event()
        self._urgent = asyncio.Event()
        """Somebody waits for what is to be written: it is not merged with what follows."""
        self._written: list[asyncio.Future[None]] = []

    def begin(self, topic: str, number: int, whole: Whole) -> None:
        """From now on this pen writes this log, which ends at `number`, and nobody else does."""
        self._logs[topic] = _Log(whole, number)

    def end(self, topic: str) -> None:
        """No more; what waits is not written. Does nothing a second time."""
        self._logs.pop(topic, None)
        self._waiting.pop(topic, None)

    def say(self, topic: str, event: str, text: str) -> None:
        """More text; merged with what is said right behind it."""
        waiting = self._waiting.setdefault(topic, [])
        for piece in pieces(text):
            if waiting and isinstance(last := waiting[-1], tuple) and last[0] == event and len(last[1]) < TEXT_MAX:
                waiting[-1] = (event, last[1] + piece)
            else:
                waiting.append((event, piece))
        self._wake.set()

    def note(self, topic: str, record: Record) -> None:
        """A record of its own: at once, with what was said before it, and what is said before anything else happens."""
        if _fits(topic, record):
            self._waiting.setdefault(topic, []).append(record)
            self._hurry()

    def begin_anew(self) -> None:
        """Redis was emptied: write all that was said again."""
        for topic in self._logs:
            self._say_all_of(topic, [])

    async def written(self) -> None:
        """Returns when all that was said by now is in the logs."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._written.append(future)
        self._hurry()
        await future

    async def run(self) -> None:
        """Write for ever; cancel to stop."""
        while True:
            await self._wake.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(next_beat(WRITE_SECONDS)):
                    await self._urgent.wait()
            self._wake.clear()
            self._urgent.clear()
            waiting, self._waiting = self._waiting, {}
            written, self._written = self._written, []
            if await self._write(waiting):
                for future in written:
                    if not future.done():
                        future.set_result(None)
            else:
                self._written = written + self._written

    def _hurry(self) -> None:
        self._wake.set()
        self._urgent.set()

    async def _write(self, waiting: dict[str, list[Record | Said]]) -> bool:
        """Whether all of it is in the logs; otherwise some are to be begun anew."""
        encoded = {topic: [_encoded(each) for each in said] for topic, said in waiting.items()}
        while batch := [
            Written(topic, records, self._logs[topic].number)
            for topic, records in encoded.items()
            if topic in self._logs
        ]:
            try:
                self._pulse.check()
                numbers = await self._log.write(batch, STREAM_RECORDS_KEPT)
                break
            except Unavailable as error:
                logger.warning("streams wait", reason=str(error), streams=len(batch))
                await asyncio.sleep(RETRY_SECONDS)
        else:
            return True
        for (topic, _, _), number in zip(batch, numbers, strict=True):
            if topic in self._logs and number is not None:
                self._logs[topic].number = number
            elif topic in self._logs:
                logger.warning("a stream is written anew", topic=topic)
                self._say_all_of(topic, waiting[topic])
        return None not in numbers

    def _say_all_of(self, topic: str, unwritten: list[Record | Said]) -> None:
        """Instead of what waits; only the end is no part of what was said."""
        log = self._logs[topic]
        log.number = None
        ends = [
            each
            for each in (*unwritten, *self._waiting.get(topic, ()))
            if isinstance(each, Record) and each.event == "ai.done"
        ]
        self._waiting[topic] = [*(each for each in log.whole() if _fits(topic, each)), *ends]
        self._hurry()


def _fits(topic: str, record: Record) -> bool:
    """Whether a log takes it: readers do without one that a provider made too large, rather than without the worker."""
    if (size := len(_encode(record))) > EVENT_RECORD_BYTES:
        logger.error("a record is too large", topic=topic, record=record.event, bytes=size)
    return size <= EVENT_RECORD_BYTES


def _encoded(each: Record | Said) -> bytes:
    return _encode(Record(each[0], {"text": each[1]}) if isinstance(each, tuple) else each)  # type: ignore[arg-type]
