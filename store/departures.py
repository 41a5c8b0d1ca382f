"""A user leaves for good: what is left of them. Called by gateway/routes/users.py.

Rows that others refer to (projects, history, chats) keep their user id; nothing says any more whose it was.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from store.postgres import Queries

LEFT_NAME: Final = "Deleted user"


@dataclass(frozen=True, slots=True)
class MembershipOf:
    """A living project that somebody is in."""

    project_id: UUID
    name: str
    role: str
    is_last_owner: bool
    is_alone: bool


async def list_memberships_of(db: Queries, user_id: UUID, limit: int) -> list[MembershipOf]:
    """Those that would lose their only owner first."""
    return await db.rows(
        MembershipOf,
        """
        SELECT project_id, name, role, is_last_owner, is_alone FROM (
            SELECT projects.id AS project_id, projects.name, mine.role,
                   mine.role = 'owner' AND NOT EXISTS (
                       SELECT FROM project_members AS other
                       WHERE other.project_id = projects.id AND other.user_id <> mine.user_id AND other.role = 'owner'
                   ) AS is_last_owner,
                   NOT EXISTS (
                       SELECT FROM project_members AS other
                       WHERE other.project_id = projects.id AND other.user_id <> mine.user_id
                   ) AS is_alone
            FROM project_members AS mine
            JOIN projects ON projects.id = mine.project_id
            WHERE mine.user_id = %(user_id)s AND mine.project_deleted_at IS NULL
            LIMIT %(limit)s
        ) AS found
        ORDER BY is_last_owner AND NOT is_alone DESC, project_id
        """,
        {"user_id": user_id, "limit": limit},
    )


async def anonymise(db: Queries, user_id: UUID) -> None:
    """Forget who a user was; their sessions, tokens and other identities go."""
    await db.execute(
        """
        UPDATE users
        SET display_name = %(name)s, username = NULL, email = NULL, email_verified_at = NULL, password_hash = NULL,
            avatar_url = NULL, bio = '', locale = 'en', role = 'user', status = 'deleted', deleted_at = now(),
            version = version + 1, updated_at = now()
        WHERE id = %(id)s
        """,
        {"id": user_id, "name": LEFT_NAME},
    )
    await db.execute("DELETE FROM identities WHERE user_id = %(id)s", {"id": user_id})
    await db.execute(
        """
        UPDATE sessions
        SET revoked_at = coalesce(revoked_at, now()), revoke_reason = coalesce(revoke_reason, 'account deleted'),
            last_address = NULL, user_agent = NULL, name = ''
        WHERE user_id = %(id)s
        """,
        {"id": user_id},
    )
