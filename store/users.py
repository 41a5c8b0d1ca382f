"""Users and their sessions: one function per query. Called by the routes and gateway/auth/bearer.py."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from store.postgres import Postgres


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user's public columns."""

    id: UUID
    display_name: str
    is_guest: bool
    created_at: datetime


async def create_guest(
    postgres: Postgres, user_id: UUID, session_id: UUID, display_name: str, session_seconds: int
) -> UserRow:
    """Insert a guest and their first session, both or neither."""
    row = await postgres.row(
        UserRow,
        """
        WITH made AS (
            INSERT INTO users (id, display_name, is_guest, tier)
            VALUES (%(user_id)s, %(display_name)s, true, 'guest')
            RETURNING id, display_name, is_guest, created_at
        ), session AS (
            INSERT INTO sessions (id, user_id, expires_at)
            SELECT %(session_id)s, id, now() + make_interval(secs => %(session_seconds)s) FROM made
        )
        SELECT id, display_name, is_guest, created_at FROM made
        """,
        {
            "user_id": user_id,
            "session_id": session_id,
            "display_name": display_name,
            "session_seconds": session_seconds,
        },
    )
    assert row is not None  # INSERT … RETURNING of one row
    return row


async def find_active_user(postgres: Postgres, user_id: UUID, session_id: UUID) -> UserRow | None:
    """The user behind an access token; None when the account or the session is no longer good."""
    return await postgres.row(
        UserRow,
        """
        SELECT users.id, users.display_name, users.is_guest, users.created_at
        FROM users
        JOIN sessions ON sessions.user_id = users.id AND sessions.id = %(session_id)s
        WHERE users.id = %(user_id)s
          AND users.status = 'active'
          AND sessions.revoked_at IS NULL
          AND sessions.expires_at > now()
        """,
        {"user_id": user_id, "session_id": session_id},
    )


async def revoke_session(postgres: Postgres, session_id: UUID, reason: str) -> bool:
    """End a session and with it all its access tokens; False when there was nothing to end."""
    ended = await postgres.execute(
        """
        UPDATE sessions SET revoked_at = now(), revoke_reason = %(reason)s
        WHERE id = %(session_id)s AND revoked_at IS NULL
        """,
        {"session_id": session_id, "reason": reason},
    )
    return ended == 1
