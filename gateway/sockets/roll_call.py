"""A gateway's answers to what administrators ask of all gateways, and its own questions to the others.

    administrator ──► ask ──► its own answer ──────────────────────────────┐
                        └──► store/questions.py ──► hear_question elsewhere └──► all answers, and who was silent

Called by routes/admin.py and routes/admin_rooms.py; heard from store/announcements.py.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from heapq import nsmallest
from typing import Final, Generic, Protocol, assert_never, runtime_checkable
from uuid import UUID

import msgspec
import structlog

from gateway.health import Health
from gateway.sockets.connection import Connection
from gateway.sockets.drain import send_away
from gateway.sockets.hall import Hall
from gateway.turned_away import TurnedAway
from rooms.committer import Committer
from schemas import questions as q
from schemas.ids import new_id
from schemas.unavailable import Unavailable
from store.questions import Questions
from store.registry import Registry

logger = structlog.get_logger("gateway.sockets")
AT_ONCE: Final = 8
"""Questions that are answered at the same time; one more stays without an answer."""
REFUSALS_TOLD: Final = 200
"""Of one gateway, some 150 bytes each."""


@runtime_checkable
class Seated(Protocol):
    """What is live in a document, of either dialect; others who follow a project have no connection of their own."""

    connection: Connection


@dataclass(frozen=True, slots=True)
class Answers(Generic[q.AnswerT]):
    """What the gateways said, by name, and the names of those that are live and said nothing."""

    by: Mapping[str, q.AnswerT]
    silent: list[str]


class RollCall:
    """One per gateway."""

    def __init__(
        self,
        name: str,
        questions: Questions,
        registry: Registry,
        hall: Hall,
        committer: Committer,
        health: Health,
        turned_away: TurnedAway,
    ) -> None:
        self._name = name
        self._questions = questions
        self._registry = registry
        self._hall = hall
        self._committer = committer
        self._health = health
        self._turned_away = turned_away
        self._answering = 0

    async def ask(self, question: q.Question, kind: type[q.AnswerT]) -> Answers[q.AnswerT]:
        """Ask all live gateways, this one included. Raises Unavailable."""
        others = {gateway.id for gateway in await self._registry.live()} - {self._name}
        question_id = new_id().hex
        asked = q.encode_question(q.Asked(question_id, self._name, question))
        own, said = await asyncio.gather(self._answer(question), self._questions.ask(question_id, asked, others))
        answers = {self._name: msgspec.convert(own, kind, from_attributes=True)}
        for name, answer in said.items():
            answers[name] = msgspec.json.decode(answer, type=kind)
        return Answers(answers, sorted(others - answers.keys()))

    # What is announced

    def hear_question(self, asked: bytes) -> None:
        """Somebody asks."""
        try:
            question = q.decode_question(asked)
        except msgspec.DecodeError as error:
            logger.info("question is not understood", reason=str(error))
            return
        if question.by == self._name or self._hall.draining:
            return
        if self._answering == AT_ONCE:
            logger.warning("too many questions at once", by=question.by)
            return
        self._answering += 1
        self._hall.start(self._tell(question))

    async def _tell(self, asked: q.Asked) -> None:
        try:
            answer = await self._answer(asked.question)
            await self._questions.answer(asked.id, self._name, msgspec.json.encode(answer))
        except Unavailable as error:
            logger.info("could not answer", by=asked.by, reason=str(error))
        finally:
            self._answering -= 1

    # Answers

    async def _answer(self, question: q.Question) -> q.Answer:
        match question:
            case q.HowAreYou():
                return await self.condition()
            case q.WhichRooms(after, limit):
                return self._rooms(after, limit)
            case q.SendAway(project_id):
                return self._send_away(project_id)
            case q.WhoWasRefused():
                return self.refusals()
        assert_never(question)

    async def condition(self) -> q.Condition:
        """How this gateway is."""
        report = await self._health.report()
        return q.Condition(
            checks=dict(report.checks),
            connections=self._hall.figures.connections,
            documents=sum(1 for _ in self._hall.documents),
            oldest_unsaved_seconds=self._committer.oldest_unsaved,
        )

    def refusals(self) -> q.Refusals:
        """Whom this gateway's rate limits refuse now."""
        told = self._turned_away.at_limit(time.time())[:REFUSALS_TOLD]
        return q.Refusals(
            [q.Refusal(each.limit, each.who, each.subject, each.times, each.at, each.until) for each in told]
        )

    def _rooms(self, after: str, limit: int) -> q.Rooms:
        later = (document for document in self._hall.documents if document.name > after)
        first = nsmallest(limit, later, key=lambda document: document.name)
        return q.Rooms([q.Room(each.name, len(each.peers), each.is_durable) for each in first])

    def _send_away(self, project_id: UUID) -> q.SentAway:
        connections: dict[Connection, None] = {}
        for live in self._hall.watch.in_project(project_id):
            if isinstance(live, Seated) and not live.connection.closing:
                connections[live.connection] = None
        logger.info("sending away", project=str(project_id), connections=len(connections))
        self._hall.start(send_away(list(connections)))
        return q.SentAway(len(connections))
