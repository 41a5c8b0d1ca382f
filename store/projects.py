"""Projects and their members: one function per query. Called by the routes and by gateway/access.py."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from schemas.roles import Role
from store.postgres import Postgres


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A project's columns."""

    id: UUID
    owner_id: UUID
    name: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class MembershipRow:
    """What an access token is worth in one project, in one row, whatever of it exists."""

    project_exists: bool
    session_is_good: bool
    display_name: str | None  # None: no such user
    role_name: str | None  # None: not a member

    @property
    def role(self) -> Role | None:
        """The member's role, or None."""
        return None if self.role_name is None else Role(self.role_name)

    @property
    def opens(self) -> bool:
        """Whether all of it together lets somebody in."""
        return self.session_is_good and self.role_name is not None


@dataclass(frozen=True, slots=True)
class _Existence:
    project_exists: bool


async def create_project(postgres: Postgres, project_id: UUID, owner_id: UUID, name: str) -> ProjectRow:
    """Insert a project with its owner as the first member, both or neither."""
    row = await postgres.row(
        ProjectRow,
        """
        WITH made AS (
            INSERT INTO projects (id, owner_id, name)
            VALUES (%(project_id)s, %(owner_id)s, %(name)s)
            RETURNING id, owner_id, name, created_at, updated_at
        ), membership AS (
            INSERT INTO project_members (project_id, user_id, role)
            SELECT id, owner_id, 'owner' FROM made
        )
        SELECT id, owner_id, name, created_at, updated_at FROM made
        """,
        {"project_id": project_id, "owner_id": owner_id, "name": name},
    )
    assert row is not None  # INSERT … RETURNING of one row
    return row


async def find_membership(postgres: Postgres, project_id: UUID, user_id: UUID, session_id: UUID) -> MembershipRow:
    """Everything that decides whether an access token opens a project, in one round trip."""
    row = await postgres.row(
        MembershipRow,
        """
        SELECT projects.id IS NOT NULL AS project_exists,
               sessions.id IS NOT NULL AS session_is_good,
               users.display_name AS display_name,
               project_members.role AS role_name
        FROM (SELECT 1) AS one
        LEFT JOIN projects ON projects.id = %(project_id)s AND projects.deleted_at IS NULL
        LEFT JOIN users ON users.id = %(user_id)s AND users.status = 'active'
        LEFT JOIN sessions ON sessions.id = %(session_id)s AND sessions.user_id = users.id
              AND sessions.revoked_at IS NULL AND sessions.expires_at > now()
        LEFT JOIN project_members ON project_members.project_id = projects.id
              AND project_members.user_id = users.id
        """,
        {"project_id": project_id, "user_id": user_id, "session_id": session_id},
    )
    assert row is not None  # (SELECT 1) always has its row
    return row


async def project_exists(postgres: Postgres, project_id: UUID) -> bool:
    """Whether the project is there and not deleted."""
    row = await postgres.row(
        _Existence,
        """
        SELECT EXISTS (
            SELECT 1 FROM projects WHERE id = %(project_id)s AND deleted_at IS NULL
        ) AS project_exists
        """,
        {"project_id": project_id},
    )
    return row is not None and row.project_exists
