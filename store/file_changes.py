"""Files of projects, made, moved, deleted and restored: each in a transaction, together with what is told of it.

    hold the project's count ──► is the path free? ──► the change, its happening (and access change)      all or nothing

A path is free where no live file is, or is above or below it: `a` and `a/b` cannot both be files, in no archive and on
no disk. Holding the count makes one of two who ask at the same moment wait for the other.
"""

import asyncio
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, LiteralString
from uuid import UUID

from schemas.documents import DocumentName, fresh_key
from schemas.ids import new_id
from schemas.records import Record, encode_records
from store.errors import PathTaken, TooManyFiles
from store.files import COLUMNS, FileRow
from store.happenings import Happening, add_access_change, add_happening, project_topic
from store.limits import FILES_PER_PROJECT
from store.postgres import Queries, Transaction

PACKED_AT_ONCE: Final = 256 << 10
"""Bytes that are packed in one go, some 5 ms; more in a thread."""


_OBSTACLE: Final[LiteralString] = """
    SELECT path FROM files
    WHERE project_id = %(project_id)s::uuid AND deleted_at IS NULL AND path = ANY(%(at_or_above)s::text[])
      AND id IS DISTINCT FROM %(but)s::uuid
    UNION ALL
    SELECT below.path FROM unnest(%(paths)s::text[]) AS above (path)
    CROSS JOIN LATERAL (
        SELECT path FROM files
        WHERE project_id = %(project_id)s::uuid AND deleted_at IS NULL
          AND path > above.path || '/' AND path < above.path || '0' -- which comes right after '/'
          AND id IS DISTINCT FROM %(but)s::uuid
        LIMIT 1
    ) AS below
    LIMIT 1
"""
"""A live file at one of the paths, above or below it, which is not the file that is being moved there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """A file that is about to be made. `path` is canonical (schemas/documents.py `new_path`)."""

    path: str
    kind: str  # text or binary
    media_type: str
    size: int = 0
    state: bytes = b""
    """Of a text: a Yjs update with its first content, written by the user; empty for an empty document."""
    blob: bytes | None = None
    """Of a binary file: the hash of bytes that are there (blobs.py)."""
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class _Count:
    live: int


@dataclass(frozen=True, slots=True)
class _Path:
    path: str


async def create_text_file(
    tx: Transaction, project_id: UUID, path: str, user_id: UUID | None, *, state: bytes = b"", size: int = 0
) -> FileRow:
    """A text file with its document, which begins with `state`. Raises PathTaken or TooManyFiles."""
    new = NewFile(path=path, kind="text", media_type="text/plain", state=state, size=size)
    (row,) = await create_files(tx, project_id, user_id, [new])
    return row


async def create_files(
    tx: Transaction, project_id: UUID, user_id: UUID | None, new: Sequence[NewFile]
) -> list[FileRow]:
    """All of them or, with PathTaken or TooManyFiles, none. Among themselves their paths must be free."""
    await hold(tx, project_id, len(new))
    paths = [each.path for each in new]
    at = int(time.time() * 1000)
    author = b"" if user_id is None else user_id.bytes

    def pack() -> list[bytes]:
        return [zlib.compress(encode_records((Record(author, at, each.state),)), 1) for each in new]

    is_long = sum(len(each.state) for each in new) > PACKED_AT_ONCE
    first = await asyncio.to_thread(pack) if is_long else pack()
    made = await tx.rows(
        FileRow,
        """
        WITH obstacle AS ("""
        + _OBSTACLE
        + """
        ), wanted AS (
            SELECT * FROM unnest(
                %(ids)s::uuid[], %(paths)s::text[], %(kinds)s::text[], %(media_types)s::text[], %(sizes)s::bigint[],
                %(blobs)s::bytea[], %(states)s::bytea[], %(records)s::bytea[], %(fresh_keys)s::text[]
            ) AS wanted (id, path, kind, media_type, size, blob, state, records, fresh_key)
            WHERE NOT EXISTS (SELECT FROM obstacle) -- then nothing is made
        ), texts AS (
            SELECT wanted.id, wanted.state, wanted.records,
                   CASE WHEN documents.name IS NULL THEN %(project_id)s::uuid::text || '/' || wanted.path
                        ELSE wanted.fresh_key END AS name
            FROM wanted
            LEFT JOIN documents ON documents.name = %(project_id)s::uuid::text || '/' || wanted.path
            WHERE wanted.kind = 'text'
        ), made AS (
            INSERT INTO documents (name, project_id, number, state)
            SELECT name, %(project_id)s::uuid, CASE WHEN state = '' THEN 0 ELSE 1 END, state FROM texts
        ), history AS (
            INSERT INTO document_records (document, first, last, records)
            SELECT name, 1, 1, records FROM texts WHERE state <> ''
        ), added AS (
            INSERT INTO files (id, project_id, path, kind, document, blob, media_type, size, created_by, updated_by)
            SELECT wanted.id, %(project_id)s::uuid, wanted.path, wanted.kind, texts.name, wanted.blob,
                   wanted.media_type, wanted.size, %(user_id)s::uuid, %(user_id)s::uuid
            FROM wanted LEFT JOIN texts ON texts.id = wanted.id
            RETURNING """
        + COLUMNS
        + """
        ), taken_again AS (
            DELETE FROM former_paths USING wanted
            WHERE former_paths.project_id = %(project_id)s::uuid AND former_paths.path = wanted.path
        ), told AS (
            INSERT INTO happenings (topic, kind, project_id, file_id, actor_id, data)
            SELECT %(topic)s, 'file.created', project_id, id, %(user_id)s::uuid,
                   jsonb_build_object('path', path, 'kind', kind)
            FROM added ORDER BY path
        )
        SELECT """
        + COLUMNS
        + " FROM added AS files ORDER BY path",
        {
            "user_id": user_id,
            "topic": project_topic(project_id),
            "ids": [each.id for each in new],
            **_around(project_id, paths),
            "kinds": [each.kind for each in new],
            "media_types": [each.media_type for each in new],
            "sizes": [each.size for each in new],
            "blobs": [each.blob for each in new],
            "states": [each.state for each in new],
            "records": first,
            "fresh_keys": [fresh_key(project_id, each.id) for each in new],
        },
    )
    if len(made) < len(new):
        await _check_free(tx, project_id, paths)
    return made


async def hold(tx: Transaction, project_id: UUID, more: int = 0) -> None:
    """Nobody else adds, moves or removes files of the project until the end of this transaction, which adds `more`.

    Raises TooManyFiles.
    """
    row = await tx.row(
        _Count,
        """
        INSERT INTO file_counts (project_id, live) VALUES (%(project_id)s, %(more)s)
        ON CONFLICT (project_id) DO UPDATE SET live = file_counts.live + excluded.live
        RETURNING live
        """,
        {"project_id": project_id, "more": more},
    )
    if row is not None and more > 0 and row.live > FILES_PER_PROJECT:
        raise TooManyFiles(FILES_PER_PROJECT)


async def move_file(tx: Transaction, file: FileRow, path: str, user_id: UUID) -> FileRow:
    """To another path; its document stays what it is, with everybody in it. After `hold`. Raises PathTaken."""
    await _check_free(tx, file.project_id, [path], but=file.id)
    row = await _update(tx, file.id, user_id, "path = %(path)s", {"path": path})
    await _leave(tx, file)
    await _take(tx, file.project_id, path)
    await add_access_change(tx, "file.moved", project_id=file.project_id)
    await _tell(tx, "file.renamed", row, user_id, **{"from": file.path, "path": path})
    return row


async def set_media_type(tx: Transaction, file: FileRow, media_type: str, user_id: UUID) -> FileRow:
    """What its bytes are."""
    row = await _update(tx, file.id, user_id, "media_type = %(media_type)s", {"media_type": media_type})
    await _tell(tx, "file.updated", row, user_id, path=row.path)
    return row


async def set_blob(tx: Transaction, file: FileRow, blob: bytes, size: int, media_type: str, user_id: UUID) -> FileRow:
    """Other bytes for a binary file."""
    row = await _update(
        tx,
        file.id,
        user_id,
        "blob = %(blob)s, size = %(size)s, media_type = %(media_type)s",
        {"blob": blob, "size": size, "media_type": media_type},
    )
    await _tell(tx, "file.updated", row, user_id, path=row.path, size=size)
    return row


async def delete_file(tx: Transaction, file: FileRow, user_id: UUID) -> FileRow:
    """It can be restored for a month; whoever has its document open is sent away. After `hold` with `more=-1`."""
    row = await _update(tx, file.id, user_id, "deleted_at = now()", {})
    await _leave(tx, row)
    if file.document is not None:
        await add_access_change(tx, "file.deleted", project_id=file.project_id, document=file.document)
    await _tell(tx, "file.deleted", row, user_id, path=row.path)
    return row


async def restore_file(tx: Transaction, file: FileRow, path: str, user_id: UUID) -> FileRow:
    """A deleted file, where it was or elsewhere. After `hold` with `more=1`. Raises PathTaken."""
    await _check_free(tx, file.project_id, [path])
    row = await _update(tx, file.id, user_id, "deleted_at = NULL, path = %(path)s", {"path": path})
    await _take(tx, file.project_id, path)
    await add_access_change(tx, "file.moved", project_id=file.project_id)
    await _tell(tx, "file.restored", row, user_id, path=path)
    return row


async def lock_file(tx: Transaction, file_id: UUID) -> FileRow | None:
    """A file, also a deleted one, that nobody else changes until the end of this transaction."""
    return await tx.row(
        FileRow, "SELECT" + COLUMNS + "FROM files WHERE id = %(file_id)s FOR NO KEY UPDATE", {"file_id": file_id}
    )


async def _update(
    tx: Transaction, file_id: UUID, user_id: UUID, assignments: LiteralString, params: dict[str, object]
) -> FileRow:
    row = await tx.row(
        FileRow,
        "UPDATE files SET "
        + assignments
        + ", version = version + 1, updated_at = now(), updated_by = %(user_id)s WHERE id = %(file_id)s RETURNING"
        + COLUMNS,
        {"file_id": file_id, "user_id": user_id, **params},
    )
    assert row is not None, "its row is locked"
    return row


async def _check_free(db: Queries, project_id: UUID, paths: Sequence[str], but: UUID | None = None) -> None:
    found = await db.row(_Path, _OBSTACLE, _around(project_id, paths, but))
    if found is not None:
        raise PathTaken(found.path)


def _around(project_id: UUID, paths: Sequence[str], but: UUID | None = None) -> dict[str, object]:
    """The parameters of _OBSTACLE."""
    at_or_above = sorted({*paths, *folders_of(paths)})
    return {"project_id": project_id, "paths": list(paths), "at_or_above": at_or_above, "but": but}


def folders_of(paths: Iterable[str]) -> set[str]:
    """All folders that these files lie in."""
    return {path[:at] for path in paths for at, char in enumerate(path) if char == "/"}


async def _leave(tx: Transaction, file: FileRow) -> None:
    await tx.execute(
        """
        INSERT INTO former_paths (project_id, path, file_id) VALUES (%(project_id)s, %(path)s, %(file_id)s)
        ON CONFLICT (project_id, path) DO UPDATE SET file_id = excluded.file_id, left_at = now()
        """,
        {"project_id": file.project_id, "path": file.path, "file_id": file.id},
    )


async def _take(tx: Transaction, project_id: UUID, path: str) -> None:
    await tx.execute(
        "DELETE FROM former_paths WHERE project_id = %(project_id)s AND path = %(path)s",
        {"project_id": project_id, "path": path},
    )


async def _tell(tx: Transaction, kind: str, file: FileRow, user_id: UUID, **data: object) -> None:
    await add_happening(
        tx,
        Happening(
            topic=project_topic(file.project_id),
            kind=kind,
            actor_id=user_id,
            project_id=file.project_id,
            file_id=file.id,
            data=data,
        ),
    )


def document_of(file: FileRow) -> DocumentName:
    """The document of a text file."""
    assert file.document is not None, "a text has a document"
    return DocumentName(file.document)
