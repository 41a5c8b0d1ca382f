"""The AI worker: takes streams, answers them at the same time, and stops those that are cancelled.

queue ──next──► claim ──► Answer (one task each)             cancels, rounds.py ──► the task is cancelled
"""

import asyncio
from collections import deque
from contextlib import suppress
from functools import partial
from typing import Final
from uuid import UUID

import structlog

from rooms.slices import Turns
from schemas.unavailable import Unavailable
from store import keys, streams
from store.document_log import DocumentLog
from store.event_log import EventLog
from store.postgres import Postgres
from store.stream_queue import StreamQueue, Waiting
from store.subscriber import Subscriber
from store.teller import tell
from workers.ai.hand import Hand
from workers.ai.patience import END_SECONDS, FINISH_SECONDS
from workers.ai.pen import Pen
from workers.ai.pulse import Pulse
from workers.ai.rounds import LOOK_SECONDS, Rounds
from workers.ai.routing import Router
from workers.ai.run import LOST, STOPPING, Answer

logger = structlog.get_logger("workers.ai")
AT_ONCE: Final = 500
"""Streams of one process: they mostly wait for providers. Others wait in the queue."""
TELL_PAUSE_SECONDS: Final = 0.05
"""Between two runs of the teller, each some milliseconds: answers that end together are told together."""
CANCELS_KEPT: Final = 100
"""Of streams whose claim may be on its way."""


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
        self._queue = queue
        self._waiting = Waiting(redis_url)
        self._cancels = Subscriber(redis_url, keys.STREAM_CANCELS)
        pulse = Pulse()
        self._pen = Pen(events, pulse)
        self._hands = partial(Hand, postgres, documents, Turns(), pulse)
        self._rounds = Rounds(name, postgres, events, queue, router, self._pen, pulse)
        self._router = router
        self._answering: dict[UUID, asyncio.Task[None]] = {}
        self._answers: dict[UUID, Answer] = {}
        self._cancelled: deque[UUID] = deque(maxlen=CANCELS_KEPT)
        """Streams that were cancelled and are not answered here; perhaps their claim is on its way."""
        self._room = asyncio.Semaphore(AT_ONCE)
        self._settled = asyncio.Event()

    async def run(self) -> None:
        """Work for ever; cancel to stop: what is being answered may finish for a while, then it ends as interrupted."""
        tasks = [
            asyncio.create_task(self._pen.run()),
            asyncio.create_task(self._take()),
            asyncio.create_task(self._rounds.run(self._answering.keys(), self._stop)),
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
            for stream_id in self._answering:
                self._stop(stream_id, STOPPING)
            await asyncio.wait({*self._answering.values(), *tasks[1:]}, timeout=END_SECONDS)
            tasks[0].cancel()
            await self._waiting.close()
            with suppress(Unavailable):
                await self._queue.leave(self._name)

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
        # The breakers, which the answer needs next, are read meanwhile.
        row, _ = await asyncio.gather(
            streams.claim(self._postgres, stream_id, self._name), self._router.circuits.cooling()
        )
        if row is None:
            return False
        answer = Answer(row, self._name, self._postgres, self._pen, self._hands, self._router)
        task = asyncio.create_task(answer.run())
        await asyncio.sleep(0)  # cancelled before its first step a task never runs, and the stream would not end
        self._answering[stream_id], self._answers[stream_id] = task, answer
        task.add_done_callback(lambda done: self._ended(stream_id, done))
        if row.cancel_asked or stream_id in self._cancelled:
            self._stop(stream_id)
        return True

    def _stop(self, stream_id: UUID, why: str | None = None) -> None:
        """Once is enough: a second time would disturb what it does to stop."""
        if (task := self._answering.get(stream_id)) is None:
            return
        if why == LOST:
            self._answers[stream_id].lose()
        if not task.cancelling():
            task.cancel(why)

    def _ended(self, stream_id: UUID, task: "asyncio.Task[None]") -> None:
        del self._answering[stream_id], self._answers[stream_id]
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
            if stream_id in self._answering:
                self._stop(stream_id)
            else:
                self._cancelled.append(stream_id)
