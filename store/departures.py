"""A user leaves for good: what is left of them. Called by gateway/routes/users.py.

Rows that others refer to (projects, history, chats) keep their user id; nothing says any more whose it was. The audit
log only grows: it has ids and network addresses, no names, and ends with its own retention.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from store.happenings import user_topic
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


async def release_invites(db: Queries, user_id: UUID, email: str | None) -> None:
    """Invitations that name somebody by their verified address, or that they accepted, name nobody any more.

    Open ones are revoked: without an address they would be for whoever has the token. First of all in the transaction
    that locks the account: who accepts an invitation takes both in this order.
    """
    await db.execute(
        """
        UPDATE project_invites
        SET email = NULL, revoked_at = CASE WHEN accepted_at IS NULL THEN coalesce(revoked_at, now()) END
        WHERE lower(email) = lower(%(email)s)
        """,
        {"email": email},
    )
    await db.execute(
        "UPDATE project_invites SET email = NULL, accepted_by = NULL WHERE accepted_by = %(id)s", {"id": user_id}
    )


async def anonymise(db: Queries, user_id: UUID) -> None:
    """Forget who a user was; their sessions, tokens and other identities go, and what was told to them alone."""
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
    await db.execute("DELETE FROM happenings WHERE topic = %(topic)s", {"topic": user_topic(user_id)})
    await db.execute("DELETE FROM notifications WHERE user_id = %(id)s", {"id": user_id})
    await db.execute("DELETE FROM notification_preferences WHERE user_id = %(id)s", {"id": user_id})
    await db.execute("DELETE FROM repeats WHERE subject = %(id)s", {"id": user_id})
    # Only to be known again: the same ADMIN_EMAIL must not make a second administrator.
    await db.execute(
        """
        UPDATE first_admins SET email = encode(sha256(convert_to(email, 'UTF8')), 'hex')
        WHERE user_id = %(id)s AND email LIKE '%%@%%'
        """,
        {"id": user_id},
    )
