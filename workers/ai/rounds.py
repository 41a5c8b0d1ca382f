"""What an AI worker looks after every second, beside answering: its own streams, and those of which nobody takes care.

a sign of life ──► own streams: cancelled? ended by others? ──► stop
              └──► untaken ──► queue        of the dead ──► interrupted        ended untold ──► the log says so
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog

from schemas.streams import Record, Source, stream_topic
from schemas.unavailable import Unavailable
from store import streams
from store.event_log import EventLog
from store.postgres import Postgres
from store.stream_ends import tell_end
from store.stream_queue import ALIVE_SECONDS, StreamQueue
from store.streams import StreamRow
from workers.ai.pen import Pen
from workers.ai.pulse import Pulse
from workers.ai.routing import Router
from workers.ai.run import LOST
from workers.ai.settle import Ending, settle

logger = structlog.get_logger("workers.ai")
LOOK_SECONDS: Final = 1.0
UNTAKEN_SECONDS: Final = 2.0
"""Then a worker died with the stream in its hand, or Redis was away: it is pushed again."""
UNTOLD_SECONDS: Final = 5.0
BATCH: Final = 100

Stop = Callable[[UUID, str | None], None]
"""Stops one of one's own answers; why, unless somebody asked for it."""
Look = Callable[[Collection[UUID], Stop], Awaitable[None]]


class Rounds:
    """One per process; `run` is its task."""

    def __init__(
        self,
        name: str,
        postgres: Postgres,
        events: EventLog,
        queue: StreamQueue,
        router: Router,
        pen: Pen,
        pulse: Pulse,
    ) -> None:
        self._name = name
        self._postgres = postgres
        self._events = events
        self._queue = queue
        self._router = router
        self._pen = pen
        self._pulse = pulse
        self._judges_from = 0.0
        """When it may take others for dead: after Redis was away, they need a moment to say that they live."""
        self._doubtful: dict[str | UUID, float] = {}
        """Since when there is no sign at all of a worker that has streams: it may be that Redis was emptied. And since
        when a stream is this worker's that it does not answer: the claim's answer may be on its way, or got lost."""
        self._has_lived = False

    async def run(self, own: Collection[UUID], stop: Stop) -> None:
        """Look for ever; cancel to stop. `own`: what is being answered here."""
        async with asyncio.TaskGroup() as group:
            # Apart: a worker that waits for PostgreSQL lives, and its answers go on.
            group.create_task(self._repeat(own, stop, self._live))
            group.create_task(self._repeat(own, stop, self._look_after_own, self._look_after_others))

    async def _repeat(self, own: Collection[UUID], stop: Stop, *looks: Look) -> None:
        while True:
            for look in looks:
                try:
                    await look(own, stop)
                except Unavailable as error:
                    logger.warning("cannot look after streams", reason=str(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def _live(self, own: Collection[UUID], stop: Stop) -> None:
        now = time.monotonic()
        try:
            is_first = await self._queue.live(self._name)
        except Unavailable:
            self._judges_from = time.monotonic() + ALIVE_SECONDS
            raise
        if not self._pulse.is_steady:
            self._judges_from = time.monotonic() + ALIVE_SECONDS
            await self._look_after_own(own, stop)  # the others may have ended some: first of all these stop
        self._pulse.beat(now)
        if is_first and self._has_lived:
            self._pen.begin_anew()
        self._has_lived = True

    async def _look_after_own(self, own: Collection[UUID], stop: Stop) -> None:
        """Stop what is cancelled, also when nobody could say so; and what is not one's own any more."""
        if not (mine := list(own)):
            return
        found = await streams.list_own(self._postgres, mine, self._name)
        for stream_id in mine:
            if stream_id not in found:
                stop(stream_id, LOST)
            elif found[stream_id]:
                stop(stream_id, None)

    async def _look_after_others(self, own: Collection[UUID], stop: Stop) -> None:
        await self._queue.push_missing(await streams.list_queued(self._postgres, UNTAKEN_SECONDS, BATCH))
        for row in await self._orphans(own):
            await self._interrupt(row)
        for row in await streams.list_untold(self._postgres, UNTOLD_SECONDS, BATCH):
            if row.id not in own:
                await tell_end(self._postgres, self._events, row, None)

    async def _orphans(self, own: Collection[UUID]) -> list[StreamRow]:
        """Streams whose worker is dead, or does not know of them."""
        signs, now = await self._queue.signs(), time.monotonic()
        living = [name for name, is_fresh in signs.items() if is_fresh and name != self._name]
        rows = await streams.list_running(self._postgres, living, list(own), BATCH)
        doubtful = {_doubt(row, self._name) for row in rows} - (signs.keys() - {self._name})
        self._doubtful = {each: self._doubtful.get(each, now) for each in doubtful}
        sure = [row for row in rows if now - self._doubtful.get(_doubt(row, self._name), 0.0) > ALIVE_SECONDS]
        return sure if now >= self._judges_from else []

    async def _interrupt(self, row: StreamRow) -> None:
        """End what a dead worker was answering, with all that was shown."""
        text, thought, model, why, sources, number = await shown(self._events, row)
        ending = Ending(
            "interrupted", text, thought, None, model, why, usage=None, error=None, first_token_at=None, sources=sources
        )
        priced = None if model is None else self._router.model(model)
        if await settle(self._postgres, row, row.worker or "", ending, priced) is not None:
            logger.warning("stream interrupted", stream=str(row.id), worker=row.worker)
            found = await streams.find_stream(self._postgres, row.id)
            if found is not None:
                await tell_end(self._postgres, self._events, found, number)


def _doubt(row: StreamRow, name: str) -> str | UUID:
    return row.id if row.worker == name else row.worker or ""


async def shown(events: EventLog, row: StreamRow) -> tuple[str, str, str | None, str | None, tuple[Source, ...], int]:
    """What a stream's log has: (text, thought, model, why, sources, its last number). Raises StoreUnavailable."""
    said: dict[str, list[str]] = {"ai.delta": [], "ai.thought": []}
    told: dict[str, Any] = {}
    sources: tuple[Source, ...] = ()
    after = row.log_begin
    while records := (await events.read(stream_topic(row.id), after)).records:
        for each in records:
            record = msgspec.json.decode(each.payload, type=Record)
            if record.event in said:
                said[record.event].append(str(record.data["text"]))
            elif record.event == "ai.started":
                told = record.data
            elif record.event == "ai.sources":
                sources = msgspec.convert(record.data["sources"], tuple[Source, ...])
            elif record.event == "ai.state":
                told, said = record.data, {"ai.delta": [record.data["text"]], "ai.thought": [record.data["thought"]]}
        after = records[-1].number
    return "".join(said["ai.delta"]), "".join(said["ai.thought"]), told.get("model"), told.get("why"), sources, after
