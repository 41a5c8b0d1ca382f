"""The rows of AI answers. Used by the gateway's routes and the AI workers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from store.postgres import Queries

COLUMNS = """
    id, user_id, project_id, request_id, asked::text AS asked, log_begin, status, worker, model, why, text, thought,
    reason, usage, error, sources, cancel_asked, ended_at, told
"""


@dataclass(frozen=True, slots=True)
class StreamRow:
    """One answer. `asked` is JSON."""

    id: UUID
    user_id: UUID
    project_id: UUID | None
    request_id: str | None
    asked: str
    log_begin: int
    status: str
    worker: str | None
    model: str | None
    why: str | None
    text: str
    thought: str
    reason: str | None
    usage: dict[str, Any] | None
    error: dict[str, Any] | None
    sources: list[dict[str, Any]] | None
    cancel_asked: bool
    ended_at: datetime | None
    told: bool
    """Whether its log says that it has ended."""


@dataclass(frozen=True, slots=True)
class ClaimedRow(StreamRow):
    """The same with what its worker needs to plan: nobody waits for a first token longer than for one question."""

    tier: str | None
    """Of who asks."""
    held_own_key: bool | None
    """What is set aside for it (ai_holds.py); None where nothing is."""
    held_nano_usd: int | None
    has_keys: bool
    """Who asks has keys of their own."""


async def add_stream(
    db: Queries, stream_id: UUID, user_id: UUID, project_id: UUID | None, request_id: str | None, asked: str, begin: int
) -> StreamRow | None:
    """A stream to be answered; None where this request has one already."""
    return await db.row(
        StreamRow,
        f"""
        INSERT INTO streams (id, user_id, project_id, request_id, asked, log_begin)
        VALUES (%(id)s, %(user_id)s, %(project_id)s, %(request_id)s, %(asked)s::jsonb, %(begin)s)
        ON CONFLICT (user_id, request_id) WHERE request_id IS NOT NULL DO NOTHING
        RETURNING {COLUMNS}
        """,
        {
            "id": stream_id,
            "user_id": user_id,
            "project_id": project_id,
            "request_id": request_id,
            "asked": asked,
            "begin": begin,
        },
    )


async def find_stream(db: Queries, stream_id: UUID) -> StreamRow | None:
    """By its id."""
    return await db.row(StreamRow, f"SELECT {COLUMNS} FROM streams WHERE id = %(id)s", {"id": stream_id})


async def find_by_request(db: Queries, user_id: UUID, request_id: str) -> StreamRow | None:
    """What an earlier request with this id began."""
    return await db.row(
        StreamRow,
        f"SELECT {COLUMNS} FROM streams WHERE user_id = %(user_id)s AND request_id = %(request_id)s",
        {"user_id": user_id, "request_id": request_id},
    )


async def claim(db: Queries, stream_id: UUID, worker: str) -> ClaimedRow | None:
    """Take a queued stream; None where somebody else did, or it was cancelled before it began."""
    return await db.row(
        ClaimedRow,
        f"""
        WITH claimed AS (
            UPDATE streams SET status = 'running', worker = %(worker)s, started_at = now()
            WHERE id = %(id)s AND status = 'queued'
            RETURNING {COLUMNS}
        )
        SELECT claimed.*, users.tier, ai_holds.own_key AS held_own_key, ai_holds.nano_usd AS held_nano_usd,
               EXISTS (SELECT FROM user_keys WHERE user_keys.user_id = claimed.user_id) AS has_keys
        FROM claimed
        LEFT JOIN users ON users.id = claimed.user_id
        LEFT JOIN ai_holds ON ai_holds.stream_id = claimed.id
        """,
        {"id": stream_id, "worker": worker},
    )


async def ask_to_cancel(db: Queries, stream_id: UUID) -> str | None:
    """Ask whoever answers to stop; its status now. One that did not begin is cancelled at once, and costs nothing."""
    row = await db.row(
        _Status,
        """
        WITH asked AS (
            UPDATE streams SET cancel_asked = true,
                status = CASE WHEN status = 'queued' THEN 'cancelled' ELSE status END,
                ended_at = CASE WHEN status = 'queued' THEN now() ELSE ended_at END
            WHERE id = %(id)s AND status IN ('queued', 'running')
            RETURNING id, status
        ), released AS (
            DELETE FROM ai_holds USING asked WHERE ai_holds.stream_id = asked.id AND asked.status = 'cancelled'
        )
        SELECT status FROM asked
        """,
        {"id": stream_id},
    )
    return None if row is None else row.status


async def end_stream(
    db: Queries,
    stream_id: UUID,
    worker: str,
    *,
    status: str,
    text: str,
    thought: str,
    reason: str | None,
    model: str | None,
    why: str | None,
    category: str | None,
    usage: str | None,
    error: str | None,
    sources: str | None,
    first_token_at: datetime | None,
) -> bool:
    """Its end, for good; False where it has one already, or another worker's. `usage`, `error`, `sources` are JSON."""
    return bool(
        await db.execute(
            """
            UPDATE streams SET status = %(status)s, text = %(text)s, thought = %(thought)s, reason = %(reason)s,
                model = %(model)s, why = %(why)s, category = %(category)s, usage = %(usage)s::jsonb,
                error = %(error)s::jsonb, sources = %(sources)s::jsonb,
                first_token_at = %(first_token_at)s, ended_at = now()
            WHERE id = %(id)s AND worker = %(worker)s AND status = 'running'
            """,
            {
                "id": stream_id,
                "worker": worker,
                "status": status,
                "text": text,
                "thought": thought,
                "reason": reason,
                "model": model,
                "why": why,
                "category": category,
                "usage": usage,
                "error": error,
                "sources": sources,
                "first_token_at": first_token_at,
            },
        )
    )


async def mark_told(db: Queries, stream_id: UUID) -> None:
    """Its log says that it has ended."""
    await db.execute("UPDATE streams SET told = true WHERE id = %(id)s", {"id": stream_id})


async def list_queued(db: Queries, seconds: float, limit: int) -> list[UUID]:
    """Streams that nobody took for so long, the oldest first."""
    rows = await db.rows(
        _Id,
        """
        SELECT id FROM streams
        WHERE status = 'queued' AND created_at < now() - make_interval(secs => %(seconds)s)
        ORDER BY created_at LIMIT %(limit)s
        """,
        {"seconds": seconds, "limit": limit},
    )
    return [row.id for row in rows]


async def list_running(db: Queries, but_of: list[str], but: list[UUID], limit: int) -> list[StreamRow]:
    """Streams that are not among these, of workers that are not among those."""
    return await db.rows(
        StreamRow,
        f"""
        SELECT {COLUMNS} FROM streams
        WHERE status = 'running' AND worker <> ALL(%(workers)s) AND id <> ALL(%(but)s) LIMIT %(limit)s
        """,
        {"workers": but_of, "but": but, "limit": limit},
    )


async def list_own(db: Queries, stream_ids: list[UUID], worker: str) -> dict[UUID, bool]:
    """Those of these that this worker still answers, and whether it was asked to stop."""
    rows = await db.rows(
        _Own,
        """
        SELECT id, cancel_asked FROM streams
        WHERE id = ANY(%(ids)s) AND status = 'running' AND worker = %(worker)s
        """,
        {"ids": stream_ids, "worker": worker},
    )
    return {row.id: row.cancel_asked for row in rows}


async def list_untold(db: Queries, seconds: float, limit: int) -> list[StreamRow]:
    """Streams that ended so long ago, and whose log may not say so."""
    return await db.rows(
        StreamRow,
        f"""
        SELECT {COLUMNS} FROM streams
        WHERE ended_at IS NOT NULL AND NOT told AND ended_at < now() - make_interval(secs => %(seconds)s)
        ORDER BY ended_at LIMIT %(limit)s
        """,
        {"seconds": seconds, "limit": limit},
    )


async def remove_old(db: Queries, days: int, limit: int) -> int:
    """Delete some that ended longer ago and are in no chat; how many. What an edit needs to be undone goes along."""
    return await db.execute(
        """
        DELETE FROM streams WHERE id = ANY(ARRAY(
            SELECT id FROM streams
            WHERE told AND (NOT in_chat OR forgotten) AND ended_at < now() - make_interval(days => %(days)s)
            ORDER BY ended_at LIMIT %(limit)s
        ))
        """,
        {"days": days, "limit": limit},
    )


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


@dataclass(frozen=True, slots=True)
class _Own:
    id: UUID
    cancel_asked: bool


@dataclass(frozen=True, slots=True)
class _Status:
    status: str
