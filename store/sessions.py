"""Sessions: a login or a platform token, the row behind every credential. Called by access.py and the routes.

A login ends by `revoked_at`, or by `expires_at`, which each refresh moves on. How its refresh tokens follow one another
is decided by gateway/auth/refresh.py; the columns `refresh_…` are its memory.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
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
    refresh_seen: int
    unseen_seconds: float  # since it was last seen
    display_name: str
    is_guest: bool
    is_admin: bool
    tier: str


@dataclass(frozen=True, slots=True)
class RefreshRow:
    """A login whose refresh token somebody presents."""

    id: UUID
    user_id: UUID
    refresh_counter: int
    refresh_used: int
    refresh_seen: int
    refreshed_ago: float  # seconds
    expires_at: float  # Unix time, seconds
    is_good: bool


@dataclass(frozen=True, slots=True)
class LoginRow:
    """A login as its user sees it."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime | None
    expires_at: datetime
    last_address: str | None
    user_agent: str | None


@dataclass(frozen=True, slots=True)
class Device:
    """Where a login came from."""

    address: str
    user_agent: str


_REFRESH: Final = """
    SELECT sessions.id, sessions.user_id, sessions.refresh_counter, sessions.refresh_used, sessions.refresh_seen,
           extract(epoch FROM clock_timestamp() - coalesce(sessions.refreshed_at, sessions.created_at))::float8
               AS refreshed_ago,
           extract(epoch FROM sessions.expires_at)::float8 AS expires_at,
           sessions.revoked_at IS NULL AND sessions.expires_at > now() AND users.status = 'active' AS is_good
    FROM sessions
    JOIN users ON users.id = sessions.user_id
    WHERE sessions.id = %(id)s AND sessions.kind = 'login'
"""


async def find_session(db: Queries, session_id: UUID) -> SessionRow | None:
    """The session with its user; None when either is no longer good."""
    return next(iter(await find_sessions(db, [session_id])), None)


async def find_sessions(db: Queries, session_ids: Collection[UUID]) -> list[SessionRow]:
    """Those of the sessions that are good, with their users."""
    return await db.rows(
        SessionRow,
        """
        SELECT sessions.id, sessions.user_id, sessions.kind, sessions.scopes, sessions.secret_hash,
               extract(epoch FROM sessions.expires_at)::float8 AS expires_at, sessions.refresh_seen,
               extract(epoch FROM now() - coalesce(sessions.last_seen_at, 'epoch'))::float8 AS unseen_seconds,
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


async def add_login(db: Queries, session_id: UUID, user_id: UUID, seconds: int, device: Device) -> None:
    """A new login."""
    await db.execute(
        """
        INSERT INTO sessions (id, user_id, expires_at, last_seen_at, last_address, user_agent)
        VALUES (%(id)s, %(user_id)s, now() + make_interval(secs => %(seconds)s), now(), %(address)s, %(user_agent)s)
        """,
        {
            "id": session_id,
            "user_id": user_id,
            "seconds": seconds,
            "address": device.address,
            "user_agent": device.user_agent,
        },
    )


async def lock_refresh(db: Queries, session_id: UUID) -> RefreshRow | None:
    """The login's generations; nobody else refreshes it until the transaction ends."""
    return await db.row(RefreshRow, f"{_REFRESH} FOR UPDATE OF sessions", {"id": session_id})


async def find_refresh(db: Queries, session_id: UUID) -> RefreshRow | None:
    """The same, only to look."""
    return await db.row(RefreshRow, _REFRESH, {"id": session_id})


async def advance_refresh(
    db: Queries, session_id: UUID, counter: int, used: int, idle_seconds: int, longest_seconds: int, address: str
) -> None:
    """Keep new generations; the login now lasts `idle_seconds` from here, but an account's never `longest_seconds`."""
    await db.execute(
        """
        UPDATE sessions
        SET refresh_counter = %(counter)s, refresh_used = %(used)s, refreshed_at = clock_timestamp(),
            last_seen_at = now(), last_address = %(address)s,
            expires_at = CASE
                WHEN users.is_guest THEN now() + make_interval(secs => %(idle)s)
                ELSE least(now() + make_interval(secs => %(idle)s),
                           sessions.created_at + make_interval(secs => %(longest)s))
            END
        FROM users
        WHERE sessions.id = %(id)s AND users.id = sessions.user_id
        """,
        {
            "id": session_id,
            "counter": counter,
            "used": used,
            "address": address,
            "idle": idle_seconds,
            "longest": longest_seconds,
        },
    )


async def note_seen(db: Queries, session_id: UUID, generation: int) -> None:
    """Somebody used a credential of the session: an access token of this generation, or the platform token."""
    await db.execute(
        """
        UPDATE sessions SET last_seen_at = now(), refresh_seen = greatest(refresh_seen, %(generation)s)
        WHERE id = %(id)s
        """,
        {"id": session_id, "generation": generation},
    )


async def list_logins(db: Queries, user_id: UUID, limit: int) -> list[LoginRow]:
    """The user's logins that are good now, the youngest first."""
    return await db.rows(
        LoginRow,
        """
        SELECT id, created_at, last_seen_at, expires_at, last_address, user_agent FROM sessions
        WHERE user_id = %(user_id)s AND kind = 'login' AND revoked_at IS NULL AND expires_at > now()
        ORDER BY id DESC
        LIMIT %(limit)s
        """,
        {"user_id": user_id, "limit": limit},
    )


async def is_fresh(db: Queries, session_id: UUID, seconds: int) -> bool:
    """Whether the login was made within the last `seconds`."""
    found = await db.rows(
        _Id,
        """
        SELECT id FROM sessions
        WHERE id = %(id)s AND kind = 'login' AND created_at > now() - make_interval(secs => %(seconds)s)
        """,
        {"id": session_id, "seconds": seconds},
    )
    return bool(found)


async def end_session(db: Queries, user_id: UUID, session_id: UUID, kind: str, reason: str) -> bool:
    """End one of the user's sessions, and with it all its tokens; False when there was nothing to end."""
    ended = await db.execute(
        """
        UPDATE sessions SET revoked_at = now(), revoke_reason = %(reason)s
        WHERE id = %(id)s AND user_id = %(user_id)s AND kind = %(kind)s AND revoked_at IS NULL AND expires_at > now()
        """,
        {"id": session_id, "user_id": user_id, "kind": kind, "reason": reason},
    )
    return ended == 1


async def end_login(db: Queries, session_id: UUID, reason: str, *, guests_too: bool) -> UUID | None:
    """End a login, whoever's it is; whose it was. Nobody could sign in to a guest's again."""
    row = await db.row(
        _Id,
        """
        UPDATE sessions SET revoked_at = now(), revoke_reason = %(reason)s
        FROM users
        WHERE sessions.id = %(id)s AND sessions.kind = 'login' AND sessions.revoked_at IS NULL
          AND sessions.expires_at > now() AND users.id = sessions.user_id AND (%(guests_too)s OR NOT users.is_guest)
        RETURNING users.id
        """,
        {"id": session_id, "reason": reason, "guests_too": guests_too},
    )
    return None if row is None else row.id


async def end_sessions(
    db: Queries, user_id: UUID, reason: str, *, kinds: tuple[str, ...] = ("login",), but: UUID | None = None
) -> list[UUID]:
    """End all sessions of these kinds but one; which were ended."""
    rows = await db.rows(
        _Id,
        """
        UPDATE sessions SET revoked_at = now(), revoke_reason = %(reason)s
        WHERE user_id = %(user_id)s AND kind = ANY(%(kinds)s) AND revoked_at IS NULL
          AND id IS DISTINCT FROM %(but)s
        RETURNING id
        """,
        {"user_id": user_id, "kinds": list(kinds), "but": but, "reason": reason},
    )
    return [row.id for row in rows]


async def end_oldest(db: Queries, user_id: UUID, keep: int, reason: str) -> list[UUID]:
    """End the logins beyond the youngest `keep`; which were ended."""
    rows = await db.rows(
        _Id,
        """
        UPDATE sessions SET revoked_at = now(), revoke_reason = %(reason)s
        WHERE id IN (
            SELECT id FROM sessions
            WHERE user_id = %(user_id)s AND kind = 'login' AND revoked_at IS NULL AND expires_at > now()
            ORDER BY id DESC
            OFFSET %(keep)s
        )
        RETURNING id
        """,
        {"user_id": user_id, "keep": keep, "reason": reason},
    )
    return [row.id for row in rows]


async def remove_old(db: Queries, days: int, limit: int) -> int:
    """Remove sessions that expired so long ago that nobody asks about them; how many."""
    return await db.execute(
        """
        DELETE FROM sessions WHERE id = ANY(ARRAY(
            SELECT id FROM sessions WHERE expires_at < now() - make_interval(days => %(days)s)
            ORDER BY expires_at LIMIT %(limit)s
        ))
        """,
        {"days": days, "limit": limit},
    )


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID
