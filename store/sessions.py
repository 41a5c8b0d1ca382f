"""Sessions: a login or a platform token, the row behind every credential. Called by access.py and the routes."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from store.postgres import Queries


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session that is good now, with what every request needs of its user."""

    id: UUID
    user_id: UUID
    kind: str  # login or token
    scopes: list[str] | None
    secret_hash: bytes | None
    expires_at: float  # Unix time, seconds
    display_name: str
    is_guest: bool
    is_admin: bool
    tier: str


async def find_session(db: Queries, session_id: UUID) -> SessionRow | None:
    """The session with its user; None when either is no longer good."""
    return next(iter(await find_sessions(db, [session_id])), None)


async def find_sessions(db: Queries, session_ids: Collection[UUID]) -> list[SessionRow]:
    """Those of the sessions that are good, with their users."""
    return await db.rows(
        SessionRow,
        """
        SELECT sessions.id, sessions.user_id, sessions.kind, sessions.scopes, sessions.secret_hash,
               extract(epoch FROM sessions.expires_at)::float8 AS expires_at,
               users.display_name, users.is_guest, users.role = 'admin' AS is_admin, users.tier
        FROM sessions
        JOIN users ON users.id = sessions.user_id
        WHERE sessions.id = ANY(%(session_ids)s)
          AND sessions.revoked_at IS NULL
          AND sessions.expires_at > now()
          AND users.status = 'active'
        """,
        {"session_ids": list(session_ids)},
    )
