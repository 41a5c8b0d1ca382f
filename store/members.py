"""The members of a project: one function per query. Called by gateway/routes/members.py and invites.py.

What changes them runs in a transaction that has locked the project (store/projects.py, `lock_project`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from schemas.roles import Role
from store.postgres import Queries

MEMBERS_MAX: Final = 1_000
"""Of one project: a large course. A change of the project writes one row for each."""
START: Final = ("-infinity", UUID(int=0))
"""Before all members: a time as PostgreSQL writes it, and an id."""


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member, with what the others see of their account."""

    user_id: UUID
    role_name: str
    display_name: str
    username: str | None
    avatar_url: str | None
    is_guest: bool
    invited_by: UUID | None
    created_at: datetime

    @property
    def role(self) -> Role:
        """The role as an ordered value."""
        return Role(self.role_name)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """An account that can become a member."""

    id: UUID
    display_name: str


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


async def list_members(db: Queries, project_id: UUID, limit: int, after: tuple[str, UUID] = START) -> list[MemberRow]:
    """In the order in which they came."""
    return await db.rows(
        MemberRow,
        """
        SELECT shown.user_id, shown.role AS role_name, users.display_name, users.username,
               users.avatar_url, users.is_guest, shown.invited_by, shown.created_at
        FROM (
            SELECT user_id, role, invited_by, created_at FROM project_members
            WHERE project_id = %(project)s AND (created_at, user_id) > (%(at)s::timestamptz, %(id)s)
            ORDER BY created_at, user_id
            LIMIT %(limit)s
        ) AS shown JOIN users ON users.id = shown.user_id
        ORDER BY shown.created_at, shown.user_id
        """,
        {"project": project_id, "limit": limit, "at": after[0], "id": after[1]},
    )


async def find_member(db: Queries, project_id: UUID, user_id: UUID) -> MemberRow | None:
    """One member."""
    return await db.row(
        MemberRow,
        """
        SELECT project_members.user_id, project_members.role AS role_name, users.display_name, users.username,
               users.avatar_url, users.is_guest, project_members.invited_by, project_members.created_at
        FROM project_members JOIN users ON users.id = project_members.user_id
        WHERE project_members.project_id = %(project)s AND project_members.user_id = %(user)s
        """,
        {"project": project_id, "user": user_id},
    )


async def add_member(tx: Queries, project_id: UUID, user_id: UUID, role: Role, invited_by: UUID | None) -> bool:
    """False where they are one already."""
    return (
        await tx.execute(
            """
            INSERT INTO project_members (project_id, user_id, role, invited_by)
            VALUES (%(project)s, %(user)s, %(role)s, %(by)s)
            ON CONFLICT (project_id, user_id) DO NOTHING
            """,
            {"project": project_id, "user": user_id, "role": role.value, "by": invited_by},
        )
        == 1
    )


async def set_role(tx: Queries, project_id: UUID, user_id: UUID, role: Role) -> None:
    """Of a member."""
    await tx.execute(
        "UPDATE project_members SET role = %(role)s WHERE project_id = %(project)s AND user_id = %(user)s",
        {"project": project_id, "user": user_id, "role": role.value},
    )


async def remove_member(tx: Queries, project_id: UUID, user_id: UUID) -> None:
    """They are a stranger again."""
    await tx.execute(
        "DELETE FROM project_members WHERE project_id = %(project)s AND user_id = %(user)s",
        {"project": project_id, "user": user_id},
    )


async def set_owner(tx: Queries, project_id: UUID, user_id: UUID) -> None:
    """The owner whom the project itself names; one of those with the role."""
    await tx.execute(
        "UPDATE projects SET owner_id = %(user)s, version = version + 1 WHERE id = %(project)s",
        {"project": project_id, "user": user_id},
    )


async def other_owner(tx: Queries, project_id: UUID, user_id: UUID) -> UUID | None:
    """The longest-serving owner beside this one."""
    row = await tx.row(
        _Id,
        """
        SELECT user_id AS id FROM project_members
        WHERE project_id = %(project)s AND role = 'owner' AND user_id <> %(user)s
        ORDER BY created_at, user_id LIMIT 1
        """,
        {"project": project_id, "user": user_id},
    )
    return None if row is None else row.id


async def count_members(db: Queries, project_id: UUID) -> int:
    """How many there are."""
    row = await db.row(
        _Count, "SELECT count(*) FROM project_members WHERE project_id = %(project)s", {"project": project_id}
    )
    assert row is not None  # count(*) always has its row
    return row.count


async def find_person(db: Queries, user_id: UUID) -> PersonRow | None:
    """An account that is neither banned nor deleted."""
    return await db.row(
        PersonRow, "SELECT id, display_name FROM users WHERE id = %(id)s AND status = 'active'", {"id": user_id}
    )


async def hold_person(tx: Queries, user_id: UUID) -> PersonRow | None:
    """The same, who neither leaves nor is banned before the end of this transaction."""
    return await tx.row(
        PersonRow,
        "SELECT id, display_name FROM users WHERE id = %(id)s AND status = 'active' FOR KEY SHARE",
        {"id": user_id},
    )


async def find_person_by_email(db: Queries, email: str) -> PersonRow | None:
    """The account that has shown this address to be its own."""
    return await db.row(
        PersonRow,
        """
        SELECT id, display_name FROM users
        WHERE lower(email) = lower(%(email)s) AND email_verified_at IS NOT NULL AND status = 'active'
        """,
        {"email": email},
    )


async def owns_address(db: Queries, user_id: UUID, email: str) -> bool:
    """Whether the account has shown this address to be its own."""
    found = await find_person_by_email(db, email)
    return found is not None and found.id == user_id
