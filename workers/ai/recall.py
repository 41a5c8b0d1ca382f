"""What a model gets of a chat whose history does not fit it: the beginning is summarised, or cut, and the chat says so.

history ──fits──► as it is                              kept summary + rest ──fits──► that
   └─ does not ──► the old part to a summariser (ai_router/summariser.py) ──► kept with the chat, charged to who asked
                       └─ fails, takes too long, costs more than is set aside, demo/echo ──► cut
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Final

import msgspec
import structlog

from ai_router.choice import Candidate
from ai_router.cost import output_allowed, upper
from ai_router.fit import Fitted, Summarise, TooLong, fit, room_for, told_takes, with_summary
from ai_router.heard import Delta, Failed, Usage
from ai_router.known import ECHO
from ai_router.models import Model
from ai_router.summariser import output_of
from ai_router.tokens import tokens_of_all
from schemas import streams as bodies
from schemas.streams import Asked
from schemas.unavailable import Unavailable
from store import ai_holds, chat_summaries
from store.chat_history import History, history
from store.chat_summaries import SummaryRow
from store.postgres import Postgres
from store.streams import StreamRow
from workers.ai.own_keys import OwnKey
from workers.ai.routing import Router
from workers.ai.settle import Ending, settle_summary

logger = structlog.get_logger("workers.ai")
NO_HISTORY: Final = History((), (), 0, None, None)


class Recall:
    """Of one answer; outside of chats nothing is summarised."""

    def __init__(self, postgres: Postgres, router: Router, row: StreamRow) -> None:
        self._postgres = postgres
        self._router = router
        self._row = row
        self._history = NO_HISTORY
        self._summary: SummaryRow | None = None
        self._may_summarise = False
        self._noted: tuple[int, int] | None = None

    async def read(self, asked: Asked) -> Asked | None:
        """With all that was said before; None where the chat is gone. Raises StoreUnavailable."""
        if asked.message is None:
            return asked
        found = await history(self._postgres, asked.message)
        if found is None:
            return None
        self._history, self._summary, self._may_summarise = found, found.summary, True
        self._noted = found.left_out, 0
        return msgspec.structs.replace(asked, turns=found.turns)

    @property
    def told(self) -> dict[str, int]:
        """What a chat's readers learn of it: messages that the model was given nothing of, or a summary."""
        left_out, summarised = self._noted or (0, 0)
        return {name: n for name, n in (("left_out", left_out), ("summarised", summarised)) if n}

    async def fitted(self, candidate: Candidate, asked: Asked, own: Mapping[str, OwnKey]) -> Fitted | TooLong:
        """What of the history this model gets. Raises StoreUnavailable."""
        model = candidate.model
        room = room_for(model.context, output_allowed(model, asked.max_tokens))
        sees = "image" in model.abilities or model.name == ECHO.name
        if asked.message is None:
            found = fit(asked.turns, room, sees=sees)
            assert not isinstance(found, Summarise), "it was not asked for"
            return found
        whole = fit(asked.turns, room, sees=sees)
        has_room = isinstance(whole, Fitted) and not whole.dropped
        if isinstance(whole, Fitted) and has_room and not self._history.left_out:
            return await self._note(whole, 0)
        known = self._known_turns()
        text = None if self._summary is None else self._summary.text
        may = self._may_summarise and model.name != ECHO.name
        split = fit(asked.turns[known:], room, sees=sees, summary=text, summarise=may)
        if isinstance(whole, Fitted) and has_room and not (isinstance(split, Fitted) and split.tokens <= whole.tokens):
            return await self._note(whole, 0)  # no more than was set aside for
        if isinstance(split, Summarise):
            self._may_summarise = False  # one try for each answer: who asked is waiting
            made = await self._try_to_summarise(split, room, candidate, asked, own)
            if made is not None:
                return await self._note(made, known + made.summarised)
            split = fit(asked.turns[known:], room, sees=sees, summary=text)
            assert not isinstance(split, Summarise), "it was not asked for"
        return split if isinstance(split, TooLong) else await self._note(split, known + split.dropped)

    def _known_turns(self) -> int:
        """How many turns, from the first, the kept summary stands for."""
        depth = 0 if self._summary is None else self._summary.depth
        return sum(end.depth <= depth for end in self._history.ends)

    async def _note(self, fitted: Fitted, gone: int) -> Fitted:
        """Write down what is given where so many turns are not, if that is news."""
        before = self._history.ends[gone - 1].depth if gone else self._history.left_out
        given = before, 0
        if fitted.is_summary_told and self._summary is not None:
            stands_for = self._summary.depth - self._summary.left_out
            given = max(before - stands_for, 0), stands_for
        if given != self._noted:
            await chat_summaries.note_given(self._postgres, self._row.id, *given)
            self._noted = given
        return fitted

    async def _try_to_summarise(
        self, split: Summarise, room: int | None, candidate: Candidate, asked: Asked, own: Mapping[str, OwnKey]
    ) -> Fitted | None:
        try:
            return await self._summarised(split, room, candidate, asked, own)
        except Unavailable as away:
            logger.warning("a history is cut", stream=str(self._row.id), reason=str(away))
            return None

    async def _summarised(
        self, split: Summarise, room: int | None, candidate: Candidate, asked: Asked, own: Mapping[str, OwnKey]
    ) -> Fitted | None:
        """With a new summary, which is kept; None where there is none."""
        writes = await self._router.summariser(candidate, tokens_of_all(split.asking), split.tokens, own)
        output = output_of(writes.model, split.tokens)
        sent = fit(split.asking, room_for(writes.model.context, output), sees=False, summary=split.before)
        if not isinstance(sent, Fitted):
            return None
        most = tokens_of_all(split.rest) + told_takes(split.tokens)
        answered = most, output_allowed(candidate.model, asked.max_tokens)
        if candidate.key == "server" and not await self._is_paid(
            writes.model, (sent.tokens, output), candidate, answered
        ):
            return None
        text = await self._write(writes, sent, output, own)
        made = with_summary(split, text)
        if not text or made.tokens > most or (room is not None and made.tokens > room):
            return None
        last = self._history.ends[self._known_turns() + len(split.old) - 1]
        self._summary = SummaryRow(last.id, last.depth, text, self._unsaid(sent, split))
        await chat_summaries.keep_summary(self._postgres, last.id, text, writes.model.name, self._summary.left_out)
        return made

    def _unsaid(self, sent: Fitted, split: Summarise) -> int:
        """Messages of which the new summary says nothing: left out before, or too long for its writer."""
        known = self._known_turns()
        if self._summary is not None and sent.is_summary_told:
            lost = self._history.ends[known + sent.dropped - 1].depth - self._summary.depth if sent.dropped else 0
            return self._summary.left_out + lost
        gone = known + sent.dropped
        return self._history.ends[gone - 1].depth if gone else self._history.left_out

    async def _is_paid(
        self, model: Model, summary: tuple[int, int], candidate: Candidate, answer: tuple[int, int]
    ) -> bool:
        """Whether what is set aside (gateway/quota.py) is enough for a summary, and the answer after it."""
        held = await ai_holds.find_hold(self._postgres, self._row.id)
        cost = upper(model, _today(), *summary) + upper(candidate.model, _today(), *answer)
        return held is not None and cost <= held.nano_usd and sum(summary) + sum(answer) <= held.tokens

    async def _write(self, writes: Candidate, sent: Fitted, output: int, own: Mapping[str, OwnKey]) -> str:
        """What the summariser says; nothing where it fails. Charged, whatever becomes of it."""
        text: list[str] = []
        usage: Usage | None = None
        failure: Failed | None = None
        status = "cancelled"
        heard = self._router.ask(self._row.user_id, writes, sent, Asked(max_tokens=output), own)
        try:
            async with asyncio.timeout(self._router.patience.summary):
                async for each in heard:
                    match each:
                        case Delta(words):
                            text.append(words)
                        case Usage():
                            usage = each
                        case Failed():
                            failure = each
                        case _:
                            pass
            status = "failed" if failure is not None else "done"
        except TimeoutError:
            status = "interrupted"
        finally:
            await heard.aclose()  # type: ignore[attr-defined]
            # Cancelled, too, it costs what it took.
            await asyncio.shield(self._charge(writes, status, "".join(text), usage, sent.tokens))
        logger.info("summarised", stream=str(self._row.id), model=writes.model.name, status=status,
                    failure=failure.kind if failure else None)  # fmt: skip
        return "".join(text).strip() if status == "done" else ""

    async def _charge(self, writes: Candidate, status: str, text: str, usage: Usage | None, sent: int) -> None:
        said = None
        if usage is not None:
            said = bodies.Usage(usage.input, usage.output, usage.reasoning, usage.cached, usage.cost)
        ending = Ending(
            status, text, "", None, writes.model.name, None, said, None, None, own_key=writes.key == "own"
        )  # fmt: skip
        await settle_summary(self._postgres, self._row, ending, writes.model, sent)


def _today() -> date:
    return datetime.now(UTC).date()
