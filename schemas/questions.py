"""What gateways ask one another on behalf of administrators, and what they answer. Kept by store/questions.py.

Gateways of different versions run side by side for a while: who does not understand a question does not answer it.
"""

from typing import Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct


class HowAreYou(Struct, frozen=True, tag="how are you"):
    """Answered by Condition."""


class WhichRooms(Struct, frozen=True, tag="which rooms"):
    """Those whose name comes after `after`, the first `limit` of them. Answered by Rooms."""

    after: str
    limit: int


class SendAway(Struct, frozen=True, tag="send away"):
    """Everybody in a project's documents is asked to come back. Answered by SentAway."""

    project_id: UUID


class WhoWasRefused(Struct, frozen=True, tag="who was refused"):
    """By the rate limits, lately. Answered by Refusals."""


Question = HowAreYou | WhichRooms | SendAway | WhoWasRefused


class Asked(Struct, frozen=True):
    """A question on its way. `id` names where the answers go."""

    id: str
    by: str
    question: Question


class Condition(Struct, frozen=True):
    """How one gateway is."""

    checks: dict[str, str]
    """`ok`, or what is wrong, by part."""
    connections: int
    documents: int
    oldest_unsaved_seconds: float


class Room(Struct, frozen=True, array_like=True):
    """A document that one gateway has open."""

    document: str
    peers: int
    durable: bool


class Rooms(Struct, frozen=True):
    """In the order of their names."""

    rooms: list[Room]


class SentAway(Struct, frozen=True):
    """How many connections were asked."""

    connections: int


class Refusal(Struct, frozen=True):
    """Somebody whom a rate limit refuses."""

    limit: str
    who: Literal["user", "address", "account"]
    subject: str
    times: int
    at: float
    """The last time, as Unix time in seconds."""
    until: float


class Refusals(Struct, frozen=True):
    """The last one first."""

    refusals: list[Refusal]


AnswerT = TypeVar("AnswerT", Condition, Rooms, SentAway, Refusals)
Answer = Condition | Rooms | SentAway | Refusals

encode_question = msgspec.json.Encoder().encode
decode_question = msgspec.json.Decoder(Asked).decode
