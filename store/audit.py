"""The audit log, read and kept in bounds: one function per query. Lines are written by `happenings.add_audit`.

A trigger (0010_events.sql) refuses every change of a line, and every deletion but that of `remove_old`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from store.postgres import Postgres, Queries, Transaction


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act."""

    id: int
    at: datetime
    act: str
    actor_id: UUID | None
    subject: str
    address: str
    request_id: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """None: any. `before`: (at, id) of the last line seen."""

    actor_id: UUID | None = None
    act: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: tuple[datetime, int] | None = None


async def list_audit(db: Queries, which: AuditFilter, limit: int) -> list[AuditRow]:
    """Newest first."""
    # Only the conditions that are asked for: each has its index, and a plan for all of them would use none.
    conditions: list[LiteralString] = ["(at, id) < (coalesce(%(at)s::timestamptz, 'infinity'), %(last)s)"]
    if which.actor_id is not None:
        conditions.append("actor_id = %(actor)s")
    if which.act is not None:
        conditions.append("act = %(act)s")
    if which.subject is not None:
        conditions.append("subject = %(subject)s")
    if which.since is not None:
        conditions.append("at >= %(since)s")
    at, last = which.before or (which.until, 0)
    return await db.rows(
        AuditRow,
        f"""
        SELECT id, at, act, actor_id, subject, address, request_id, details FROM audit_log
        WHERE {" AND ".join(conditions)}
        ORDER BY at DESC, id DESC
        LIMIT %(limit)s
        """,
        {
            "actor": which.actor_id,
            "act": which.act,
            "subject": which.subject,
            "since": which.since,
            "at": at,
            "last": last,
            "limit": limit,
        },
    )


async def remove_old(postgres: Postgres, days: int, limit: int) -> int:
    """Delete some of the lines that are older than `days` (at least one); how many."""

    async def work(tx: Transaction) -> int:
        await tx.execute("SELECT set_config('atrium.audit_retention', 'on', true)")
        return await tx.execute(
            """
            DELETE FROM audit_log WHERE id = ANY(ARRAY(
                SELECT id FROM audit_log WHERE at < now() - make_interval(days => %(days)s)
                ORDER BY at LIMIT %(limit)s
            ))
            """,
            {"days": days, "limit": limit},
        )

    return await postgres.transact(work)
