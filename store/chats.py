"""The rows of chats: one function per query. Their messages are in chat_messages.py. Called by gateway/chats."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from store.postgres import Queries

COLUMNS: Final = "id, user_id, project_id, title, model, message_count, created_at, updated_at"


@dataclass(frozen=True, slots=True)
class ChatRow:
    """A chat's columns."""

    id: UUID
    user_id: UUID
    project_id: UUID | None
    title: str
    model: str
    message_count: int
    created_at: datetime
    updated_at: datetime


async def add_chat(db: Queries, chat_id: UUID, user_id: UUID, project_id: UUID | None, title: str, model: str) -> None:
    """An empty one."""
    await db.execute(
        """
        INSERT INTO chats (id, user_id, project_id, title, model)
        VALUES (%(id)s, %(user_id)s, %(project_id)s, %(title)s, %(model)s)
        """,
        {"id": chat_id, "user_id": user_id, "project_id": project_id, "title": title, "model": model},
    )


async def find_chat(db: Queries, chat_id: UUID) -> ChatRow | None:
    """By its id."""
    return await db.row(ChatRow, f"SELECT {COLUMNS} FROM chats WHERE id = %(id)s", {"id": chat_id})


async def lock_chat(db: Queries, chat_id: UUID) -> ChatRow | None:
    """The same; whoever else adds to it or changes it waits until the transaction ends."""
    return await db.row(ChatRow, f"SELECT {COLUMNS} FROM chats WHERE id = %(id)s FOR UPDATE", {"id": chat_id})


async def set_chat(db: Queries, chat_id: UUID, title: str, model: str) -> ChatRow | None:
    """Another title, another model."""
    return await db.row(
        ChatRow,
        f"""
        UPDATE chats SET title = %(title)s, model = %(model)s, updated_at = now() WHERE id = %(id)s
        RETURNING {COLUMNS}
        """,
        {"id": chat_id, "title": title, "model": model},
    )


async def grow_chat(db: Queries, chat_id: UUID, messages: int) -> None:
    """So many messages were added."""
    await db.execute(
        "UPDATE chats SET message_count = message_count + %(messages)s, updated_at = now() WHERE id = %(id)s",
        {"id": chat_id, "messages": messages},
    )


async def remove_chat(db: Queries, chat_id: UUID) -> bool:
    """With all its messages; what models said in it is forgotten. Running answers are cancelled before."""
    await db.execute(
        """
        UPDATE streams SET forgotten = true
        WHERE id IN (SELECT stream_id FROM chat_messages WHERE chat_id = %(id)s)
        """,
        {"id": chat_id},
    )
    return bool(await db.execute("DELETE FROM chats WHERE id = %(id)s", {"id": chat_id}))


async def list_chats(
    db: Queries, user_id: UUID, project_id: UUID | None, before: tuple[str, UUID], limit: int
) -> list[ChatRow]:
    """A project's chats or, without one, the user's where they may still be; the last used first, from a place on."""
    params = place_in(user_id, project_id, before, limit)
    return await db.rows(ChatRow, _LIST_OWN if project_id is None else _LIST_OF_PROJECT, params)


def place_in(user_id: UUID, project_id: UUID | None, before: tuple[str, UUID], limit: int) -> dict[str, object]:
    """The parameters of a page."""
    return {"user_id": user_id, "project_id": project_id, "at": before[0], "id": before[1], "limit": limit}


OF_PROJECT: Final = "project_id = %(project_id)s AND (updated_at, id) < (%(at)s::timestamptz, %(id)s)"
OF_USER: Final = """
    user_id = %(user_id)s AND (updated_at, id) < (%(at)s::timestamptz, %(id)s)
    AND (project_id IS NULL OR EXISTS (
        SELECT FROM project_members AS members
        WHERE members.project_id = chats.project_id AND members.user_id = %(user_id)s
          AND members.project_deleted_at IS NULL))
"""
_LIST_OWN: Final = f"SELECT {COLUMNS} FROM chats WHERE {OF_USER} ORDER BY updated_at DESC, id DESC LIMIT %(limit)s"
_LIST_OF_PROJECT: Final = f"""
    SELECT {COLUMNS} FROM chats WHERE {OF_PROJECT} ORDER BY updated_at DESC, id DESC LIMIT %(limit)s
"""
