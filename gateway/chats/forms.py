"""Chats and messages as clients see them."""

from uuid import UUID

import msgspec

from gateway.chats.rights import Seat
from gateway.cursors import encode_cursor
from schemas import chats as bodies
from schemas.streams import Problem, Source, Usage, stream_topic
from store.chat_messages import MessageRow
from store.chats import ChatRow


def message(row: MessageRow) -> bodies.Message:
    """A row as its reader sees it."""
    return bodies.Message(
        id=row.id,
        chat_id=row.chat_id,
        parent_id=row.parent_id,
        role=row.role,  # type: ignore[arg-type]  # by its CHECK
        user_id=row.user_id,
        content=row.content,
        pictures=row.pictures,
        status=row.status,  # type: ignore[arg-type]  # by its CHECK
        stream_id=row.stream_id,
        topic=None if row.stream_id is None else stream_topic(row.stream_id),
        log_begin=row.log_begin,
        model=row.model,
        why=row.why,
        thought=row.thought,
        reason=row.reason,
        usage=None if row.usage is None else msgspec.convert(row.usage, Usage),
        error=None if row.error is None else msgspec.convert(row.error, Problem),
        sources=msgspec.convert(row.sources or [], list[Source]),
        left_out=row.left_out,
        summarised=row.summarised,
        client_msg_id=row.client_msg_id,
        rating=row.rating,
        created_at=row.created_at,
    )


def told(row: MessageRow) -> dict[str, object]:
    """What its event carries."""
    shown: dict[str, object] = msgspec.to_builtins(message(row))
    if len(row.content) > bodies.TOLD_LENGTH:
        shown["content"] = row.content[: bodies.TOLD_LENGTH]
        shown["is_cut"] = True
    return shown


def messages(rows: list[MessageRow], limit: int) -> bodies.MessagePage:
    """A page of a query that asked for `limit + 1`, the latest first."""
    shown = rows[:limit]
    cursor = encode_cursor(shown[-1].seq) if len(rows) > limit else None
    return bodies.MessagePage([message(row) for row in reversed(shown)], cursor)


def summary(row: ChatRow) -> bodies.ChatSummary:
    """A chat in a list."""
    return bodies.ChatSummary(
        id=row.id,
        user_id=row.user_id,
        project_id=row.project_id,
        title=row.title,
        model=row.model,
        mode=bodies.mode_of(row.model),
        message_count=row.message_count,
        topic=bodies.chat_topic(row.id),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def chat(seat: Seat, page: bodies.MessagePage, stream_id: UUID | None = None) -> bodies.Chat:
    """A chat with some messages."""
    row = seat.chat
    return bodies.Chat(
        id=row.id,
        user_id=row.user_id,
        project_id=row.project_id,
        title=row.title,
        model=row.model,
        mode=bodies.mode_of(row.model),
        message_count=row.message_count,
        topic=bodies.chat_topic(row.id),
        created_at=row.created_at,
        updated_at=row.updated_at,
        role=seat.role,
        messages=page,
        stream_id=stream_id,
    )
