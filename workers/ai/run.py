"""One answer, from its row to its end: asks models, writes what they say, and settles it.

    claimed ──► plan ──► ask ──Heard──► pen ──► the stream's log
                          │ └─ failed before the first token: the next candidate
                          └─ cancelled: the provider's connection closes, the stream ends as cancelled

Safe to repeat: only the worker that claimed a stream writes its end, and only once.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec
import structlog

from ai_router.formats.port import Ask
from ai_router.heard import Delta, Failed, Finished, Heard, Thought, Usage
from schemas import streams as bodies
from schemas.streams import Asked, EditPlan, Record, stream_topic
from store import streams
from store.document_log import DocumentLog
from store.postgres import Postgres
from store.streams import StreamRow
from workers.ai.hand import Hand
from workers.ai.pen import Pen

logger = structlog.get_logger("workers.ai")
Answering = Callable[[Ask], AsyncIterator[Heard]]


@dataclass(frozen=True, slots=True)
class Choice:
    """A model to ask: `name` is ours (`provider/model`), `why` a sentence for people."""

    name: str
    why: str
    model: str
    ask: Answering


STOPPING: Final = "stopping"
"""Why a worker that ends cancels its answers; whatever else cancels them was asked for."""

Choose = Callable[[StreamRow, Asked], list[Choice]]
"""Candidates in the order in which they are asked; never empty."""


@dataclass(slots=True)
class Told:
    """What was heard so far."""

    text: list[str] = field(default_factory=list)
    thought: list[str] = field(default_factory=list)
    usage: bodies.Usage | None = None
    first_token_at: datetime | None = None
    reason: str | None = None
    failure: Failed | None = None
    choice: Choice | None = None


class Answer:
    """One stream that this worker answers."""

    def __init__(
        self, row: StreamRow, worker: str, postgres: Postgres, pen: Pen, documents: DocumentLog, choose: Choose
    ) -> None:
        self.id: UUID = row.id
        self._row = row
        self._worker = worker
        self._postgres = postgres
        self._pen = pen
        self._documents = documents
        self._hand: Hand | None = None
        """Types the answer into a document, if it shall."""
        self._typing: asyncio.Task[None] | None = None
        self._plan: EditPlan | None = None
        self._choose = choose
        self._topic = stream_topic(row.id)
        self._told = Told()

    async def run(self) -> None:
        """Returns when the stream has ended. Cancel the task to cancel the stream."""
        status = "done"
        try:
            asked = msgspec.json.decode(self._row.asked, type=Asked)
            self._plan = asked.edit
            for choice in self._choose(self._row, asked):
                if await self._try(choice, asked):
                    break
            if self._told.failure is not None:
                status = "interrupted" if self._told.first_token_at else "failed"
        except asyncio.CancelledError as cancelled:
            status = "interrupted" if cancelled.args == (STOPPING,) else "cancelled"
        except Exception:
            logger.exception("answering failed", stream=str(self.id))
            self._told.failure = Failed("server", "Atrium made a mistake; its log says more")
            status = "interrupted" if self._told.first_token_at else "failed"
        await asyncio.shield(asyncio.ensure_future(self._end(status)))

    async def _try(self, choice: Choice, asked: Asked) -> bool:
        """Ask one candidate; False where another may be asked."""
        told = self._told
        told.choice, told.failure = choice, None
        heard = choice.ask(Ask(choice.model, asked.turns, asked.max_tokens, asked.temperature))
        try:
            async for each in heard:
                self._hear(each)
        finally:
            await heard.aclose()  # type: ignore[attr-defined]
        return self._told.failure is None or self._told.first_token_at is not None

    def _hear(self, heard: Heard) -> None:
        told, pen, topic = self._told, self._pen, self._topic
        match heard:
            case Delta(text) | Thought(text):
                if told.first_token_at is None:
                    told.first_token_at = datetime.now(UTC)
                    self._note_start()
                is_answer = isinstance(heard, Delta)
                (told.text if is_answer else told.thought).append(text)
                pen.say(topic, "ai.delta" if is_answer else "ai.thought", text)
                if is_answer and self._hand is not None:
                    self._hand.say(text)
            case Usage():
                told.usage = bodies.Usage(heard.input, heard.output, heard.reasoning, heard.cached, heard.cost)
            case Finished(reason):
                told.reason = reason
            case Failed():
                told.failure = heard

    def _note_start(self) -> None:
        choice = self._told.choice
        assert choice is not None
        self._pen.note(self._topic, Record("ai.started", {"model": choice.name, "why": choice.why}))
        if self._plan is not None:
            self._hand = Hand(self._postgres, self._documents, self._plan, self.id, choice.name)
            self._typing = asyncio.create_task(self._hand.run())

    async def _end(self, status: str) -> None:
        if self._hand is not None and self._typing is not None:
            self._hand.finish()
            await self._typing
        await self._settle(status)

    async def _settle(self, status: str) -> None:
        told = self._told
        error = None if told.failure is None else bodies.Problem(told.failure.kind, told.failure.message)
        ended = await streams.end_stream(
            self._postgres,
            self.id,
            self._worker,
            status=status,
            text="".join(told.text),
            thought="".join(told.thought),
            reason=told.reason,
            model=told.choice.name if told.choice else None,
            why=told.choice.why if told.choice else None,
            usage=None if told.usage is None else msgspec.json.encode(told.usage).decode(),
            error=None if error is None else msgspec.json.encode(error).decode(),
            first_token_at=told.first_token_at,
        )
        if ended:
            self._pen.note(self._topic, done_record(status, told.reason, told.usage, error))
            await self._pen.written()
            await streams.mark_told(self._postgres, self.id)
        logger.info("stream ended", stream=str(self.id), status=status, model=told.choice.name if told.choice else None)


def done_record(status: str, reason: str | None, usage: bodies.Usage | None, error: bodies.Problem | None) -> Record:
    """The last record of a stream."""
    data = {"status": status, "reason": reason, "usage": usage, "error": error}
    return Record("ai.done", {name: value for name, value in data.items() if value is not None})
