"""The AI worker: takes streams, answers them at the same time, stops those that are cancelled, ends those of the dead.

queue ──next──► claim ──► Answer (one task each)             cancels ──► the task is cancelled
every second: a sign of life; streams that nobody took; streams of workers without a sign of life
"""

import asyncio
from collections import deque
from typing import Final
from uuid import UUID

import msgspec
import structlog

from schemas import streams as bodies
from schemas.streams import stream_topic
from schemas.unavailable import Unavailable
from store import keys, streams
from store.document_log import DocumentLog
from store.event_log import EventLog
from store.limits import STREAM_RECORDS_KEPT
from store.postgres import Postgres
from store.stream_queue import StreamQueue, Waiting
from store.streams import StreamRow
from store.subscriber import Subscriber
from store.teller import tell
from workers.ai.patience import FINISH_SECONDS
from workers.ai.pen import Pen
from workers.ai.routing import Router
from workers.ai.run import STOPPING, Answer, done_record
from workers.ai.settle import Ending, settle

logger = structlog.get_logger("workers.ai")
AT_ONCE: Final = 500
"""Streams of one process: they mostly wait for providers. Others wait in the queue."""
LOOK_SECONDS: Final = 1.0
UNTAKEN_SECONDS: Final = 2.0
"""Then a worker died with the stream in its hand, or Redis was away: it is pushed again."""
UNTOLD_SECONDS: Final = 5.0
TELL_PAUSE_SECONDS: Final = 0.05
"""Between two runs of the teller, each some milliseconds: answers that end together are told together."""
BATCH: Final = 100


class Desk:
    """One per process."""

    def __init__(
        self,
        name: str,
        postgres: Postgres,
        events: EventLog,
        documents: DocumentLog,
        queue: StreamQueue,
        redis_url: str,
        router: Router,
    ) -> None:
        """`name` is this process' own, never used by another one."""
        self._name = name
        self._postgres = postgres
        self._events = events
        self._documents = documents
        self._queue = queue
        self._waiting = Waiting(redis_url)
        self._cancels = Subscriber(redis_url, keys.STREAM_CANCELS)
        self._pen = Pen(events)
        self._router = router
        self._answering: dict[UUID, asyncio.Task[None]] = {}
        self._cancelled: deque[UUID] = deque(maxlen=BATCH)
        """Streams that were cancelled and are not answered here; perhaps their claim is on its way."""
        self._room = asyncio.Semaphore(AT_ONCE)
        self._settled = asyncio.Event()

    async def run(self) -> None:
        """Work for ever; cancel to stop: what is being answered may finish for a while, then it ends as interrupted."""
        tasks = [
            asyncio.create_task(self._pen.run()),
            asyncio.create_task(self._take()),
            asyncio.create_task(self._look()),
            asyncio.create_task(self._router.run()),
            asyncio.create_task(self._tell_chats()),
            asyncio.create_task(self._cancels.run(lambda: (), self._hear, lambda again: None)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except asyncio.CancelledError:
            tasks[1].cancel()
            if self._answering:
                await asyncio.wait(self._answering.values(), timeout=FINISH_SECONDS)
            raise
        finally:
            for task in tasks[1:]:
                task.cancel()
            for answer in self._answering.values():
                answer.cancel(STOPPING)
            await asyncio.gather(*self._answering.values(), *tasks[1:], return_exceptions=True)
            tasks[0].cancel()
            await self._waiting.close()

    async def _take(self) -> None:
        while True:
            await self._room.acquire()
            taken = False
            try:
                stream_id = await self._waiting.next()
                taken = stream_id is not None and await self._begin(stream_id)
            except Unavailable as error:
                logger.warning("streams cannot be taken", reason=str(error))
                await asyncio.sleep(LOOK_SECONDS)
            finally:
                if not taken:
                    self._room.release()

    async def _begin(self, stream_id: UUID) -> bool:
        row = await streams.claim(self._postgres, stream_id, self._name)
        if row is None:
            return False
        answer = Answer(row, self._name, self._postgres, self._pen, self._documents, self._router)
        task = asyncio.create_task(answer.run())
        await asyncio.sleep(0)  # cancelled before its first step a task never runs, and the stream would not end
        self._answering[stream_id] = task
        task.add_done_callback(lambda done: self._ended(stream_id, done))
        if row.cancel_asked or stream_id in self._cancelled:
            task.cancel()
        return True

    def _ended(self, stream_id: UUID, task: "asyncio.Task[None]") -> None:
        del self._answering[stream_id]
        self._room.release()
        self._settled.set()
        if not task.cancelled() and task.exception() is not None:
            # Its row says `running` until this worker has ended; then another one interrupts it.
            logger.error("settling failed", stream=str(stream_id), exc_info=task.exception())

    async def _tell_chats(self) -> None:
        """Chats hear at once that an answer has ended (0016_chats.sql); otherwise the next sweep tells them."""
        while True:
            await self._settled.wait()
            self._settled.clear()
            try:
                while await tell(self._postgres, self._events):
                    pass
            except Unavailable as error:
                logger.warning("telling postponed", reason=str(error))
            await asyncio.sleep(TELL_PAUSE_SECONDS)

    def _hear(self, kind: bytes, channel: bytes, data: object) -> None:
        if kind == b"message" and isinstance(data, bytes):
            stream_id = UUID(data.decode())
            if (task := self._answering.get(stream_id)) is not None:
                task.cancel()
            else:
                self._cancelled.append(stream_id)

    async def _look(self) -> None:
        while True:
            try:
                await self._queue.live(self._name)
                for stream_id in await streams.list_queued(self._postgres, UNTAKEN_SECONDS, BATCH):
                    await self._queue.push(stream_id)
                living = [*await self._queue.living(), self._name]
                for row in await streams.list_running(self._postgres, living, BATCH):
                    await self._interrupt(row)
                for row in await streams.list_untold(self._postgres, UNTOLD_SECONDS, BATCH):
                    await self._tell(row)
            except Unavailable as error:
                logger.warning("cannot look after streams", reason=str(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def _interrupt(self, row: StreamRow) -> None:
        """End what a dead worker was answering, with all that was shown."""
        text, thought, model, why, sources = await shown(self._events, row)
        ending = Ending(
            "interrupted", text, thought, None, model, why, usage=None, error=None, first_token_at=None, sources=sources
        )
        priced = None if model is None else self._router.model(model)
        if await settle(self._postgres, row, row.worker or "", ending, priced) is not None:
            logger.warning("stream interrupted", stream=str(row.id), worker=row.worker)
            found = await streams.find_stream(self._postgres, row.id)
            if found is not None:
                await self._tell(found)

    async def _tell(self, row: StreamRow) -> None:
        usage = None if row.usage is None else msgspec.convert(row.usage, bodies.Usage)
        error = None if row.error is None else msgspec.convert(row.error, bodies.Problem)
        record = msgspec.json.encode(done_record(row.status, row.reason, usage, error))
        await self._events.append(stream_topic(row.id), [record], STREAM_RECORDS_KEPT)
        await streams.mark_told(self._postgres, row.id)


async def shown(events: EventLog, row: StreamRow) -> tuple[str, str, str | None, str | None, tuple[bodies.Source, ...]]:
    """What a stream's log has: (text, thought, model, why, sources). Raises StoreUnavailable."""
    said: dict[str, list[str]] = {"ai.delta": [], "ai.thought": []}
    model = why = None
    sources: tuple[bodies.Source, ...] = ()
    after = row.log_begin
    while records := (await events.read(stream_topic(row.id), after)).records:
        for each in records:
            record = msgspec.json.decode(each.payload, type=bodies.Record)
            if record.event in said:
                said[record.event].append(str(record.data["text"]))
            elif record.event == "ai.started":
                model, why = record.data.get("model"), record.data.get("why")
            elif record.event == "ai.sources":
                sources = msgspec.convert(record.data["sources"], tuple[bodies.Source, ...])
        after = records[-1].number
    return "".join(said["ai.delta"]), "".join(said["ai.thought"]), model, why, sources
