"""Endpoints of outgoing webhooks, as their owners manage them: one function per query. Deliveries: deliveries.py."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from store.postgres import Queries


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """An endpoint without its secrets."""

    id: UUID
    project_id: UUID | None
    url: str
    description: str
    events: list[str]
    version: int
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_reason: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointChange:
    """None: as it is."""

    url: str | None = None
    description: str | None = None
    events: list[str] | None = None
    enabled: bool | None = None


async def add_endpoint(
    db: Queries,
    endpoint_id: UUID,
    user_id: UUID,
    project_id: UUID | None,
    *,
    url: str,
    description: str,
    events: list[str],
    secret: bytes,
) -> EndpointRow:
    """Insert one; `secret` is sealed."""
    row = await db.row(
        EndpointRow,
        """
        INSERT INTO webhook_endpoints (id, user_id, project_id, url, description, events, secret)
        VALUES (%(id)s, %(user)s, %(project)s, %(url)s, %(description)s, %(events)s, %(secret)s)
        RETURNING id, project_id, url, description, events, version, failing_since, disabled_at, disabled_reason,
                  created_at, updated_at
        """,
        {
            "id": endpoint_id,
            "user": user_id,
            "project": project_id,
            "url": url,
            "description": description,
            "events": events,
            "secret": secret,
        },
    )
    assert row is not None  # INSERT … RETURNING of one row
    return row


async def count_endpoints(db: Queries, user_id: UUID) -> int:
    """How many a user has."""
    row = await db.row(
        _Count, "SELECT count(*) AS count FROM webhook_endpoints WHERE user_id = %(user)s", {"user": user_id}
    )
    return 0 if row is None else row.count


async def list_endpoints(db: Queries, user_id: UUID, after: UUID, limit: int) -> list[EndpointRow]:
    """In the order in which they were made."""
    return await db.rows(
        EndpointRow,
        """
        SELECT id, project_id, url, description, events, version, failing_since, disabled_at, disabled_reason,
               created_at, updated_at
        FROM webhook_endpoints
        WHERE user_id = %(user)s AND id > %(after)s ORDER BY id LIMIT %(limit)s
        """,
        {"user": user_id, "after": after, "limit": limit},
    )


async def find_endpoint(db: Queries, user_id: UUID, endpoint_id: UUID) -> EndpointRow | None:
    """One of the user's own."""
    return await db.row(
        EndpointRow,
        """
        SELECT id, project_id, url, description, events, version, failing_since, disabled_at, disabled_reason,
               created_at, updated_at
        FROM webhook_endpoints WHERE id = %(id)s AND user_id = %(user)s
        """,
        {"id": endpoint_id, "user": user_id},
    )


async def change_endpoint(
    db: Queries, user_id: UUID, endpoint_id: UUID, change: EndpointChange, version: int | None
) -> EndpointRow | None:
    """None where it is gone, or `version` is not its version. Enabling forgets that it failed."""
    return await db.row(
        EndpointRow,
        """
        UPDATE webhook_endpoints
        SET url = coalesce(%(url)s, url),
            description = coalesce(%(description)s, description),
            events = coalesce(%(events)s::text[], events),
            disabled_at = CASE %(enabled)s::boolean
                WHEN true THEN NULL WHEN false THEN coalesce(disabled_at, now()) ELSE disabled_at END,
            disabled_reason = CASE %(enabled)s::boolean
                WHEN true THEN '' WHEN false THEN 'by its owner' ELSE disabled_reason END,
            failing_since = CASE WHEN %(enabled)s::boolean THEN NULL ELSE failing_since END,
            version = version + 1, updated_at = now()
        WHERE id = %(id)s AND user_id = %(user)s AND version = coalesce(%(version)s, version)
        RETURNING id, project_id, url, description, events, version, failing_since, disabled_at, disabled_reason,
                  created_at, updated_at
        """,
        {
            "id": endpoint_id,
            "user": user_id,
            "version": version,
            "url": change.url,
            "description": change.description,
            "events": change.events,
            "enabled": change.enabled,
        },
    )


async def rotate_secret(db: Queries, user_id: UUID, endpoint_id: UUID, secret: bytes, keep_seconds: int) -> bool:
    """Sign with a new secret, and for a while with the old one as well; False where there is no such endpoint."""
    return (
        await db.execute(
            """
            UPDATE webhook_endpoints
            SET old_secret = secret, old_secret_until = now() + make_interval(secs => %(keep)s),
                secret = %(secret)s, version = version + 1, updated_at = now()
            WHERE id = %(id)s AND user_id = %(user)s
            """,
            {"id": endpoint_id, "user": user_id, "secret": secret, "keep": keep_seconds},
        )
        == 1
    )


async def remove_endpoint(db: Queries, user_id: UUID, endpoint_id: UUID) -> bool:
    """With all its deliveries; False where there is no such endpoint."""
    return (
        await db.execute(
            "DELETE FROM webhook_endpoints WHERE id = %(id)s AND user_id = %(user)s",
            {"id": endpoint_id, "user": user_id},
        )
        == 1
    )


async def remove_endpoints(db: Queries, user_id: UUID) -> list[UUID]:
    """All of a user's, with their deliveries; which they were."""
    rows = await db.rows(_Id, "DELETE FROM webhook_endpoints WHERE user_id = %(user)s RETURNING id", {"user": user_id})
    return [row.id for row in rows]
