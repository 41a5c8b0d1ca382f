"""A project's files put back where a version says: moved, deleted, restored. Called by routes/project_versions.py.

All of it in one transaction, in which nobody else adds, moves or removes files. Their contents come afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from schemas.ids import new_id
from store import file_changes, files, project_versions
from store.errors import PathTaken
from store.file_changes import NewFile
from store.files import FileRow, Wanted
from store.postgres import Transaction
from store.project_versions import ManifestRow

FILES_MAX = 5_000
"""Files of a project that has versions: one version takes a few seconds at most. Answer: 409."""


@dataclass(slots=True)
class Put:
    """What was done: ids of files."""

    removed: set[UUID] = field(default_factory=set)
    moved: set[UUID] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)
    """Paths of texts that were deleted so long ago that nothing is left of them."""


async def put_back(tx: Transaction, project: UUID, user: UUID, manifest: Sequence[ManifestRow]) -> Put:
    """Every file of the manifest at its path, others deleted; bytes of binary files as they were."""
    put = Put()
    await file_changes.hold(tx, project)
    wanted = {entry.file_id: entry for entry in manifest}
    for row in await files.list_files(tx, Wanted(project_id=project), "", FILES_MAX * 4):
        if row.id not in wanted:
            await file_changes.hold(tx, project, -1)
            await file_changes.delete_file(tx, row, user)
            put.removed.add(row.id)
    rows = {row.id: row for row in await project_versions.lock_files(tx, list(wanted))}
    away = [row for row in rows.values() if row.deleted_at is not None or row.path != wanted[row.id].path]
    put.moved = {row.id for row in away}
    while away:
        left = [row for row in away if not await _placed(tx, row, wanted[row.id].path, user)]
        if len(left) == len(away):
            # Two that change places: one steps aside. Deleted ones are in nobody's way.
            left.sort(key=lambda row: row.deleted_at is not None)
            if left[0].deleted_at is not None:
                raise PathTaken(wanted[left[0].id].path)
            left[0] = await file_changes.move_file(tx, left[0], f".moving-{new_id()}", user)
        away = left
    for entry in manifest:
        if entry.file_id not in rows:
            await _anew(tx, project, user, entry, put)
        elif entry.document is None and entry.blob is not None and rows[entry.file_id].blob != entry.blob:
            row = rows[entry.file_id]
            await file_changes.set_blob(tx, row, entry.blob, entry.size, entry.media_type, user)
            put.moved.add(row.id)
    return put


async def _placed(tx: Transaction, row: FileRow, path: str, user: UUID) -> bool:
    try:
        if row.deleted_at is not None:
            await file_changes.restore_file(tx, row, path, user)
            await file_changes.hold(tx, row.project_id, 1)
        else:
            await file_changes.move_file(tx, row, path, user)
    except PathTaken:
        return False
    return True


async def _anew(tx: Transaction, project: UUID, user: UUID, entry: ManifestRow, put: Put) -> None:
    """A file that was deleted for good meanwhile."""
    if entry.document is not None:
        put.lost.append(entry.path)
        return
    new = NewFile(
        path=entry.path, kind="binary", media_type=entry.media_type, size=entry.size, blob=entry.blob, id=entry.file_id
    )
    await file_changes.create_files(tx, project, user, [new])
    put.moved.add(entry.file_id)
