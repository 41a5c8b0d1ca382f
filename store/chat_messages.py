"""Messages of chats, and what people said of them: one function per query. Called by gateway/chats.

An answer's text is not here: it is read from its stream, so it stands in one place, and is there in the same moment in
which a worker ends the stream.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from store.postgres import Queries


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message, with its stream's columns where it is an answer."""

    id: UUID
    chat_id: UUID
    parent_id: UUID | None
    seq: int
    depth: int
    role: str
    user_id: UUID | None
    content: str
    pictures: int
    stream_id: UUID | None
    left_out: int
    summarised: int
    client_msg_id: str | None
    created_at: datetime
    status: str
    log_begin: int | None
    model: str | None
    why: str | None
    thought: str
    reason: str | None
    usage: dict[str, Any] | None
    error: dict[str, Any] | None
    sources: list[dict[str, Any]] | None
    rating: int | None


@dataclass(frozen=True, slots=True)
class SaidRow:
    """A message as a model gets it. `pictures` is JSON."""

    id: UUID
    role: str
    content: str
    pictures: str | None
    depth: int
    model: str | None = None
    """Which one answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """One to be added: `content` is a user's, `stream_id` an answer's. `pictures` is JSON."""

    id: UUID
    chat_id: UUID
    parent_id: UUID | None
    depth: int
    user_id: UUID
    content: str | None = None
    pictures: str | None = None
    stream_id: UUID | None = None
    left_out: int = 0
    client_msg_id: str | None = None


@dataclass(frozen=True, slots=True)
class RunningRow:
    """An answer that goes on."""

    message_id: UUID
    stream_id: UUID
    log_begin: int


@dataclass(frozen=True, slots=True)
class _Pictures:
    pictures: str


_SELECT: Final = """
    SELECT messages.id, messages.chat_id, messages.parent_id, messages.seq, messages.depth, messages.role,
           messages.user_id, coalesce(messages.content, streams.text, '') AS content,
           coalesce(jsonb_array_length(messages.pictures), 0) AS pictures,
           messages.stream_id, messages.left_out, messages.summarised, messages.client_msg_id, messages.created_at,
           coalesce(streams.status, 'done') AS status, streams.log_begin, streams.model, streams.why,
           coalesce(streams.thought, '') AS thought, streams.reason, streams.usage, streams.error,
           streams.sources, feedback.rating
    FROM chat_messages AS messages
    LEFT JOIN streams ON streams.id = messages.stream_id
    LEFT JOIN message_feedback AS feedback ON feedback.message_id = messages.id AND feedback.user_id = %(reader)s
"""


async def add_message(db: Queries, new: NewMessage) -> None:
    """To a chat that is locked."""
    await db.execute(
        """
        INSERT INTO chat_messages
            (id, chat_id, parent_id, depth, role, user_id, content, pictures, stream_id, left_out, client_msg_id)
        VALUES (%(id)s, %(chat_id)s, %(parent_id)s, %(depth)s, %(role)s, %(user_id)s, %(content)s, %(pictures)s::jsonb,
                %(stream_id)s, %(left_out)s, %(client_msg_id)s)
        """,
        {
            "id": new.id,
            "chat_id": new.chat_id,
            "parent_id": new.parent_id,
            "depth": new.depth,
            "role": "assistant" if new.content is None else "user",
            "user_id": new.user_id,
            "content": new.content,
            "pictures": new.pictures,
            "stream_id": new.stream_id,
            "left_out": new.left_out,
            "client_msg_id": new.client_msg_id,
        },
    )


async def find_message(db: Queries, chat_id: UUID, message_id: UUID, reader: UUID) -> MessageRow | None:
    """One of a chat."""
    return await db.row(
        MessageRow,
        f"{_SELECT} WHERE messages.id = %(id)s AND messages.chat_id = %(chat_id)s",
        {"id": message_id, "chat_id": chat_id, "reader": reader},
    )


async def find_latest(db: Queries, chat_id: UUID, reader: UUID) -> MessageRow | None:
    """The last that was added."""
    return await db.row(
        MessageRow,
        f"{_SELECT} WHERE messages.chat_id = %(chat_id)s ORDER BY messages.seq DESC LIMIT 1",
        {"chat_id": chat_id, "reader": reader},
    )


async def find_by_client(db: Queries, chat_id: UUID, user_id: UUID, client_msg_id: str) -> MessageRow | None:
    """What the user's client said already."""
    return await db.row(
        MessageRow,
        f"""
        {_SELECT}
        WHERE messages.chat_id = %(chat_id)s AND messages.user_id = %(reader)s AND messages.client_msg_id = %(own)s
        """,
        {"chat_id": chat_id, "reader": user_id, "own": client_msg_id},
    )


async def find_first_answer(db: Queries, message_id: UUID, reader: UUID) -> MessageRow | None:
    """The oldest answer to a message."""
    return await db.row(
        MessageRow,
        f"{_SELECT} WHERE messages.parent_id = %(id)s AND messages.role = 'assistant' ORDER BY messages.seq LIMIT 1",
        {"id": message_id, "reader": reader},
    )


async def find_pictures(db: Queries, message_id: UUID) -> str:
    """A message's pictures, as JSON."""
    row = await db.row(
        _Pictures,
        "SELECT coalesce(pictures, '[]')::text AS pictures FROM chat_messages WHERE id = %(id)s",
        {"id": message_id},
    )
    return "[]" if row is None else row.pictures


async def list_messages(db: Queries, chat_id: UUID, reader: UUID, before: int, limit: int) -> list[MessageRow]:
    """Those before a place, the latest first."""
    return await db.rows(
        MessageRow,
        f"""
        {_SELECT}
        WHERE messages.chat_id = %(chat_id)s AND messages.seq < %(before)s ORDER BY messages.seq DESC LIMIT %(limit)s
        """,
        {"chat_id": chat_id, "reader": reader, "before": before, "limit": limit},
    )


async def list_path(db: Queries, message_id: UUID, limit: int) -> list[SaidRow]:
    """From a message up towards its root, so many; itself first."""
    return await db.rows(
        SaidRow,
        """
        WITH RECURSIVE path AS (
            SELECT id, parent_id, role, content, pictures, stream_id, depth, 1 AS place
            FROM chat_messages WHERE id = %(id)s
            UNION ALL
            SELECT above.id, above.parent_id, above.role, above.content, above.pictures, above.stream_id, above.depth,
                   path.place + 1
            FROM path JOIN chat_messages AS above ON above.id = path.parent_id WHERE path.place < %(limit)s
        )
        SELECT path.id, path.role, coalesce(path.content, streams.text, '') AS content, path.pictures::text AS pictures,
               path.depth, streams.model
        FROM path LEFT JOIN streams ON streams.id = path.stream_id ORDER BY path.place
        """,
        {"id": message_id, "limit": limit},
    )


async def list_running(db: Queries, chat_id: UUID, limit: int) -> list[RunningRow]:
    """Answers of a chat that go on, the latest first."""
    return await db.rows(
        RunningRow,
        """
        SELECT messages.id AS message_id, streams.id AS stream_id, streams.log_begin
        FROM chat_messages AS messages JOIN streams ON streams.id = messages.stream_id
        WHERE messages.chat_id = %(chat_id)s AND streams.ended_at IS NULL ORDER BY messages.seq DESC LIMIT %(limit)s
        """,
        {"chat_id": chat_id, "limit": limit},
    )


async def set_feedback(db: Queries, message_id: UUID, user_id: UUID, rating: int, comment: str) -> None:
    """In place of what the user said of it before; of an answer that goes on no model learns (store/opinions.py)."""
    await db.execute(
        """
        INSERT INTO message_feedback (message_id, user_id, rating, comment, model, category)
        SELECT messages.id, %(user_id)s, %(rating)s, %(comment)s, streams.model, streams.category
        FROM chat_messages AS messages
        LEFT JOIN streams ON streams.id = messages.stream_id AND streams.ended_at IS NOT NULL
        WHERE messages.id = %(message_id)s
        ON CONFLICT (message_id, user_id) DO UPDATE
            SET rating = excluded.rating, comment = excluded.comment, created_at = now(),
                model = excluded.model, category = excluded.category
        """,
        {"message_id": message_id, "user_id": user_id, "rating": rating, "comment": comment},
    )


async def remove_feedback(db: Queries, message_id: UUID, user_id: UUID) -> bool:
    """Take it back; False where there is none."""
    return bool(
        await db.execute(
            "DELETE FROM message_feedback WHERE message_id = %(message_id)s AND user_id = %(user_id)s",
            {"message_id": message_id, "user_id": user_id},
        )
    )
