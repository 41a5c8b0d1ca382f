"""What administrators do with users: one function per query. Called by gateway/routes/admin_users.py and users.py."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from store.postgres import Queries
from store.users import COLUMNS, UserRow

LATEST: Final = UUID(int=(1 << 128) - 1)
_LAST: Final = "\U0010ffff"
"""Sorts behind all that follows a beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """What a list of users is narrowed to; None does not."""

    role: str | None = None
    tier: str | None = None
    status: str | None = None
    before: UUID = LATEST
    """Only users that are older than this one."""


async def list_users(db: Queries, wanted: UserFilter, limit: int) -> list[UserRow]:
    """All users, the youngest first."""
    return await db.rows(
        UserRow,
        f"""
        SELECT {COLUMNS} FROM users
        WHERE id < %(before)s
          AND (%(role)s::text IS NULL OR role = %(role)s)
          AND (%(tier)s::text IS NULL OR tier = %(tier)s)
          AND (%(status)s::text IS NULL OR status = %(status)s)
        ORDER BY id DESC
        LIMIT %(limit)s
        """,
        _params(wanted, limit),
    )


async def search_people(db: Queries, beginning: str, wanted: UserFilter, limit: int) -> list[UserRow]:
    """Registered users whose username or display name begins so, the youngest first."""
    return await db.rows(
        UserRow,
        f"""
        WITH found AS MATERIALIZED (
            SELECT id FROM users WHERE username ~>=~ lower(%(first)s) AND username ~<~ lower(%(last)s)
            UNION
            SELECT id FROM users
            WHERE lower(display_name) ~>=~ lower(%(first)s) AND lower(display_name) ~<~ lower(%(last)s) AND NOT is_guest
        )
        SELECT {COLUMNS} FROM found JOIN users ON users.id = found.id
        WHERE NOT is_guest
          AND users.id < %(before)s
          AND (%(role)s::text IS NULL OR role = %(role)s)
          AND (%(tier)s::text IS NULL OR tier = %(tier)s)
          AND (%(status)s::text IS NULL OR status = %(status)s)
        ORDER BY users.id DESC
        LIMIT %(limit)s
        """,
        _params(wanted, limit) | {"first": beginning, "last": beginning + _LAST},
    )


async def search_accounts(db: Queries, beginning: str, wanted: UserFilter, limit: int) -> list[UserRow]:
    """The same for administrators: by e-mail address as well."""
    return await db.rows(
        UserRow,
        f"""
        WITH found AS MATERIALIZED (
            SELECT id FROM users WHERE username ~>=~ lower(%(first)s) AND username ~<~ lower(%(last)s)
            UNION
            SELECT id FROM users
            WHERE lower(display_name) ~>=~ lower(%(first)s) AND lower(display_name) ~<~ lower(%(last)s) AND NOT is_guest
            UNION
            SELECT id FROM users WHERE lower(email) ~>=~ lower(%(first)s) AND lower(email) ~<~ lower(%(last)s)
        )
        SELECT {COLUMNS} FROM found JOIN users ON users.id = found.id
        WHERE users.id < %(before)s
          AND (%(role)s::text IS NULL OR role = %(role)s)
          AND (%(tier)s::text IS NULL OR tier = %(tier)s)
          AND (%(status)s::text IS NULL OR status = %(status)s)
        ORDER BY users.id DESC
        LIMIT %(limit)s
        """,
        _params(wanted, limit) | {"first": beginning, "last": beginning + _LAST},
    )


async def set_role(db: Queries, user_id: UUID, role: str) -> UserRow:
    """A user who is there gets a role."""
    row = await db.row(
        UserRow,
        f"""
        UPDATE users SET role = %(role)s, version = version + 1, updated_at = now()
        WHERE id = %(id)s RETURNING {COLUMNS}
        """,
        {"id": user_id, "role": role},
    )
    assert row is not None  # the caller holds its lock
    return row


async def change_account(db: Queries, user_id: UUID, *, role: str, tier: str, status: str) -> UserRow:
    """Change what administrators decide, of a user whose lock the caller holds."""
    row = await db.row(
        UserRow,
        f"""
        UPDATE users
        SET role = %(role)s, tier = %(tier)s, status = %(status)s, version = version + 1, updated_at = now()
        WHERE id = %(id)s
        RETURNING {COLUMNS}
        """,
        {"id": user_id, "role": role, "tier": tier, "status": status},
    )
    assert row is not None
    return row


async def lock_admins(db: Queries) -> list[UUID]:
    """All administrators that are active. While they are locked, no other transaction takes one of them away."""
    rows = await db.rows(_Id, "SELECT id FROM users WHERE role = 'admin' AND status = 'active' ORDER BY id FOR UPDATE")
    return [row.id for row in rows]


async def claim_first_admin(db: Queries, email: str, user_id: UUID) -> bool:
    """Whether this is the first time that ADMIN_EMAIL (in lower case) makes an administrator."""
    claimed = await db.execute(
        """
        INSERT INTO first_admins (email, user_id)
        SELECT %(email)s, %(user_id)s
        WHERE NOT EXISTS (  -- as departures.py leaves it
            SELECT FROM first_admins WHERE email = encode(sha256(convert_to(%(email)s, 'UTF8')), 'hex')
        )
        ON CONFLICT DO NOTHING
        """,
        {"email": email, "user_id": user_id},
    )
    return claimed == 1


def _params(wanted: UserFilter, limit: int) -> dict[str, object]:
    return {
        "before": wanted.before,
        "role": wanted.role,
        "tier": wanted.tier,
        "status": wanted.status,
        "limit": limit,
    }


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID
