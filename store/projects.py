"""Projects, and who may open them: one function per query. Called by the routes and by gateway/access.py.

Lists are in project_lists.py, what changes members in members.py. Triggers (0005_sharing.sql) keep what the lists need.
Whatever changes a project's members or ends it locks its row first (`lock_project`), so that these happen one by one.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from schemas.roles import Role
from store.postgres import Postgres, Queries
from store.search_words import search_words

KEEP_DELETED_DAYS: Final = 30
"""For which a deleted project can be restored: a month, so that a holiday does not cost anybody a project."""
TOUCH_SECONDS: Final = 60
"""Between two notes that something in a project was edited: each writes one row for each member."""


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A project's columns."""

    id: UUID
    owner_id: UUID
    name: str
    description: str
    kind: str
    visibility: str
    preview_html: str | None
    settings: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProject:
    """What a project is made of."""

    name: str
    description: str = ""
    kind: str = "code"
    visibility: str = "private"
    preview_html: str | None = None
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LockedProject:
    """A project that nobody else changes the members of until the transaction ends."""

    id: UUID
    owner_id: UUID
    name: str
    visibility: str
    version: int
    is_deleted: bool
    may_return: bool
    """Deleted so lately that it can be restored."""


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
    """Insert a project with its owner as the first member, both or neither. Tells nobody: for tests and imports."""
    return await postgres.transact(lambda tx: add_project(tx, project_id, owner_id, NewProject(name=name)))


async def add_project(db: Queries, project_id: UUID, owner_id: UUID, new: NewProject) -> ProjectRow:
    """Insert a project, then its owner as the first member; to be called in a transaction."""
    row = await db.row(
        ProjectRow,
        """
        INSERT INTO projects (id, owner_id, name, description, kind, visibility, preview_html, settings, words)
        VALUES (%(id)s, %(owner_id)s, %(name)s, %(description)s, %(kind)s, %(visibility)s, %(preview_html)s,
                %(settings)s::jsonb, %(words)s)
        RETURNING id, owner_id, name, description, kind, visibility, preview_html, settings, version,
                  created_at, updated_at, deleted_at
        """,
        {
            "id": project_id,
            "owner_id": owner_id,
            "name": new.name,
            "description": new.description,
            "kind": new.kind,
            "visibility": new.visibility,
            "preview_html": new.preview_html,
            "settings": msgspec.json.encode(new.settings).decode(),
            "words": search_words(new.name, new.description),
        },
    )
    assert row is not None  # INSERT … RETURNING of one row
    await db.execute(
        "INSERT INTO project_members (project_id, user_id, role) VALUES (%(project)s, %(user)s, 'owner')",
        {"project": project_id, "user": owner_id},
    )
    return row


async def find_project(db: Queries, project_id: UUID) -> ProjectRow | None:
    """A project that is not deleted."""
    return await db.row(
        ProjectRow,
        """
        SELECT id, owner_id, name, description, kind, visibility, preview_html, settings, version,
               created_at, updated_at, deleted_at
        FROM projects WHERE id = %(id)s AND deleted_at IS NULL
        """,
        {"id": project_id},
    )


async def lock_project(tx: Queries, project_id: UUID) -> LockedProject | None:
    """Whoever else calls this for the project waits until the transaction ends."""
    return await tx.row(
        LockedProject,
        """
        SELECT id, owner_id, name, visibility, version, deleted_at IS NOT NULL AS is_deleted,
               coalesce(deleted_at > now() - make_interval(days => %(days)s), false) AS may_return
        FROM projects WHERE id = %(id)s FOR UPDATE
        """,
        {"id": project_id, "days": KEEP_DELETED_DAYS},
    )


async def replace_project(tx: Queries, project_id: UUID, new: NewProject) -> ProjectRow:
    """Write all fields of a locked project and number the change."""
    row = await tx.row(
        ProjectRow,
        """
        UPDATE projects
        SET name = %(name)s, description = %(description)s, kind = %(kind)s, visibility = %(visibility)s,
            preview_html = %(preview_html)s, settings = %(settings)s::jsonb, words = %(words)s,
            version = version + 1, updated_at = now()
        WHERE id = %(id)s
        RETURNING id, owner_id, name, description, kind, visibility, preview_html, settings, version,
                  created_at, updated_at, deleted_at
        """,
        {
            "id": project_id,
            "name": new.name,
            "description": new.description,
            "kind": new.kind,
            "visibility": new.visibility,
            "preview_html": new.preview_html,
            "settings": msgspec.json.encode(new.settings).decode(),
            "words": search_words(new.name, new.description),
        },
    )
    assert row is not None  # its row is locked
    return row


async def touch_project(db: Queries, project_id: UUID) -> None:
    """Something in the project was edited: it moves up in lists by update. At most once in TOUCH_SECONDS."""
    await db.execute(
        """
        UPDATE projects SET updated_at = now()
        WHERE id = %(id)s AND deleted_at IS NULL AND updated_at < now() - make_interval(secs => %(seconds)s)
        """,
        {"id": project_id, "seconds": TOUCH_SECONDS},
    )


async def mark_deleted(tx: Queries, project_id: UUID, deleted: bool) -> ProjectRow:
    """Delete a locked project softly, or take that back."""
    row = await tx.row(
        ProjectRow,
        """
        UPDATE projects
        SET deleted_at = CASE WHEN %(deleted)s THEN now() END, version = version + 1, updated_at = now()
        WHERE id = %(id)s
        RETURNING id, owner_id, name, description, kind, visibility, preview_html, settings, version,
                  created_at, updated_at, deleted_at
        """,
        {"id": project_id, "deleted": deleted},
    )
    assert row is not None  # its row is locked
    return row


@dataclass(frozen=True, slots=True)
class _Role:
    role_name: str


async def find_role(db: Queries, project_id: UUID, user_id: UUID) -> Role | None:
    """Somebody's role now, in a deleted project too; None for who is no member."""
    row = await db.row(
        _Role,
        "SELECT role AS role_name FROM project_members WHERE project_id = %(project)s AND user_id = %(user)s",
        {"project": project_id, "user": user_id},
    )
    return None if row is None else Role(row.role_name)


async def find_membership(db: Queries, project_id: UUID, user_id: UUID, *, deleted: bool = False) -> MembershipRow:
    """Everything that decides what somebody may do in a project, `deleted` or not, in one round trip."""
    row = await db.row(
        MembershipRow,
        """
        SELECT projects.id IS NOT NULL AS project_exists,
               coalesce(projects.visibility <> 'private', false) AS is_public,
               project_members.role AS role_name
        FROM (SELECT 1) AS one
        LEFT JOIN projects ON projects.id = %(project_id)s AND (projects.deleted_at IS NULL OR %(deleted)s)
        LEFT JOIN project_members ON project_members.project_id = projects.id
              AND project_members.user_id = %(user_id)s
        """,
        {"project_id": project_id, "user_id": user_id, "deleted": deleted},
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
