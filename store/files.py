"""Files of projects, found and listed: one function per query. What changes them stands in file_changes.py.

    file (id) ── path, within its project, among those that are not deleted
              ── document (kind text): the key of its live document, which stays when the file moves
              ── blob (kind binary): the hash of its bytes (blobs.py)

Called by the routes of files, archives and projects, and by gateway/paths.py.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

from schemas.documents import DocumentName
from store.postgres import Queries

LAST_PATH: Final = "\U0010ffff" * 256
"""No path comes after it: the greatest text of 1,024 bytes."""
COLUMNS: Final[LiteralString] = """
    files.id, files.project_id, files.path, files.kind, files.document, files.blob, files.media_type, files.size,
    files.version, files.created_by, files.updated_by, files.created_at, files.updated_at, files.deleted_at
"""


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file's columns."""

    id: UUID
    project_id: UUID
    path: str
    kind: str  # text or binary
    document: str | None  # of a text
    blob: bytes | None  # of a binary file: the SHA-256 of its bytes; None while it has none
    media_type: str
    size: int  # bytes; of a text as of its last snapshot
    version: int
    created_by: UUID | None
    updated_by: UUID | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """What is at a path, in one row, whatever of it exists."""

    kind: str | None  # None: there is no file
    document: DocumentName | None
    was_left: bool
    """There was a file here, which was moved or deleted lately."""


@dataclass(frozen=True, slots=True)
class _ProjectOf:
    project_id: UUID


@dataclass(frozen=True, slots=True)
class _Document:
    document: DocumentName


async def find_file(db: Queries, file_id: UUID) -> FileRow | None:
    """A file, also a deleted one."""
    return await db.row(FileRow, "SELECT" + COLUMNS + "FROM files WHERE id = %(file_id)s", {"file_id": file_id})


async def find_live(db: Queries, project_id: UUID, path: str) -> FileRow | None:
    """The file that is at a path now."""
    return await db.row(
        FileRow,
        "SELECT" + COLUMNS + "FROM files WHERE project_id = %(project_id)s AND path = %(path)s AND deleted_at IS NULL",
        {"project_id": project_id, "path": path},
    )


async def find_live_many(db: Queries, project_id: UUID, paths: Sequence[str]) -> list[FileRow]:
    """The files that are at any of these paths now."""
    return await db.rows(
        FileRow,
        "SELECT" + COLUMNS + "FROM files"
        " WHERE project_id = %(project_id)s AND path = ANY(%(paths)s) AND deleted_at IS NULL",
        {"project_id": project_id, "paths": list(paths)},
    )


async def list_beside(db: Queries, project_id: UUID, folder: str, but: str, limit: int) -> list[FileRow]:
    """Live text files under a folder (a path with its slash, or empty), by path, without one of them."""
    return await db.rows(
        FileRow,
        "SELECT"
        + COLUMNS
        + """FROM files
        WHERE project_id = %(project_id)s AND deleted_at IS NULL AND kind = 'text' AND path <> %(but)s
          AND path >= %(folder)s AND path <= %(end)s
        ORDER BY path
        LIMIT %(limit)s
        """,
        {"project_id": project_id, "folder": folder, "end": f"{folder}\U0010ffff", "but": but, "limit": limit},
    )


async def find_place(db: Queries, project_id: UUID, path: str) -> Place:
    """What somebody finds who opens a path."""
    row = await db.row(
        Place,
        """
        SELECT files.kind, files.document, former_paths.path IS NOT NULL AS was_left
        FROM (SELECT 1) AS one
        LEFT JOIN files ON files.project_id = %(project_id)s AND files.path = %(path)s AND files.deleted_at IS NULL
        LEFT JOIN former_paths ON former_paths.project_id = %(project_id)s AND former_paths.path = %(path)s
        """,
        {"project_id": project_id, "path": path},
    )
    assert row is not None  # (SELECT 1) always has its row
    return row


async def find_project(db: Queries, file_id: UUID) -> UUID | None:
    """The project of a file, also of a deleted one; it never changes."""
    row = await db.row(_ProjectOf, "SELECT project_id FROM files WHERE id = %(file_id)s", {"file_id": file_id})
    return None if row is None else row.project_id


async def find_gone(db: Queries, documents: Collection[DocumentName]) -> set[DocumentName]:
    """Those of the documents whose file was deleted."""
    rows = await db.rows(
        _Document,
        "SELECT document FROM files WHERE document = ANY(%(documents)s) AND deleted_at IS NOT NULL",
        {"documents": list(documents)},
    )
    return {row.document for row in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which files of a project a list shows."""

    project_id: UUID
    prefix: str = ""
    kind: str | None = None
    q: str | None = None
    """Part of the path, in any case."""


async def list_files(db: Queries, wanted: Wanted, after: str, limit: int) -> list[FileRow]:
    """Live files by path (as bytes are ordered), behind the path `after`."""
    return await db.rows(
        FileRow,
        "SELECT"
        + COLUMNS
        + """FROM files
        WHERE project_id = %(project_id)s AND deleted_at IS NULL
          AND path > %(after)s AND path >= %(prefix)s AND path <= %(end)s
          AND (%(kind)s::text IS NULL OR kind = %(kind)s)
          AND (%(q)s::text IS NULL OR strpos(lower(path COLLATE "default"), lower(%(q)s)) > 0)
        ORDER BY path
        LIMIT %(limit)s
        """,
        _params(wanted) | {"after": after, "limit": limit},
    )


async def list_deleted(db: Queries, wanted: Wanted, after: tuple[str, UUID], limit: int) -> list[FileRow]:
    """Deleted files by path and id; several may have been at one path."""
    return await db.rows(
        FileRow,
        "SELECT"
        + COLUMNS
        + """FROM files
        WHERE project_id = %(project_id)s AND deleted_at IS NOT NULL
          AND (path, id) > (%(after)s, %(after_id)s) AND path >= %(prefix)s AND path <= %(end)s
          AND (%(kind)s::text IS NULL OR kind = %(kind)s)
          AND (%(q)s::text IS NULL OR strpos(lower(path COLLATE "default"), lower(%(q)s)) > 0)
        ORDER BY path, id
        LIMIT %(limit)s
        """,
        _params(wanted) | {"after": after[0], "after_id": after[1], "limit": limit},
    )


def _params(wanted: Wanted) -> dict[str, object]:
    return {
        "project_id": wanted.project_id,
        "prefix": wanted.prefix,
        # Whatever begins with the prefix comes before this; a path never has more than 1,024 bytes.
        "end": wanted.prefix + LAST_PATH,
        "kind": wanted.kind,
        "q": wanted.q,
    }


async def note_text(db: Queries, document: DocumentName, size: int, user_id: UUID | None) -> None:
    """A snapshot of its document says so many bytes; `user_id` wrote last. It is no other version of the file."""
    await db.execute(
        """
        UPDATE files SET size = %(size)s, updated_by = coalesce(%(user_id)s, updated_by), updated_at = now()
        WHERE document = %(document)s
        """,
        {"document": document, "size": size, "user_id": user_id},
    )
