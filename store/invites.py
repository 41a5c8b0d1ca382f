"""Invitations to projects: one function per query. Called by gateway/routes/invites.py and members.py.

Of a token only its SHA-256 is kept. What changes one runs in a transaction that has locked the project.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from schemas.roles import Role
from store.postgres import Queries

INVITES_MAX: Final = 200
"""Open ones of one project: a class; those that nobody takes end by themselves."""


@dataclass(frozen=True, slots=True)
class InviteRow:
    """An invitation."""

    id: UUID
    project_id: UUID
    email: str | None
    role_name: str
    invited_by: UUID | None
    created_at: datetime
    expires_at: datetime
    accepted_by: UUID | None
    accepted_at: datetime | None
    revoked_at: datetime | None
    is_expired: bool

    @property
    def role(self) -> Role:
        """What it makes of who accepts it."""
        return Role(self.role_name)


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


async def add_invite(
    tx: Queries,
    invite_id: UUID,
    project_id: UUID,
    *,
    token_hash: bytes,
    email: str | None,
    role: Role,
    invited_by: UUID,
    seconds: int,
) -> InviteRow:
    """Insert one."""
    row = await tx.row(
        InviteRow,
        """
        INSERT INTO project_invites (id, project_id, token_hash, email, role, invited_by, expires_at)
        VALUES (%(id)s, %(project)s, %(hash)s, %(email)s, %(role)s, %(by)s, now() + make_interval(secs => %(seconds)s))
        RETURNING id, project_id, email, role AS role_name, invited_by, created_at, expires_at, accepted_by,
                  accepted_at, revoked_at, expires_at <= now() AS is_expired
        """,
        {
            "id": invite_id,
            "project": project_id,
            "hash": token_hash,
            "email": email,
            "role": role.value,
            "by": invited_by,
            "seconds": seconds,
        },
    )
    assert row is not None  # INSERT … RETURNING of one row
    return row


async def list_invites(db: Queries, project_id: UUID, before: UUID, limit: int) -> list[InviteRow]:
    """The latest first, whatever became of them."""
    return await db.rows(
        InviteRow,
        """
        SELECT id, project_id, email, role AS role_name, invited_by, created_at, expires_at, accepted_by,
               accepted_at, revoked_at, expires_at <= now() AS is_expired
        FROM project_invites WHERE project_id = %(project)s AND id < %(before)s
        ORDER BY id DESC LIMIT %(limit)s
        """,
        {"project": project_id, "before": before, "limit": limit},
    )


async def find_invite(db: Queries, token_hash: bytes) -> InviteRow | None:
    """The one that a token is for, whatever became of it."""
    return await db.row(
        InviteRow,
        """
        SELECT id, project_id, email, role AS role_name, invited_by, created_at, expires_at, accepted_by,
               accepted_at, revoked_at, expires_at <= now() AS is_expired
        FROM project_invites WHERE token_hash = %(hash)s
        """,
        {"hash": token_hash},
    )


async def count_open(db: Queries, project_id: UUID) -> int:
    """How many can still be accepted."""
    row = await db.row(
        _Count,
        """
        SELECT count(*) FROM project_invites
        WHERE project_id = %(project)s AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > now()
        """,
        {"project": project_id},
    )
    assert row is not None  # count(*) always has its row
    return row.count


async def mark_accepted(tx: Queries, invite_id: UUID, user_id: UUID) -> bool:
    """False where it cannot be accepted any more."""
    return (
        await tx.execute(
            """
            UPDATE project_invites SET accepted_by = %(user)s, accepted_at = now()
            WHERE id = %(id)s AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > now()
            """,
            {"id": invite_id, "user": user_id},
        )
        == 1
    )


async def revoke_invite(tx: Queries, project_id: UUID, invite_id: UUID) -> bool:
    """False where there was none to revoke."""
    return (
        await tx.execute(
            """
            UPDATE project_invites SET revoked_at = now()
            WHERE id = %(id)s AND project_id = %(project)s AND accepted_at IS NULL AND revoked_at IS NULL
            """,
            {"id": invite_id, "project": project_id},
        )
        == 1
    )


async def revoke_invites_of(tx: Queries, project_id: UUID, user_id: UUID) -> int:
    """Those that somebody made who may not invite any more."""
    return await tx.execute(
        """
        UPDATE project_invites SET revoked_at = now()
        WHERE project_id = %(project)s AND invited_by = %(user)s AND accepted_at IS NULL AND revoked_at IS NULL
        """,
        {"project": project_id, "user": user_id},
    )
