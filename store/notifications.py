"""Notifications: what concerns one person, kept until they have seen it. One function per query.

Made by the teller from happenings of the kinds NOTICED, or by whoever calls `add_notification` in a transaction.
Each is also a happening of the topic `user:{id}`, so that it arrives live.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from schemas.ids import new_id, parse_id
from store.happenings import Happening, add_happening, user_topic
from store.limits import UNREAD_COUNTED
from store.postgres import Queries

NOTICED: Final = frozenset({"member.added", "member.changed", "member.removed", "invite.created"})
"""Kinds of happenings that concern one person: whose topic they stand in, or whom the invitation addresses."""


@dataclass(frozen=True, slots=True)
class NotificationRow:
    """A notification as its user sees it."""

    id: UUID
    kind: str
    actor_id: UUID | None
    project_id: UUID | None
    data: Mapping[str, Any]
    created_at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One to be made."""

    user_id: UUID
    kind: str
    actor_id: UUID | None = None
    project_id: UUID | None = None
    happening_id: int | None = None
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


async def add_notification(db: Queries, notice: Notice) -> bool:
    """False where the user has it already, does not want it, or is gone. Needs a transaction."""
    made = await db.row(
        NotificationRow,
        """
        INSERT INTO notifications (id, user_id, kind, happening_id, actor_id, project_id, data)
        SELECT %(id)s, users.id, %(kind)s, %(happening_id)s, %(actor_id)s, %(project_id)s, %(data)s::jsonb
        FROM users
        WHERE users.id = %(user_id)s AND users.status = 'active'
          AND NOT EXISTS (
              SELECT 1 FROM notification_preferences AS wishes
              WHERE wishes.user_id = users.id AND %(kind)s = ANY(wishes.muted)
          )
        FOR KEY SHARE OF users -- who is about to leave has left before this goes on
        ON CONFLICT (happening_id, user_id) DO NOTHING
        RETURNING id, kind, actor_id, project_id, data, created_at, read_at
        """,
        {
            "id": new_id(),
            "user_id": notice.user_id,
            "kind": notice.kind,
            "happening_id": notice.happening_id,
            "actor_id": notice.actor_id,
            "project_id": notice.project_id,
            "data": msgspec.json.encode(notice.data).decode(),
        },
    )
    if made is None:
        return False
    data = {"id": made.id, "kind": made.kind, "project_id": made.project_id, "data": made.data}
    topic = user_topic(notice.user_id)
    await add_happening(db, Happening(topic=topic, kind="notification", actor_id=notice.actor_id, data=data))
    return True


async def find_concerned(
    db: Queries, topic: str, kind: str, actor_id: UUID | None, data: Mapping[str, object]
) -> UUID | None:
    """Whom a happening of the kinds NOTICED concerns; None for nobody, or only whoever did it."""
    if kind == "invite.created":
        invite = _id(data.get("invite_id"))
        user = None if invite is None else await _invited(db, invite)
    else:
        kind_of_topic, _, named = topic.partition(":")
        user = _id(named) if kind_of_topic == "user" else None
    return None if user == actor_id else user


async def list_notifications(
    db: Queries, user_id: UUID, *, unread: bool, before: UUID | None, limit: int
) -> list[NotificationRow]:
    """Newest first."""
    params = {"user": user_id, "before": before or UUID(int=2**128 - 1), "limit": limit}
    if unread:
        return await db.rows(
            NotificationRow,
            """
            SELECT id, kind, actor_id, project_id, data, created_at, read_at FROM notifications
            WHERE user_id = %(user)s AND id < %(before)s AND read_at IS NULL
            ORDER BY id DESC LIMIT %(limit)s
            """,
            params,
        )
    return await db.rows(
        NotificationRow,
        """
        SELECT id, kind, actor_id, project_id, data, created_at, read_at FROM notifications
        WHERE user_id = %(user)s AND id < %(before)s
        ORDER BY id DESC LIMIT %(limit)s
        """,
        params,
    )


async def count_unread(db: Queries, user_id: UUID) -> int:
    """At most UNREAD_COUNTED."""
    row = await db.row(
        _Count,
        """
        SELECT count(*) AS count FROM (
            SELECT 1 FROM notifications WHERE user_id = %(user)s AND read_at IS NULL LIMIT %(most)s
        ) AS unread
        """,
        {"user": user_id, "most": UNREAD_COUNTED},
    )
    return row.count if row is not None else 0


async def mark_read(db: Queries, user_id: UUID, notification_id: UUID) -> bool | None:
    """True where it was unread, False where it was read already, None where there is no such notification."""
    changed = await db.execute(
        """
        UPDATE notifications SET read_at = now()
        WHERE id = %(id)s AND user_id = %(user)s AND read_at IS NULL
        """,
        {"id": notification_id, "user": user_id},
    )
    if changed:
        return True
    found = await db.row(
        _Id,
        "SELECT id FROM notifications WHERE id = %(id)s AND user_id = %(user)s",
        {"id": notification_id, "user": user_id},
    )
    return None if found is None else False


async def mark_all_read(db: Queries, user_id: UUID) -> int:
    """All that are unread now; how many."""
    return await db.execute(
        "UPDATE notifications SET read_at = now() WHERE user_id = %(user)s AND read_at IS NULL", {"user": user_id}
    )


@dataclass(frozen=True, slots=True)
class _Muted:
    muted: list[str]


async def find_muted(db: Queries, user_id: UUID) -> list[str]:
    """The kinds that a user does not want."""
    row = await db.row(_Muted, "SELECT muted FROM notification_preferences WHERE user_id = %(user)s", {"user": user_id})
    return [] if row is None else row.muted


async def set_muted(db: Queries, user_id: UUID, muted: Sequence[str]) -> None:
    """From now on."""
    await db.execute(
        """
        INSERT INTO notification_preferences (user_id, muted) VALUES (%(user)s, %(muted)s)
        ON CONFLICT (user_id) DO UPDATE SET muted = excluded.muted
        """,
        {"user": user_id, "muted": list(muted)},
    )


async def remove_old(db: Queries, days: int, limit: int) -> int:
    """Delete some that are older than `days`; how many."""
    return await db.execute(
        """
        DELETE FROM notifications WHERE id = ANY(ARRAY(
            SELECT id FROM notifications WHERE created_at < now() - make_interval(days => %(days)s)
            ORDER BY created_at LIMIT %(limit)s
        ))
        """,
        {"days": days, "limit": limit},
    )


async def _invited(db: Queries, invite_id: UUID) -> UUID | None:
    row = await db.row(
        _Id,
        """
        SELECT users.id FROM project_invites
        JOIN users ON lower(users.email) = lower(project_invites.email)
        WHERE project_invites.id = %(invite)s AND users.email_verified_at IS NOT NULL
        """,
        {"invite": invite_id},
    )
    return None if row is None else row.id


def _id(value: object) -> UUID | None:
    try:
        return parse_id(str(value))
    except ValueError:
        return None
