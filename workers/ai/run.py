"""One answer, from its row to its end: asks models, writes what they say, and settles it.

    claimed ──► plan ──► ask ──Heard──► pen ──► the stream's log
                          │ └─ failed before the first token: the next candidate
                          ├─ cancelled: the provider's connection closes, the stream ends as cancelled
                          └─ it cannot be typed where it belongs: closes as well, the stream ends as interrupted

Safe to repeat: only the worker that claimed a stream writes its end, and only once.
"""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec
import structlog

from ai_router.choice import Candidate, Nothing
from ai_router.fit import Fitted, TooLong
from ai_router.formats.refusals import failed
from ai_router.heard import Again, Delta, Failed, Finished, Heard, Sources, Thought, Usage
from ai_router.models import Model
from ai_router.retry import Attempt, GiveUp, Next, Retry, after
from schemas import streams as bodies
from schemas.streams import Asked, EditPlan, Record, done_record, stream_topic
from schemas.unavailable import Unavailable
from store import streams
from store.postgres import Postgres
from store.stream_ends import whole
from store.streams import ClaimedRow
from workers.ai.hand import Hand
from workers.ai.own_keys import OwnKey
from workers.ai.pen import Pen
from workers.ai.recall import Recall
from workers.ai.routing import Router
from workers.ai.settle import Ending, settle

logger = structlog.get_logger("workers.ai")
STOPPING: Final = "stopping"
"""Why a worker that ends cancels its answers; whatever else cancels them was asked for."""
LOST: Final = "lost"
"""Why an answer is cancelled that has an end already: others took this worker for dead."""
WAIT_SECONDS: Final = 1.0
"""Between two tries to write an end down."""

Hands = Callable[[EditPlan, UUID, str], Hand]
"""Makes who types an answer into a document: where, the stream, and the model that is to be shown."""


@dataclass(slots=True)
class Told:
    """What was heard so far."""

    text: list[str] = field(default_factory=list)
    thought: list[str] = field(default_factory=list)
    usage: bodies.Usage | None = None
    sources: tuple[bodies.Source, ...] = ()
    first_token_at: datetime | None = None
    waited: float | None = None
    """Seconds for it, of the model that answered."""
    again: bool = False
    """No provider was asked: it was answered before."""
    reason: str | None = None
    failure: Failed | None = None
    candidate: Candidate | None = None
    fitted: Fitted | None = None
    chosen: str | None = None
    """Whom the plan began with; `propensity`: how probable that was."""
    propensity: float = 1.0


class Answer:
    """One stream that this worker answers."""

    def __init__(
        self, row: ClaimedRow, worker: str, postgres: Postgres, pen: Pen, hands: Hands, router: Router
    ) -> None:
        self.id: UUID = row.id
        self._row = row
        self._worker = worker
        self._postgres = postgres
        self._pen = pen
        self._hands = hands
        self._hand: Hand | None = None
        """Types the answer into a document, if it shall."""
        self._typing: asyncio.Task[None] | None = None
        self._plan: EditPlan | None = None
        self._router = router
        self._topic = stream_topic(row.id)
        self._told = Told()
        self._is_settled = self._is_lost = False
        self._recall = Recall(postgres, router, row)

    async def run(self) -> None:
        """Returns when the stream has ended. Cancel the task to cancel the stream."""
        self._pen.begin(self._topic, self._row.log_begin, self._whole)
        try:
            ending = asyncio.ensure_future(self._end(await self._answer()))
            while not ending.done():
                with suppress(asyncio.CancelledError):  # it has an end already
                    await asyncio.shield(ending)
            ending.result()
        finally:
            self._pen.end(self._topic)

    async def _answer(self) -> str:
        """The status with which it ends."""
        try:
            asked = await self._recall.read(msgspec.json.decode(self._row.asked, type=Asked))
            if asked is None:
                self._told.failure = failed("not-found", "the chat is gone")
            else:
                self._plan = asked.edit
                await self._ask_in_turn(asked)
        except asyncio.CancelledError as cancelled:
            return "interrupted" if cancelled.args in ((STOPPING,), (LOST,)) else "cancelled"
        except Exception as error:  # noqa: BLE001  logged
            self._told.failure = self._explained(error)
        if self._told.failure is None:
            return "done"
        return "interrupted" if self._told.first_token_at else "failed"

    def lose(self) -> None:
        """Others ended it, unless it did so itself: from this moment on nothing is written or typed. Then cancel the
        task, with LOST."""
        if self._is_settled:
            return
        self._is_lost = True
        self._pen.end(self._topic)
        if self._typing is not None:
            self._typing.cancel()

    async def _ask_in_turn(self, asked: Asked) -> None:
        """The one retry loop; what it decides stands in ai_router/retry.py."""
        told, chance = self._told, random.Random()
        plan, own = await self._router.plan(self._row, asked)
        if isinstance(plan, Nothing):
            told.failure = failed(plan.kind, plan.why)
            return
        told.chosen, told.propensity = plan.candidates[0].model.name, plan.propensity
        attempt, begun = Attempt(), time.monotonic()
        while True:
            told.failure = await self._try(plan.candidates[attempt.candidate], asked, own)
            if told.failure is None:
                return
            decision = after(
                plan.candidates,
                attempt,
                told.failure,
                shown=told.first_token_at is not None,
                elapsed=time.monotonic() - begun,
                rng=chance,
            )
            match decision:
                case Retry(seconds, attempt):
                    await asyncio.sleep(seconds)
                case Next(attempt):
                    pass
                case GiveUp():
                    return

    async def _try(self, candidate: Candidate, asked: Asked, own: Mapping[str, OwnKey]) -> Failed | None:
        """Ask one candidate; why it did not answer to the end, if so."""
        told, circuits = self._told, self._router.circuits
        again = told.failure if told.candidate is candidate else None
        told.candidate, told.usage = None, None  # a summary, which may come first, is charged by itself
        told.sources, told.again = (), False
        fitted = await self._recall.fitted(candidate, asked, own)
        told.candidate = candidate
        if isinstance(fitted, TooLong):
            return failed("too-long", f"the question has {fitted.tokens} tokens, and there is room for {fitted.room}")
        told.fitted = fitted
        if not await circuits.permit(candidate):
            return again or failed("overloaded", "it failed repeatedly and is left alone for a while")
        failure: Failed | None = None
        begun = time.monotonic()
        heard = self._router.ask(self._row.user_id, candidate, fitted, asked, own)
        try:
            async for each in heard:
                if isinstance(each, Failed):
                    failure = each
                    break
                was_silent = told.first_token_at is None
                self._hear(each)
                if was_silent and told.first_token_at is not None and not told.again:
                    told.waited = time.monotonic() - begun
                    await circuits.succeeded(candidate)
        finally:
            await heard.aclose()  # type: ignore[attr-defined]
            if failure is None and (told.first_token_at is None or told.again):
                await circuits.released(candidate)  # it was cancelled, had nothing to say, or nobody was asked
        if failure is not None and told.first_token_at is None:
            await circuits.failed(candidate, failure)
        if failure is not None:
            await self._router.learn_failure(candidate, self._row, failure)
        return failure

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
                if is_answer and self._hand is not None and self._typing is not None:
                    if self._typing.done():
                        self._typing.result()  # raises why it gave up
                    self._hand.say(text)
            case Usage():
                told.usage = bodies.Usage(heard.input, heard.output, heard.reasoning, heard.cached, heard.cost)
            case Sources(found):
                told.sources = found
                if told.first_token_at is not None:
                    self._note_sources()
            case Again():
                told.again = True
            case Finished(reason):
                told.reason = reason
            case Failed():
                raise AssertionError("`_try` keeps it")

    def _note_start(self) -> None:
        candidate, fitted = self._told.candidate, self._told.fitted
        assert candidate is not None and fitted is not None
        data = {"model": candidate.model.name, "why": candidate.why}
        left_out = {"dropped": fitted.dropped, "pictures_dropped": fitted.pictures_dropped}
        left_out = {name: n for name, n in left_out.items() if n}
        self._pen.note(self._topic, Record("ai.started", data | left_out | self._recall.told))
        if self._told.sources:
            self._note_sources()
        if self._plan is not None:
            self._hand = self._hands(self._plan, self.id, candidate.model.name)
            self._typing = asyncio.create_task(self._hand.run())

    def _note_sources(self) -> None:
        self._pen.note(self._topic, Record("ai.sources", {"sources": self._told.sources}))

    async def _end(self, status: str) -> None:
        if self._hand is not None and self._typing is not None:
            self._hand.finish()
            try:
                await self._typing
            except asyncio.CancelledError:
                pass  # of the hand: somebody else ended the stream
            except Exception as error:  # noqa: BLE001  logged
                self._told.failure = self._told.failure or self._explained(error)
                status = "interrupted" if status == "done" else status
        await self._settle(status)

    def _explained(self, error: Exception) -> Failed:
        if isinstance(error, Unavailable):
            logger.warning("answering ends", stream=str(self.id), reason=str(error))
            return Failed("server", "a store of Atrium was away for too long")
        logger.error("answering failed", stream=str(self.id), exc_info=error)
        return Failed("server", "Atrium made a mistake; its log says more")

    async def _settle(self, status: str) -> None:
        told, candidate, why = self._told, self._told.candidate, self._told.failure
        ending = Ending(
            status=status,
            text="".join(told.text),
            thought="".join(told.thought),
            reason=told.reason,
            model=candidate.model.name if candidate else None,
            why=candidate.why if candidate else None,
            usage=told.usage,
            error=None if why is None else bodies.Problem(why.kind, why.message, why.retry_after),
            first_token_at=told.first_token_at,
            sources=told.sources,
            own_key=candidate is not None and candidate.key == "own",
            again=told.again,
        )
        model = candidate.model if candidate else None
        settled = await self._write_end(ending, model)
        if settled is not None:
            self._is_settled = True
            self._pen.note(self._topic, done_record(status, told.reason, settled.usage, settled.error))
            await self._pen.written()
            if not self._is_lost:  # otherwise, or if this fails, somebody else tells it
                with suppress(Unavailable):
                    await streams.mark_told(self._postgres, self.id)
            if status == "done" and candidate is not None and settled.usage is not None and not told.again:
                await self._router.learn(candidate, self._row, told.waited, settled.usage.cost)
        self._log_end(status)

    def _whole(self) -> list[Record]:
        """All that was said, as the beginning of a log; see pen.py."""
        told, candidate = self._told, self._told.candidate
        model, why = (candidate.model.name, candidate.why) if candidate else (None, None)
        return whole("".join(told.text), "".join(told.thought), model, why, told.sources)

    async def _write_end(self, ending: Ending, model: Model | None) -> Ending | None:
        """See settle.py. Waits while PostgreSQL is away: nobody else knows what was said."""
        while True:
            try:
                return await settle(self._postgres, self._row, self._worker, ending, model)
            except Unavailable as away:
                logger.warning("an end waits", stream=str(self.id), reason=str(away))
                await asyncio.sleep(WAIT_SECONDS)

    def _log_end(self, status: str) -> None:
        told = self._told
        logger.info(
            "stream ended",
            stream=str(self.id),
            status=status,
            model=told.candidate.model.name if told.candidate else None,
            chosen=told.chosen,
            propensity=round(told.propensity, 6),
            failure=told.failure.kind if told.failure else None,
        )
