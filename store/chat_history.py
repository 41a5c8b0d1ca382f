"""What a model is given of a chat: the path from its root to a message, whoever answered before.

Read by the gateway, which reckons what the answer may cost, and again by the AI worker: messages never change, so a
stream names the message, and holds no copy of what was said. Turns are provider-neutral, so every answer may come from
another model. Too long a path loses its beginning. What a model's context holds is the router's to see.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from schemas.conversation import Image, Part, Text, Turn
from store.chat_messages import SaidRow, list_path
from store.chat_summaries import SummaryRow, find_summary
from store.postgres import Queries

HISTORY_MESSAGES: Final = 200
"""Of one question: more than any model makes sense of."""
HISTORY_CHARACTERS: Final = 400_000
"""Some 100,000 tokens: what large contexts hold."""
HISTORY_PICTURE_BYTES: Final = 20 << 20
"""In base64: what one request to a provider may hold."""

_pictures = msgspec.json.Decoder(tuple[Image, ...])


class Place(NamedTuple):
    """A message of the path."""

    id: UUID
    depth: int
    """Messages from the root to it, both counted."""


class History(NamedTuple):
    """What a model is given."""

    turns: tuple[Turn, ...]
    ends: tuple[Place, ...]
    """Of each turn, its last message."""
    left_out: int
    """Messages before them that it is not given."""
    answered_by: str | None
    """Which model gave the latest answer."""
    summary: SummaryRow | None
    """The one that says most of the path's beginning."""


async def history(db: Queries, message_id: UUID) -> History | None:
    """Up to a user's message; None where that is gone."""
    path = await list_path(db, message_id, HISTORY_MESSAGES)
    if not path:
        return None
    kept = fitting(path)
    answered_by = next((said.model for said in path if said.model is not None), None)
    spoken, ends = turns(reversed(kept))
    summary = await find_summary(db, [said.id for said in path])
    return History(spoken, ends, path[0].depth - len(kept), answered_by, summary)


def fitting(path: Sequence[SaidRow]) -> list[SaidRow]:
    """The latest of a path, itself the latest first, that fit; always the first, and a user's at the end."""
    kept: list[SaidRow] = []
    characters = picture_bytes = 0
    for said in path:
        characters += len(said.content)
        picture_bytes += len(said.pictures or "")
        if kept and (characters > HISTORY_CHARACTERS or picture_bytes > HISTORY_PICTURE_BYTES):
            break
        kept.append(said)
    while kept[-1].role == "assistant":
        kept.pop()
    return kept


def turns(said: Iterable[SaidRow]) -> tuple[tuple[Turn, ...], tuple[Place, ...]]:
    """As the other side gets it, and where each ends: what one said twice, because an answer failed, is one turn."""
    found: list[Turn] = []
    ends: list[Place] = []
    for each in said:
        pictures: tuple[Part, ...] = _pictures.decode(each.pictures) if each.pictures else ()
        parts = pictures + ((Text(each.content),) if each.content else ())
        speaker = "user" if each.role == "user" else "assistant"
        if not parts:
            continue  # an answer that failed before it said anything
        if found and found[-1].speaker == speaker:
            found[-1] = Turn(speaker, (*found[-1].parts, Text("\n\n"), *parts))
            ends[-1] = Place(each.id, each.depth)
        else:
            found.append(Turn(speaker, parts))  # type: ignore[arg-type]  # one of two literals
            ends.append(Place(each.id, each.depth))
    return tuple(found), tuple(ends)
