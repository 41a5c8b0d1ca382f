"""Versions of projects: which files were where, and what they were. One function per query.

    project_versions ──► project_version_files ──► document_versions (kept: never thinned out), blobs

Called by gateway/routes/project_versions.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from schemas.documents import DocumentName
from store.files import COLUMNS, FileRow
from store.postgres import Queries, Transaction


@dataclass(frozen=True, slots=True)
class ProjectVersionRow:
    """A version without its files."""

    seq: int
    name: str | None
    files: int
    created_by: UUID | None
    created_by_name: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """A file of a version. Of a text: its document and which of that one's versions; of others their blob."""

    path: str
    file_id: UUID
    document: DocumentName | None
    document_seq: int | None
    blob: bytes | None
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """How far a document's snapshot goes."""

    name: DocumentName
    number: int
    parked: bool


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A version that is kept for good."""

    document: DocumentName
    seq: int


@dataclass(frozen=True, slots=True)
class _Seq:
    seq: int


async def find_snapshots(db: Queries, documents: Sequence[DocumentName]) -> list[SnapshotRow]:
    """How far the snapshots of these documents go."""
    return await db.rows(
        SnapshotRow,
        "SELECT name, number, parked FROM documents WHERE name = ANY(%(documents)s)",
        {"documents": list(documents)},
    )


async def keep_snapshots(db: Queries, documents: Sequence[DocumentName]) -> list[KeptRow]:
    """Versions of what the snapshots of these documents say, those that exist already or new ones, kept for good."""
    return await db.rows(
        KeptRow,
        """
        WITH wanted AS (
            SELECT name, number FROM documents WHERE name = ANY(%(documents)s) ORDER BY name FOR NO KEY UPDATE
        ), existing AS (
            UPDATE document_versions SET kept = true
            FROM wanted
            WHERE document_versions.document = wanted.name AND document_versions.seq = (
                SELECT max(same.seq) FROM document_versions AS same
                WHERE same.document = wanted.name AND same.number = wanted.number
            )
            RETURNING document, seq
        ), counted AS (
            UPDATE documents
            SET last_seq = last_seq + 1, versioned_number = documents.number, unversioned_since = NULL
            FROM wanted
            WHERE documents.name = wanted.name AND NOT EXISTS (
                SELECT FROM document_versions AS same WHERE same.document = wanted.name AND same.number = wanted.number
            )
            RETURNING documents.name, last_seq, documents.number, state, parts
        ), added AS (
            INSERT INTO document_versions (document, seq, number, state, parts, kept)
            SELECT name, last_seq, number, state, parts, true FROM counted
            RETURNING document, seq
        )
        SELECT document, seq FROM existing UNION ALL SELECT document, seq FROM added
        """,
        {"documents": list(documents)},
    )


async def add_project_version(
    tx: Transaction, project_id: UUID, name: str | None, user_id: UUID, files: Sequence[ManifestRow]
) -> int:
    """A version with its manifest; its number. Raises Taken where somebody else adds one at the same moment."""
    row = await tx.row(
        _Seq,
        """
        INSERT INTO project_versions (project_id, seq, name, files, created_by)
        SELECT %(project_id)s, coalesce(max(seq), 0) + 1, %(name)s, %(files)s, %(user_id)s
        FROM project_versions WHERE project_id = %(project_id)s
        RETURNING seq
        """,
        {"project_id": project_id, "name": name, "files": len(files), "user_id": user_id},
    )
    assert row is not None
    await tx.execute(
        """
        INSERT INTO project_version_files
            (project_id, seq, path, file_id, document, document_seq, blob, media_type, size)
        SELECT %(project_id)s, %(seq)s, listed.* FROM unnest(
            %(paths)s::text[], %(ids)s::uuid[], %(documents)s::text[], %(seqs)s::int[], %(blobs)s::bytea[],
            %(media_types)s::text[], %(sizes)s::bigint[]
        ) AS listed
        """,
        {
            "project_id": project_id,
            "seq": row.seq,
            "paths": [file.path for file in files],
            "ids": [file.file_id for file in files],
            "documents": [file.document for file in files],
            "seqs": [file.document_seq for file in files],
            "blobs": [file.blob for file in files],
            "media_types": [file.media_type for file in files],
            "sizes": [file.size for file in files],
        },
    )
    return row.seq


async def list_project_versions(db: Queries, project_id: UUID, before: int, limit: int) -> list[ProjectVersionRow]:
    """The latest first, those before `before`."""
    return await db.rows(
        ProjectVersionRow,
        """
        SELECT seq, name, files, created_by, users.display_name AS created_by_name, project_versions.created_at
        FROM project_versions LEFT JOIN users ON users.id = project_versions.created_by
        WHERE project_id = %(project_id)s AND seq < %(before)s ORDER BY seq DESC LIMIT %(limit)s
        """,
        {"project_id": project_id, "before": before, "limit": limit},
    )


async def find_project_version(db: Queries, project_id: UUID, seq: int) -> ProjectVersionRow | None:
    """One version without its files."""
    rows = await list_project_versions(db, project_id, seq + 1, 1)
    return rows[0] if rows and rows[0].seq == seq else None


async def list_manifest(db: Queries, project_id: UUID, seq: int) -> list[ManifestRow]:
    """The files of a version by path."""
    return await db.rows(
        ManifestRow,
        """
        SELECT path, file_id, document, document_seq, blob, media_type, size FROM project_version_files
        WHERE project_id = %(project_id)s AND seq = %(seq)s ORDER BY path
        """,
        {"project_id": project_id, "seq": seq},
    )


async def lock_files(tx: Queries, ids: Sequence[UUID]) -> list[FileRow]:
    """These files, also deleted ones, which nobody else changes or removes until the end of this transaction."""
    return await tx.rows(
        FileRow,
        "SELECT" + COLUMNS + "FROM files WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE",
        {"ids": list(ids)},
    )
