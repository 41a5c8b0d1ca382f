"""Collaboration sessions and who took part: one function per query. Called by gateway/routes/collaboration.py."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from store.postgres import Queries


@dataclass(frozen=True, slots=True)
class CollabSessionRow:
    """A session's columns."""

    id: UUID
    project_id: UUID
    name: str
    status: str  # active or ended
    started_by: UUID | None
    started_at: datetime
    ended_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class ParticipantRow:
    """Somebody who joined a session, and perhaps left it."""

    user_id: UUID
    display_name: str
    role_name: str
    joined_at: datetime
    left_at: datetime | None
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class _Project:
    project_id: UUID


@dataclass(frozen=True, slots=True)
class FileRow:
    """The file of a document."""

    document: str
    file_id: UUID
    path: str


async def start_session(
    db: Queries, session_id: UUID, project_id: UUID, name: str, user_id: UUID, most: int
) -> CollabSessionRow | None:
    """A new active session; None where the project has `most` of them already."""
    return await db.row(
        CollabSessionRow,
        """
        INSERT INTO collab_sessions (id, project_id, name, started_by)
        SELECT %(id)s, %(project_id)s, %(name)s, %(user_id)s
        WHERE (SELECT count(*) FROM collab_sessions WHERE project_id = %(project_id)s AND status = 'active') < %(most)s
        RETURNING id, project_id, name, status, started_by, started_at, ended_at, version
        """,
        {"id": session_id, "project_id": project_id, "name": name, "user_id": user_id, "most": most},
    )


async def find_project_of(db: Queries, session_id: UUID) -> UUID | None:
    """In which project a session lies."""
    row = await db.row(
        _Project, "SELECT project_id FROM collab_sessions WHERE id = %(session_id)s", {"session_id": session_id}
    )
    return None if row is None else row.project_id


async def find_collab_session(db: Queries, session_id: UUID) -> CollabSessionRow | None:
    """A session, active or ended."""
    return await db.row(
        CollabSessionRow,
        """
        SELECT id, project_id, name, status, started_by, started_at, ended_at, version
        FROM collab_sessions WHERE id = %(session_id)s
        """,
        {"session_id": session_id},
    )


async def lock_collab_session(db: Queries, session_id: UUID) -> CollabSessionRow | None:
    """The same, and nobody else changes it until the transaction ends."""
    return await db.row(
        CollabSessionRow,
        """
        SELECT id, project_id, name, status, started_by, started_at, ended_at, version
        FROM collab_sessions WHERE id = %(session_id)s FOR UPDATE
        """,
        {"session_id": session_id},
    )


async def hold_collab_session(db: Queries, session_id: UUID) -> CollabSessionRow | None:
    """The same, and nobody changes it until the transaction ends; several may hold it."""
    return await db.row(
        CollabSessionRow,
        """
        SELECT id, project_id, name, status, started_by, started_at, ended_at, version
        FROM collab_sessions WHERE id = %(session_id)s FOR SHARE
        """,
        {"session_id": session_id},
    )


async def list_active_sessions(db: Queries, project_id: UUID, before: UUID, limit: int) -> list[CollabSessionRow]:
    """A project's sessions that go on, the latest first, from before an id."""
    return await db.rows(
        CollabSessionRow,
        """
        SELECT id, project_id, name, status, started_by, started_at, ended_at, version
        FROM collab_sessions
        WHERE project_id = %(project_id)s AND status = 'active' AND id < %(before)s
        ORDER BY id DESC LIMIT %(limit)s
        """,
        {"project_id": project_id, "before": before, "limit": limit},
    )


async def list_all_sessions(db: Queries, project_id: UUID, before: UUID, limit: int) -> list[CollabSessionRow]:
    """The same with those that have ended."""
    return await db.rows(
        CollabSessionRow,
        """
        SELECT id, project_id, name, status, started_by, started_at, ended_at, version
        FROM collab_sessions
        WHERE project_id = %(project_id)s AND id < %(before)s
        ORDER BY id DESC LIMIT %(limit)s
        """,
        {"project_id": project_id, "before": before, "limit": limit},
    )


async def set_session(db: Queries, session_id: UUID, name: str, *, ends: bool) -> CollabSessionRow:
    """Rename a session that is locked, or end it, or both."""
    row = await db.row(
        CollabSessionRow,
        """
        UPDATE collab_sessions
        SET name = %(name)s, version = version + 1,
            status = CASE WHEN %(ends)s THEN 'ended' ELSE status END,
            ended_at = CASE WHEN %(ends)s THEN now() ELSE ended_at END
        WHERE id = %(session_id)s
        RETURNING id, project_id, name, status, started_by, started_at, ended_at, version
        """,
        {"session_id": session_id, "name": name, "ends": ends},
    )
    assert row is not None, "it is locked"
    return row


async def join_session(db: Queries, session_id: UUID, user_id: UUID, role: str) -> ParticipantRow:
    """Somebody joins, again where they were before: `joined_at` is that of the first time since they last left."""
    row = await db.row(
        ParticipantRow,
        """
        INSERT INTO collab_participants AS was (session_id, user_id, role)
        VALUES (%(session_id)s, %(user_id)s, %(role)s)
        ON CONFLICT (session_id, user_id) DO UPDATE
        SET role = excluded.role, left_at = NULL, last_seen_at = now(),
            joined_at = CASE WHEN was.left_at IS NULL THEN was.joined_at ELSE now() END
        RETURNING user_id, (SELECT display_name FROM users WHERE users.id = user_id) AS display_name,
                  role AS role_name, joined_at, left_at, last_seen_at
        """,
        {"session_id": session_id, "user_id": user_id, "role": role},
    )
    assert row is not None  # INSERT … RETURNING of one row
    return row


async def list_participants(db: Queries, session_id: UUID, limit: int) -> list[ParticipantRow]:
    """Who joined the session, those who left it too, by when they were last seen."""
    return await db.rows(
        ParticipantRow,
        """
        SELECT user_id, users.display_name, collab_participants.role AS role_name, joined_at, left_at, last_seen_at
        FROM collab_participants JOIN users ON users.id = user_id
        WHERE session_id = %(session_id)s
        ORDER BY last_seen_at DESC, user_id LIMIT %(limit)s
        """,
        {"session_id": session_id, "limit": limit},
    )


async def leave_session(db: Queries, session_id: UUID, user_id: UUID) -> bool:
    """Somebody leaves; False where they were not there."""
    left = await db.execute(
        """
        UPDATE collab_participants SET left_at = now(), last_seen_at = now()
        WHERE session_id = %(session_id)s AND user_id = %(user_id)s AND left_at IS NULL
        """,
        {"session_id": session_id, "user_id": user_id},
    )
    return left > 0


async def note_last_seen(db: Queries, gone: Collection[tuple[UUID, UUID]]) -> None:
    """The last connections of these (project, user) ended just now."""
    await db.execute(
        """
        UPDATE collab_participants SET last_seen_at = now()
        FROM unnest(%(projects)s::uuid[], %(users)s::uuid[]) AS gone (project_id, user_id)
        JOIN collab_sessions ON collab_sessions.project_id = gone.project_id AND collab_sessions.status = 'active'
        WHERE collab_participants.session_id = collab_sessions.id AND collab_participants.user_id = gone.user_id
          AND collab_participants.left_at IS NULL
        """,
        {"projects": [project for project, _ in gone], "users": [user for _, user in gone]},
    )


async def find_files(db: Queries, documents: Collection[str]) -> dict[str, FileRow]:
    """The files of these documents that are not deleted, by document."""
    rows = await db.rows(
        FileRow,
        """
        SELECT document, id AS file_id, path FROM files
        WHERE document = ANY(%(documents)s) AND deleted_at IS NULL
        """,
        {"documents": list(documents)},
    )
    return {row.document: row for row in rows}
