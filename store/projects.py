"""Projects and their members: one function per query. Called by the routes and by gateway/access.py."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from schemas.roles import Role
from store.postgres import Postgres, Queries


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
    """What somebody is in one project, in one row, whatever of it exists."""

    project_exists: bool
    is_public: bool  # or unlisted: who knows its id may read it
    role_name: str | None  # None: not a member

    @property
    def role(self) -> Role | None:
        """The member's role, or None."""
        return None if self.role_name is None else Role(self.role_name)

    @property
    def opens(self) -> bool:
        """Whether all of it together lets somebody in."""
        return self.project_exists and (self.is_public or self.role_name is not None)


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


async def find_membership(db: Queries, project_id: UUID, user_id: UUID) -> MembershipRow:
    """Everything that decides what somebody may do in a project, in one round trip."""
    row = await db.row(
        MembershipRow,
        """
        SELECT projects.id IS NOT NULL AS project_exists,
               coalesce(projects.visibility <> 'private', false) AS is_public,
               project_members.role AS role_name
        FROM (SELECT 1) AS one
        LEFT JOIN projects ON projects.id = %(project_id)s AND projects.deleted_at IS NULL
        LEFT JOIN project_members ON project_members.project_id = projects.id
              AND project_members.user_id = %(user_id)s
        """,
        {"project_id": project_id, "user_id": user_id},
    )
    assert row is not None  # (SELECT 1) always has its row
    return row


@dataclass(frozen=True, slots=True)
class _AskedMembership(MembershipRow):
    asked_project: UUID
    asked_user: UUID


async def find_memberships(db: Queries, pairs: Collection[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], MembershipRow]:
    """The same for many pairs of project and user at once; every pair has its row."""
    rows = await db.rows(
        _AskedMembership,
        """
        SELECT asked.project_id AS asked_project, asked.user_id AS asked_user,
               projects.id IS NOT NULL AS project_exists,
               coalesce(projects.visibility <> 'private', false) AS is_public,
               project_members.role AS role_name
        FROM unnest(%(projects)s::uuid[], %(users)s::uuid[]) AS asked (project_id, user_id)
        LEFT JOIN projects ON projects.id = asked.project_id AND projects.deleted_at IS NULL
        LEFT JOIN project_members ON project_members.project_id = projects.id
              AND project_members.user_id = asked.user_id
        """,
        {"projects": [project for project, _ in pairs], "users": [user for _, user in pairs]},
    )
    return {(row.asked_project, row.asked_user): row for row in rows}
