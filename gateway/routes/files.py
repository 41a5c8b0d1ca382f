"""`/api/projects/{id}/files`, `/api/files…`: what a project's people see by path. Contents: content.py, binary.py."""

import asyncio
from mimetypes import MimeTypes
from typing import Final
from uuid import UUID

import msgspec

from gateway.cursors import decode_cursor, page
from gateway.operation import Answer
from gateway.operations import Call
from gateway.permissions import known
from gateway.refusals import Conflict, Forbidden, Invalid, Missing, Stale
from rooms.fresh_text import fresh_text
from schemas import files as bodies
from schemas.documents import InvalidName, new_path
from schemas.pages import Page
from schemas.patterns import KeyText
from schemas.roles import Role
from store import file_changes, files
from store.file_changes import NewFile
from store.files import FileRow, Wanted
from store.postgres import Transaction

LONG_TEXT: Final = 256 << 10
"""Characters from which on a text is made a document in a thread."""
UNKNOWN_TYPE: Final = "application/octet-stream"
_types: Final = MimeTypes()  # those that Python knows, the same on every machine


async def list_files(call: Call) -> Page[bodies.File]:
    """List a project's files by path."""
    query: bodies.FilesQuery = call.query
    project = call.access.project_id
    wanted = Wanted(project_id=project, prefix=query.prefix, kind=query.kind, q=query.q)
    if not query.deleted:
        after = decode_cursor(query.cursor, KeyText) or ""
        rows = await files.list_files(call.parts.postgres, wanted, after, query.limit + 1)
        return page(rows, query.limit, file_body, lambda row: row.path)
    if call.access.role < Role.EDITOR:
        known(call.maybe_caller)
        raise Forbidden("deleted files are shown to those who may restore them: editors")
    first = decode_cursor(query.cursor, tuple[KeyText, UUID]) or ("", UUID(int=0))
    rows = await files.list_deleted(call.parts.postgres, wanted, first, query.limit + 1)
    return page(rows, query.limit, file_body, lambda row: (row.path, row.id))


async def create_file(call: Call) -> Answer:
    """Make a file: a text with its live document, or a binary file whose bytes follow."""
    body: bodies.FileRequest = call.body
    path = path_in(body.path)
    if body.kind == "binary":
        if body.content is not None:
            raise Invalid.field("/content", "a binary file's bytes follow by PUT …/content")
        new = NewFile(path=path, kind="binary", media_type=body.media_type or guess_type(path))
    else:
        content = body.content or ""
        # A long one takes 50 ms.
        is_long = len(content) > LONG_TEXT
        new = (
            await asyncio.to_thread(new_text, path, content, body.media_type)
            if is_long
            else new_text(path, content, body.media_type)
        )
    project, user = call.access.project_id, call.caller.user_id
    (row,) = await call.parts.postgres.transact(lambda tx: file_changes.create_files(tx, project, user, [new]))
    return answer(row, status=201, headers={"Location": f"/api/files/{row.id}"})


async def get_file(call: Call) -> Answer:
    """Read what is known of a file."""
    return answer(await live_file(call))


async def change_file(call: Call) -> Answer:
    """Rename or move a file, or say what its bytes are; its document and everybody in it stay."""
    body: bodies.FileChange = call.body
    path = None if body.path is msgspec.UNSET else path_in(body.path)
    media_type = None if body.media_type is msgspec.UNSET else body.media_type
    file_id, project, user = call.id(), call.access.project_id, call.caller.user_id
    expected = call.expected_version()

    async def change(tx: Transaction) -> FileRow:
        if path is not None:
            await file_changes.hold(tx, project)
        row = unchanged_since(await file_changes.lock_file(tx, file_id), expected)
        if path is not None and path != row.path:
            row = await file_changes.move_file(tx, row, path, user)
        if media_type is not None and media_type != row.media_type:
            row = await file_changes.set_media_type(tx, row, media_type, user)
        return row

    row = await call.parts.postgres.transact(change)
    call.parts.paths.forget(project)
    return answer(row)


async def delete_file(call: Call) -> None:
    """Delete a file; it can be restored for 30 days."""
    file_id, project, user, expected = call.id(), call.access.project_id, call.caller.user_id, call.expected_version()

    async def delete(tx: Transaction) -> None:
        await file_changes.hold(tx, project, -1)
        row = unchanged_since(await file_changes.lock_file(tx, file_id), expected)
        await file_changes.delete_file(tx, row, user)

    await call.parts.postgres.transact(delete)
    call.parts.paths.forget(project)


async def restore_file(call: Call) -> Answer:
    """Restore a deleted file, with all that was in it, where it was or at another path."""
    wanted = None if call.body.path is None else path_in(call.body.path)
    file_id, project, user = call.id(), call.access.project_id, call.caller.user_id

    async def restore(tx: Transaction) -> FileRow:
        await file_changes.hold(tx, project, 1)
        row = await file_changes.lock_file(tx, file_id)
        if row is None:
            raise Missing("there is no such file")
        if row.deleted_at is None:
            raise Conflict("the file is not deleted")
        return await file_changes.restore_file(tx, row, wanted or row.path, user)

    row = await call.parts.postgres.transact(restore)
    call.parts.paths.forget(project)
    return answer(row)


# What the routes beside this one use as well


async def live_file(call: Call) -> FileRow:
    """The file that `{id}` names; raises Missing where it is deleted."""
    row = await files.find_file(call.parts.postgres, call.id())
    return unchanged_since(row, None)


def unchanged_since(row: FileRow | None, version: int | None) -> FileRow:
    """The row, if it is a live file's at this version. Raises Missing or Stale."""
    if row is None or row.deleted_at is not None:
        raise Missing("there is no such file" if row is None else "the file was deleted; an editor may restore it")
    if version not in (None, row.version):
        raise Stale(f"the file is at version {row.version} now")
    return row


def path_in(text: str) -> str:
    """The canonical path of a body's field `path`; raises Invalid."""
    try:
        return new_path(text)
    except InvalidName as error:
        raise Invalid.field("/path", str(error)) from None


def new_text(path: str, content: str, media_type: str | None = None) -> NewFile:
    """A text file with its first content; raises Invalid where it is too long."""
    size = len(content.encode())
    if size > bodies.TEXT_BYTES:
        raise Invalid.field("/content", f"a text has at most {bodies.TEXT_BYTES} bytes in UTF-8")
    state = fresh_text(content) if content else b""
    return NewFile(path=path, kind="text", media_type=media_type or "text/plain", state=state, size=size)


def guess_type(path: str) -> str:
    """The media type that a path's ending promises."""
    return _types.guess_type(path)[0] or UNKNOWN_TYPE


def file_body(row: FileRow) -> bodies.File:
    """A row as its readers see it."""
    return bodies.File(
        id=row.id,
        project_id=row.project_id,
        path=row.path,
        kind="text" if row.kind == "text" else "binary",
        media_type=row.media_type,
        size=row.size,
        sha256=None if row.blob is None else row.blob.hex(),
        version=row.version,
        created_by=row.created_by,
        updated_by=row.updated_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        deleted_at=row.deleted_at,
    )


def answer(row: FileRow, status: int | None = None, headers: dict[str, str] | None = None) -> Answer:
    """A file with its ETag."""
    return Answer(file_body(row), status=status, etag=str(row.version), headers=headers or {})
