"""Removing deleted projects for good, in small statements. Called by workers/remove_projects.py."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from schemas.documents import DocumentName
from store.postgres import Queries
from store.projects import KEEP_DELETED_DAYS

REMOVE_AFTER_DAYS: Final = KEEP_DELETED_DAYS + 1
"""A day more than a project can be restored, so that no restoring and removing ever meet."""


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


@dataclass(frozen=True, slots=True)
class _Name:
    name: DocumentName


async def find_removable(db: Queries, limit: int) -> list[UUID]:
    """Projects that were deleted long enough ago, the oldest first."""
    rows = await db.rows(
        _Id,
        """
        SELECT id FROM projects WHERE deleted_at < now() - make_interval(days => %(days)s)
        ORDER BY deleted_at LIMIT %(limit)s
        """,
        {"days": REMOVE_AFTER_DAYS, "limit": limit},
    )
    return [row.id for row in rows]


async def remove_documents(db: Queries, project_id: UUID, limit: int) -> list[DocumentName]:
    """Some of a project's documents, with their files, snapshots and history; their names."""
    rows = await db.rows(
        _Name,
        """
        DELETE FROM documents
        WHERE name = ANY(ARRAY(SELECT name FROM documents WHERE project_id = %(project)s LIMIT %(limit)s))
        RETURNING name
        """,
        {"project": project_id, "limit": limit},
    )
    return [row.name for row in rows]


async def remove_files(db: Queries, project_id: UUID, limit: int) -> int:
    """Some of the files that have no document; how many."""
    return await db.execute(
        """
        DELETE FROM files
        WHERE id = ANY(ARRAY(SELECT id FROM files WHERE project_id = %(project)s LIMIT %(limit)s))
        """,
        {"project": project_id, "limit": limit},
    )


async def remove_chats(db: Queries, project_id: UUID, limit: int) -> int:
    """Some of its chats, with their messages; how many."""
    return await db.execute(
        "DELETE FROM chats WHERE id = ANY(ARRAY(SELECT id FROM chats WHERE project_id = %(project)s LIMIT %(limit)s))",
        {"project": project_id, "limit": limit},
    )


async def remove_answers(db: Queries, project_id: UUID, limit: int) -> int:
    """Some of the answers that models gave in it; how many."""
    return await db.execute(
        """
        DELETE FROM streams
        WHERE id = ANY(ARRAY(SELECT id FROM streams WHERE project_id = %(project)s LIMIT %(limit)s))
        """,
        {"project": project_id, "limit": limit},
    )


async def remove_happenings(db: Queries, project_id: UUID, limit: int) -> int:
    """Some of what happened in it: paths and names are contents too; how many."""
    return await db.execute(
        """
        DELETE FROM happenings
        WHERE id = ANY(ARRAY(SELECT id FROM happenings WHERE project_id = %(project)s ORDER BY id LIMIT %(limit)s))
        """,
        {"project": project_id, "limit": limit},
    )


async def remove_project(db: Queries, project_id: UUID) -> None:
    """The project itself, with its members, invitations and whatever else belongs to it."""
    await db.execute(
        "DELETE FROM projects WHERE id = %(project)s AND deleted_at < now() - make_interval(days => %(days)s)",
        {"project": project_id, "days": REMOVE_AFTER_DAYS},
    )
