"""Deliveries to webhooks: rows first, jobs second. One function per query.

    teller ──add_deliveries──► pending ──claim──► attempt ──► delivered
                                  ▲                  │
                                  └── next_attempt ──┴──► failed (the schedule is over, or the endpoint is gone)

A claim ends by itself: what a worker took with it when it died is due again after CLAIM_SECONDS.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from store.limits import CLAIM_SECONDS, CLAIMS_PER_ENDPOINT
from store.postgres import Queries


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as the endpoint's owner sees it."""

    id: UUID
    kind: str
    happening_id: int | None
    status: str
    attempts: int
    next_attempt_at: datetime | None
    last_attempt_at: datetime | None
    response_status: int | None
    error: str
    duration_ms: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this worker attempts now, with all that the attempt needs."""

    id: UUID
    endpoint_id: UUID
    owner_id: UUID
    url: str
    secret: bytes
    old_secret: bytes | None
    attempts: int  # this one included
    kind: str
    happening_id: int | None
    project_id: UUID | None
    data: str | None  # JSON
    actor_id: UUID | None
    file_id: UUID | None
    at: datetime
    is_allowed: bool
    """The owner is still an admin of the project, and the endpoint not disabled."""
    failing_seconds: float
    """How long it has failed without a success."""


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


async def add_deliveries(db: Queries, happening_ids: Sequence[int]) -> int:
    """One for each happening and endpoint that wants it and whose owner is an admin of the project; how many."""
    return await db.execute(
        """
        INSERT INTO webhook_deliveries (endpoint_id, happening_id, kind)
        SELECT endpoints.id, happenings.id, happenings.kind
        FROM happenings
        JOIN project_members AS members
          ON members.project_id = happenings.project_id AND members.role IN ('owner', 'admin')
        JOIN webhook_endpoints AS endpoints
          ON endpoints.user_id = members.user_id
         AND coalesce(endpoints.project_id, happenings.project_id) = happenings.project_id
        WHERE happenings.id = ANY(%(ids)s)
          AND happenings.topic LIKE 'project:%%'
          AND endpoints.disabled_at IS NULL
          AND (endpoints.events = '{}' OR endpoints.events && ARRAY[
                  happenings.kind, split_part(happenings.kind, '.', 1) || '.*'])
        ORDER BY happenings.id
        ON CONFLICT (endpoint_id, happening_id) DO NOTHING
        """,
        {"ids": list(happening_ids)},
    )


async def add_test(db: Queries, endpoint_id: UUID) -> DeliveryRow:
    """A delivery of nothing, to see whether it arrives."""
    row = await db.row(
        DeliveryRow,
        """
        INSERT INTO webhook_deliveries (endpoint_id, kind) VALUES (%(endpoint)s, 'webhook.test')
        RETURNING id, kind, happening_id, status, attempts, next_attempt_at, last_attempt_at, response_status, error,
                  duration_ms, created_at
        """,
        {"endpoint": endpoint_id},
    )
    assert row is not None  # INSERT … RETURNING of one row
    return row


async def list_deliveries(
    db: Queries, endpoint_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> list[DeliveryRow]:
    """Newest first."""
    at, last = before or (None, UUID(int=0))
    return await db.rows(
        DeliveryRow,
        """
        SELECT id, kind, happening_id, status, attempts, next_attempt_at, last_attempt_at, response_status, error,
               duration_ms, created_at
        FROM webhook_deliveries
        WHERE endpoint_id = %(endpoint)s
          AND (created_at, id) < (coalesce(%(at)s::timestamptz, 'infinity'), %(last)s)
        ORDER BY created_at DESC, id DESC LIMIT %(limit)s
        """,
        {"endpoint": endpoint_id, "at": at, "last": last, "limit": limit},
    )


async def due(db: Queries, limit: int) -> list[UUID]:
    """What is to be attempted now, the longest first; of one endpoint at most CLAIMS_PER_ENDPOINT at a time."""
    rows = await db.rows(
        _Id,
        """
        WITH ready AS (
            SELECT id, endpoint_id, next_attempt_at FROM webhook_deliveries
            WHERE status = 'pending' AND next_attempt_at <= now()
            ORDER BY next_attempt_at LIMIT 10 * %(limit)s
        ), ranked AS (
            SELECT id, endpoint_id, next_attempt_at,
                   row_number() OVER (PARTITION BY endpoint_id ORDER BY next_attempt_at) AS place
            FROM ready
        )
        SELECT ranked.id FROM ranked
        WHERE place <= %(most)s - (
            SELECT count(*) FROM webhook_deliveries AS others
            WHERE others.endpoint_id = ranked.endpoint_id AND others.status = 'pending'
              AND others.claimed_until IS NOT NULL AND others.claimed_until > now()
        )
        ORDER BY next_attempt_at LIMIT %(limit)s
        """,
        {"limit": limit, "most": CLAIMS_PER_ENDPOINT},
    )
    return [row.id for row in rows]


async def claim(db: Queries, delivery_id: UUID) -> Claimed | None:
    """Take one for an attempt; None where somebody else has, or it is not due."""
    return await db.row(
        Claimed,
        """
        WITH taken AS (
            UPDATE webhook_deliveries
            SET attempts = attempts + 1, last_attempt_at = now(),
                next_attempt_at = now() + make_interval(secs => %(seconds)s),
                claimed_until = now() + make_interval(secs => %(seconds)s)
            WHERE id = %(id)s AND status = 'pending' AND next_attempt_at <= now()
            RETURNING id, endpoint_id, attempts, kind, happening_id, created_at
        )
        SELECT taken.id, endpoints.id AS endpoint_id, endpoints.user_id AS owner_id, endpoints.url, endpoints.secret,
               CASE WHEN endpoints.old_secret_until > now() THEN endpoints.old_secret END AS old_secret,
               taken.attempts, taken.kind, taken.happening_id, happenings.project_id, happenings.data::text AS data,
               happenings.actor_id, happenings.file_id, coalesce(happenings.at, taken.created_at) AS at,
               users.status = 'active' AND (
                   taken.happening_id IS NULL OR (endpoints.disabled_at IS NULL AND members.role IS NOT NULL)
               ) AS is_allowed,
               coalesce(extract(epoch FROM now() - endpoints.failing_since), 0)::float8 AS failing_seconds
        FROM taken
        JOIN webhook_endpoints AS endpoints ON endpoints.id = taken.endpoint_id
        JOIN users ON users.id = endpoints.user_id
        LEFT JOIN happenings ON happenings.id = taken.happening_id
        LEFT JOIN project_members AS members
          ON members.project_id = happenings.project_id AND members.user_id = endpoints.user_id
         AND members.role IN ('owner', 'admin')
        """,
        {"id": delivery_id, "seconds": CLAIM_SECONDS},
    )


async def note_delivered(db: Queries, claimed: Claimed, response_status: int, milliseconds: int) -> None:
    """It arrived. Needs a transaction."""
    await db.execute(
        """
        UPDATE webhook_deliveries
        SET status = 'delivered', next_attempt_at = NULL, claimed_until = NULL, response_status = %(response)s,
            error = '', duration_ms = %(ms)s
        WHERE id = %(id)s AND status = 'pending'
        """,
        {"id": claimed.id, "response": response_status, "ms": milliseconds},
    )
    await db.execute(
        "UPDATE webhook_endpoints SET failing_since = NULL WHERE id = %(id)s AND failing_since IS NOT NULL",
        {"id": claimed.endpoint_id},
    )


async def note_failed(
    db: Queries,
    claimed: Claimed,
    *,
    response_status: int | None,
    error: str,
    milliseconds: int | None,
    again_in: float | None,
    endpoint_fails: bool = True,
) -> None:
    """It did not arrive; again in so many seconds, or never. Needs a transaction."""
    await db.execute(
        """
        UPDATE webhook_deliveries
        SET status = CASE WHEN %(again)s::float8 IS NULL THEN 'failed' ELSE 'pending' END,
            next_attempt_at = now() + make_interval(secs => %(again)s::float8),
            claimed_until = NULL, response_status = %(response)s, error = %(error)s, duration_ms = %(ms)s
        WHERE id = %(id)s AND status = 'pending'
        """,
        {"id": claimed.id, "again": again_in, "response": response_status, "error": error, "ms": milliseconds},
    )
    if endpoint_fails:
        await db.execute(
            "UPDATE webhook_endpoints SET failing_since = now() WHERE id = %(id)s AND failing_since IS NULL",
            {"id": claimed.endpoint_id},
        )


async def disable_endpoint(db: Queries, endpoint_id: UUID, reason: str) -> bool:
    """It gets nothing any more; False where it was disabled already."""
    return (
        await db.execute(
            """
            UPDATE webhook_endpoints SET disabled_at = now(), disabled_reason = %(reason)s, version = version + 1
            WHERE id = %(id)s AND disabled_at IS NULL
            """,
            {"id": endpoint_id, "reason": reason},
        )
        == 1
    )


async def remove_old(db: Queries, days: int, limit: int) -> int:
    """Delete some that are older than `days`; how many."""
    return await db.execute(
        """
        DELETE FROM webhook_deliveries WHERE id = ANY(ARRAY(
            SELECT id FROM webhook_deliveries WHERE created_at < now() - make_interval(days => %(days)s)
            ORDER BY created_at LIMIT %(limit)s
        ))
        """,
        {"days": days, "limit": limit},
    )
