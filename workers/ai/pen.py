"""Writes what models say into their streams' logs: beginnings and ends at once, the rest merged for some milliseconds.

    answers ──say──► waiting, by stream ──one append for all──► logs ──► every reader

One per process. While Redis is away everything waits here, and is written on its return, in order.
"""

import asyncio
from contextlib import suppress
from typing import Final

import msgspec
import structlog

from schemas.streams import Record
from schemas.unavailable import Unavailable
from store.event_log import EventLog
from store.limits import STREAM_RECORDS_KEPT

logger = structlog.get_logger("workers.ai")
MERGE_SECONDS: Final = 0.025
"""Between two appends of a process, unless a stream begins or ends: tokens come every 5 to 20 ms, each append costs
every reader a write, and forty of them a second look like one movement."""
RETRY_SECONDS: Final = 0.2
TEXT_MAX: Final = 32 << 10
"""Characters of one record; more, after Redis was away, become several."""

_encode = msgspec.json.Encoder().encode
Said = tuple[str, str]
"""(event, text)"""


class Pen:
    """`run` is its task."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._waiting: dict[str, list[Record | Said]] = {}
        self._wake = asyncio.Event()
        self._urgent = asyncio.Event()
        """Somebody waits for what is to be written: it is not merged with what follows."""
        self._written: list[asyncio.Future[None]] = []

    def say(self, topic: str, event: str, text: str) -> None:
        """More text; merged with what is said right behind it."""
        waiting = self._waiting.setdefault(topic, [])
        if waiting and isinstance(last := waiting[-1], tuple) and last[0] == event and len(last[1]) < TEXT_MAX:
            waiting[-1] = (event, last[1] + text)
        else:
            waiting.append((event, text))
        self._wake.set()

    def note(self, topic: str, record: Record) -> None:
        """A record of its own: at once, with what was said before it, and what is said before anything else happens."""
        self._waiting.setdefault(topic, []).append(record)
        self._hurry()

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
            self._wake.clear()
            self._urgent.clear()
            waiting, self._waiting = self._waiting, {}
            written, self._written = self._written, []
            batch = [(topic, [_encoded(each) for each in said]) for topic, said in waiting.items()]
            while batch:
                try:
                    await self._log.append_all(batch, STREAM_RECORDS_KEPT)
                    break
                except Unavailable as error:
                    logger.warning("streams wait", reason=str(error), streams=len(batch))
                    await asyncio.sleep(RETRY_SECONDS)
            for future in written:
                if not future.done():
                    future.set_result(None)
            with suppress(TimeoutError):
                async with asyncio.timeout(MERGE_SECONDS):
                    await self._urgent.wait()

    def _hurry(self) -> None:
        self._wake.set()
        self._urgent.set()


def _encoded(each: Record | Said) -> bytes:
    return _encode(Record(each[0], {"text": each[1]}) if isinstance(each, tuple) else each)  # type: ignore[arg-type]
