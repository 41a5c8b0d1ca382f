"""Summaries of the beginnings of chats: one function per query. Read with a chat's history, written by AI workers."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from store.postgres import Queries


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """What stands for all messages from the root to one."""

    message_id: UUID
    depth: int
    """Messages from the root to the last that it stands for."""
    text: str
    left_out: int
    """Of these, at the beginning, how many it says nothing of."""


async def find_summary(db: Queries, message_ids: Sequence[UUID]) -> SummaryRow | None:
    """Of the messages of one path, the summary that stands for most."""
    return await db.row(
        SummaryRow,
        """
        SELECT summaries.message_id, messages.depth, summaries.text, summaries.left_out
        FROM chat_summaries AS summaries JOIN chat_messages AS messages ON messages.id = summaries.message_id
        WHERE summaries.message_id = ANY(%(ids)s) ORDER BY messages.depth DESC LIMIT 1
        """,
        {"ids": list(message_ids)},
    )


async def keep_summary(db: Queries, message_id: UUID, text: str, model: str, left_out: int) -> None:
    """Up to a message; nothing where that is gone, or somebody else was first."""
    await db.execute(
        """
        INSERT INTO chat_summaries (message_id, text, model, left_out)
        SELECT id, %(text)s, %(model)s, %(left_out)s FROM chat_messages WHERE id = %(id)s
        ON CONFLICT (message_id) DO NOTHING
        """,
        {"id": message_id, "text": text, "model": model, "left_out": left_out},
    )


async def note_given(db: Queries, stream_id: UUID, left_out: int, summarised: int) -> None:
    """How much of the chat the model was given for an answer."""
    await db.execute(
        """
        UPDATE chat_messages SET left_out = %(left_out)s, summarised = %(summarised)s WHERE stream_id = %(stream)s
        """,
        {"stream": stream_id, "left_out": left_out, "summarised": summarised},
    )
