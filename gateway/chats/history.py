"""What a model is given of a chat: the path from its root to a message, whoever answered before. Used by saying.py.

Turns are provider-neutral, so every answer may come from another model. Too long a path loses its beginning; how many
messages that were is kept with the answer. What a model's context holds is the router's to see.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from schemas.conversation import Image, Part, Text, Turn
from store.chat_messages import SaidRow, list_path
from store.postgres import Queries

HISTORY_MESSAGES: Final = 200
"""Of one question: more than any model makes sense of."""
HISTORY_CHARACTERS: Final = 400_000
"""Some 100,000 tokens: what large contexts hold; each question stores its own."""
HISTORY_PICTURE_BYTES: Final = 20 << 20
"""In base64: what one request to a provider may hold."""

_pictures = msgspec.json.Decoder(tuple[Image, ...])


class History(NamedTuple):
    """What a model is given."""

    turns: tuple[Turn, ...]
    left_out: int
    """Messages before them that it is not given."""
    answered_by: str | None
    """Which model gave the latest answer."""


async def history(db: Queries, message_id: UUID) -> History:
    """Up to a user's message."""
    path = await list_path(db, message_id, HISTORY_MESSAGES)
    kept = fitting(path)
    answered_by = next((said.model for said in path if said.model is not None), None)
    return History(turns(reversed(kept)), path[0].depth - len(kept), answered_by)


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


def turns(said: Iterable[SaidRow]) -> tuple[Turn, ...]:
    """As the other side gets it: what one said twice, because an answer failed, is one turn."""
    found: list[Turn] = []
    for each in said:
        pictures: tuple[Part, ...] = _pictures.decode(each.pictures) if each.pictures else ()
        parts = pictures + ((Text(each.content),) if each.content else ())
        speaker = "user" if each.role == "user" else "assistant"
        if not parts:
            continue  # an answer that failed before it said anything
        if found and found[-1].speaker == speaker:
            found[-1] = Turn(speaker, (*found[-1].parts, Text("\n\n"), *parts))
        else:
            found.append(Turn(speaker, parts))  # type: ignore[arg-type]  # one of two literals
    return tuple(found)
