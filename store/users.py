"""Users: one function per query. Called by the routes of accounts; who may administer others is user_admin.py."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from store.postgres import Queries
from store.sessions import Device

COLUMNS: Final = """
    users.id, users.display_name, users.username, users.email, users.email_verified_at, users.avatar_url, users.bio,
    users.locale, users.role, users.tier, users.status, users.is_guest, users.password_hash IS NOT NULL AS has_password,
    users.version, users.created_at, users.updated_at
"""


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user's columns, without the hash of the password."""

    id: UUID
    display_name: str
    username: str | None
    email: str | None
    email_verified_at: datetime | None
    avatar_url: str | None
    bio: str
    locale: str
    role: str
    tier: str
    status: str
    is_guest: bool
    has_password: bool
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PasswordRow:
    """What a sign-in looks at."""

    id: UUID
    password_hash: str | None
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """A user to insert."""

    id: UUID
    display_name: str
    username: str | None = None
    email: str | None = None
    email_is_verified: bool = False
    password_hash: str | None = None
    avatar_url: str | None = None
    role: str = "user"
    tier: str = "free"
    is_guest: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """What users change of themselves."""

    display_name: str
    username: str | None
    avatar_url: str | None
    bio: str
    locale: str


async def create_guest(
    db: Queries,
    user_id: UUID,
    session_id: UUID,
    display_name: str,
    session_seconds: int,
    device: Device | None = None,
) -> UserRow:
    """Insert a guest and their first session, both or neither."""
    row = await db.row(
        UserRow,
        f"""
        WITH users AS (
            INSERT INTO users (id, display_name, is_guest, tier)
            VALUES (%(user_id)s, %(display_name)s, true, 'guest')
            RETURNING *
        ), session AS (
            INSERT INTO sessions (id, user_id, expires_at, last_seen_at, last_address, user_agent)
            SELECT %(session_id)s, id, now() + make_interval(secs => %(session_seconds)s), now(), %(address)s,
                   %(user_agent)s
            FROM users
        )
        SELECT {COLUMNS} FROM users
        """,
        {
            "user_id": user_id,
            "session_id": session_id,
            "display_name": display_name,
            "session_seconds": session_seconds,
            "address": device.address if device else None,
            "user_agent": device.user_agent if device else None,
        },
    )
    assert row is not None  # INSERT … RETURNING of one row
    return row


async def create_user(db: Queries, user: NewUser) -> UserRow:
    """Insert a user. Raises Taken: `users_by_email` or `users_by_username`."""
    row = await db.row(
        UserRow,
        f"""
        INSERT INTO users (id, display_name, username, email, email_verified_at, password_hash, avatar_url, role, tier)
        VALUES (%(id)s, %(display_name)s, %(username)s, %(email)s, CASE WHEN %(email_is_verified)s THEN now() END,
                %(password_hash)s, %(avatar_url)s, %(role)s, %(tier)s)
        RETURNING {COLUMNS}
        """,
        {name: getattr(user, name) for name in NewUser.__dataclass_fields__},
    )
    assert row is not None  # INSERT … RETURNING of one row
    return row


async def upgrade_guest(db: Queries, user: NewUser) -> UserRow | None:
    """Make a guest an account in place; what `user` leaves out stays. None if it is no guest any more. Raises Taken."""
    return await db.row(
        UserRow,
        f"""
        UPDATE users
        SET is_guest = false, display_name = %(display_name)s, username = %(username)s, email = %(email)s,
            email_verified_at = CASE WHEN %(email_is_verified)s THEN now() END, password_hash = %(password_hash)s,
            avatar_url = coalesce(%(avatar_url)s, avatar_url),
            tier = CASE WHEN tier = 'guest' THEN %(tier)s ELSE tier END, version = version + 1, updated_at = now()
        WHERE id = %(id)s AND is_guest AND status = 'active'
        RETURNING {COLUMNS}
        """,
        {name: getattr(user, name) for name in NewUser.__dataclass_fields__},
    )


async def find_user(db: Queries, user_id: UUID) -> UserRow | None:
    """A user, whatever their status."""
    return await db.row(UserRow, f"SELECT {COLUMNS} FROM users WHERE id = %(id)s", {"id": user_id})


async def lock_user(db: Queries, user_id: UUID) -> UserRow | None:
    """The same, in a transaction that is about to change them."""
    return await db.row(UserRow, f"SELECT {COLUMNS} FROM users WHERE id = %(id)s FOR UPDATE", {"id": user_id})


async def find_by_email(db: Queries, email: str) -> UserRow | None:
    """The user with this address, in whatever case."""
    return await db.row(UserRow, f"SELECT {COLUMNS} FROM users WHERE lower(email) = lower(%(email)s)", {"email": email})


async def find_password(db: Queries, login: str) -> PasswordRow | None:
    """Who signs in with this e-mail address or username."""
    if "@" in login:
        return await db.row(
            PasswordRow,
            "SELECT id, password_hash, status FROM users WHERE lower(email) = lower(%(login)s)",
            {"login": login},
        )
    return await db.row(
        PasswordRow, "SELECT id, password_hash, status FROM users WHERE username = lower(%(login)s)", {"login": login}
    )


async def find_own_password(db: Queries, user_id: UUID) -> PasswordRow | None:
    """The hash of somebody who is signed in."""
    return await db.row(PasswordRow, "SELECT id, password_hash, status FROM users WHERE id = %(id)s", {"id": user_id})


async def set_password(db: Queries, user_id: UUID, password_hash: str) -> bool:
    """A new password; False if the account is gone."""
    changed = await db.execute(
        """
        UPDATE users SET password_hash = %(hash)s, updated_at = now()
        WHERE id = %(id)s AND status <> 'deleted'
        """,
        {"id": user_id, "hash": password_hash},
    )
    return changed == 1


async def replace_hash(db: Queries, user_id: UUID, old: str, new: str) -> None:
    """Keep the same password by a better hash, unless it was changed meanwhile."""
    await db.execute(
        "UPDATE users SET password_hash = %(new)s WHERE id = %(id)s AND password_hash = %(old)s",
        {"id": user_id, "old": old, "new": new},
    )


async def verify_email(db: Queries, user_id: UUID, email: str) -> UserRow | None:
    """Note that the address is theirs; None if they have another one by now, or are gone."""
    return await db.row(
        UserRow,
        f"""
        UPDATE users SET email_verified_at = coalesce(email_verified_at, now()), version = version + 1,
                         updated_at = now()
        WHERE id = %(id)s AND lower(email) = lower(%(email)s) AND status <> 'deleted'
        RETURNING {COLUMNS}
        """,
        {"id": user_id, "email": email},
    )


async def change_profile(db: Queries, user_id: UUID, profile: Profile) -> UserRow:
    """Change a user that `lock_user` found. Raises Taken."""
    row = await db.row(
        UserRow,
        f"""
        UPDATE users
        SET display_name = %(display_name)s, username = %(username)s, avatar_url = %(avatar_url)s, bio = %(bio)s,
            locale = %(locale)s, version = version + 1, updated_at = now()
        WHERE id = %(id)s
        RETURNING {COLUMNS}
        """,
        {"id": user_id} | {name: getattr(profile, name) for name in Profile.__dataclass_fields__},
    )
    assert row is not None  # locked
    return row


async def taken_usernames(db: Queries, names: list[str]) -> set[str]:
    """Which of these somebody has."""
    rows = await db.rows(_Name, "SELECT username FROM users WHERE username = ANY(%(names)s)", {"names": names})
    return {row.username for row in rows}


@dataclass(frozen=True, slots=True)
class _Name:
    username: str
