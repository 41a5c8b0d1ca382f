"""What happened, and the audit log: rows written in the transaction that made it happen.

    route ──transact──► the change + add_happening (+ add_audit) ──commit──► teller ──► the topic's log

Topics: `project:{id}` and `user:{id}` are what clients subscribe to; `access` tells every gateway that somebody's right
to be connected changed (kinds: `member.changed` {project_id, user_id}, `project.changed` {project_id},
`session.ended` {session_id}, `user.changed` {user_id}, `file.deleted` {project_id, document},
`file.moved` {project_id}).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import msgspec

from store.postgres import Queries

ACCESS: Final = "access"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that happened. `data` is JSON; it is shown to everybody who may follow the topic."""

    topic: str
    kind: str
    actor_id: UUID | None = None
    project_id: UUID | None = None
    file_id: UUID | None = None
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One line of the audit log. `details` never hold a secret."""

    act: str
    actor_id: UUID | None = None
    subject: str = ""
    address: str = ""
    request_id: str = ""
    details: Mapping[str, object] = field(default_factory=dict)


def project_topic(project_id: UUID) -> str:
    return f"project:{project_id}"


def user_topic(user_id: UUID) -> str:
    return f"user:{user_id}"


async def add_happening(db: Queries, happening: Happening) -> None:
    """Write it down; it is told to everybody once the transaction has committed."""
    await db.execute(
        """
        INSERT INTO happenings (topic, kind, project_id, file_id, actor_id, data)
        VALUES (%(topic)s, %(kind)s, %(project_id)s, %(file_id)s, %(actor_id)s, %(data)s::jsonb)
        """,
        {
            "topic": happening.topic,
            "kind": happening.kind,
            "project_id": happening.project_id,
            "file_id": happening.file_id,
            "actor_id": happening.actor_id,
            "data": msgspec.json.encode(happening.data).decode(),
        },
    )


async def add_access_change(db: Queries, kind: str, **ids: UUID | str) -> None:
    """Tell every gateway to look again at whom this concerns; the kinds and ids stand in the module's docstring."""
    await add_happening(db, Happening(topic=ACCESS, kind=kind, data={key: str(value) for key, value in ids.items()}))


async def remove_old(db: Queries, days: int, limit: int) -> int:
    """Delete some that were told, and are older than `days`; how many. What was not told waits for the teller."""
    return await db.execute(
        """
        DELETE FROM happenings WHERE id = ANY(ARRAY(
            SELECT id FROM happenings WHERE told AND at < now() - make_interval(days => %(days)s)
            ORDER BY at LIMIT %(limit)s
        ))
        """,
        {"days": days, "limit": limit},
    )


async def add_audit(db: Queries, act: Act) -> None:
    """One line of the audit log."""
    await db.execute(
        """
        INSERT INTO audit_log (act, actor_id, subject, address, request_id, details)
        VALUES (%(act)s, %(actor_id)s, %(subject)s, %(address)s, %(request_id)s, %(details)s::jsonb)
        """,
        {
            "act": act.act,
            "actor_id": act.actor_id,
            "subject": act.subject,
            "address": act.address,
            "request_id": act.request_id,
            "details": msgspec.json.encode(act.details).decode(),
        },
    )
