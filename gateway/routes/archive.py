"""`/api/projects/{id}/import` and `…/export`: a project's files as one zip archive, streamed both ways.

import   spool ──► look at all of it ──► keep bytes ──► make new files (one transaction) ──► change live texts
export   files by path ──► live text or bytes ──► packed ──► sent, piece by piece
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from aiohttp import web

from gateway.archives.limits import (
    ARCHIVE_BYTES,
    EXPORT_SECONDS,
    EXPORTS,
    FILES_AT_ONCE,
    IMPORTS,
    PAGE,
    TEXT_AT_ONCE,
)
from gateway.archives.reading import Archive, BadArchive, Entry, read_archive
from gateway.archives.writing import Item, zipped
from gateway.live_texts import live_texts
from gateway.operations import Call
from gateway.parts import LIVE
from gateway.refusals import Conflict, Invalid
from gateway.routes.binary import disposition, read_bytes
from gateway.routes.files import guess_type, new_text, unchanged_since
from gateway.spool import keep
from rooms.peeks import Peeks
from rooms.text import NotText
from schemas.documents import DocumentName
from schemas.files import Imported
from store import file_changes, files
from store.file_changes import NewFile, document_of
from store.files import FileRow, Wanted
from store.postgres import Postgres, Transaction

EXPORT_TYPE: Final = "application/zip"
YJS: Final = ".yjs"
"""Added to the name of a document whose content is no text: its whole state, as one Yjs update (v1)."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What becomes of the entries of an archive."""

    new: list[Entry]
    other_bytes: list[tuple[FileRow, Entry]]
    other_texts: list[tuple[FileRow, Entry]]
    unchanged: int
    skipped: int


async def import_archive(call: Call) -> Imported:
    """Take files from a zip archive: nothing of it where anything in it cannot be taken."""
    postgres, project, user = call.parts.postgres, call.access.project_id, call.caller.user_id
    async with (
        call.parts.spools.spooled(call.request, IMPORTS, ARCHIVE_BYTES, call.address, user) as spool,
        # Only now: who sends slowly holds up nobody.
        call.parts.readers.turn(),
    ):
        try:
            archive = await asyncio.to_thread(read_archive, spool.file, spool.size)
        except BadArchive as error:
            raise Invalid(str(error)) from None
        plan = await _plan(call, archive)
        fresh_bytes = [entry for entry in plan.new if not entry.is_text]
        for entry in [*fresh_bytes, *(entry for _, entry in plan.other_bytes)]:
            with archive.open(entry) as file:
                await keep(postgres, file, entry.hash, entry.size)
        async with postgres.connection() as connection, connection.transaction():
            tx = Transaction(connection)
            for group in _groups(plan.new):
                new = await asyncio.to_thread(_new_files, archive, group)
                await file_changes.create_files(tx, project, user, new)
            for row, entry in plan.other_bytes:
                await _change_bytes(tx, row, entry, user)
        same = 0
        for row, entry in plan.other_texts:
            same += not await _change_text(call, row, await asyncio.to_thread(archive.text, entry))
    replaced = len(plan.other_bytes) + len(plan.other_texts) - same
    return Imported(len(plan.new), replaced, plan.unchanged + same, plan.skipped)


async def export_archive(call: Call) -> web.StreamResponse:
    """Read all files of a project as one zip archive, texts as they are now."""
    user = None if call.maybe_caller is None else call.maybe_caller.user_id
    async with AsyncExitStack() as stack:
        stack.enter_context(call.parts.turns.turn(EXPORTS, call.address, user))
        deadline = time.monotonic() + EXPORT_SECONDS
        live = call.request.app.get(LIVE)
        if live is None:
            raise web.HTTPServiceUnavailable(text="this process serves no documents")
        items = _items(call.parts.postgres, live.peeks, call.access.project_id)
        pieces = await stack.enter_async_context(aclosing(zipped(items)))
        # The first before the status: while a store is away it is a 503.
        first = await anext(pieces)
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": disposition(f"{call.access.project_id}.zip"),
            "Content-Security-Policy": "sandbox; default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
        }
        response = web.StreamResponse(headers=headers)
        response.content_type = EXPORT_TYPE
        await response.prepare(call.request)
        await response.write(first)
        async for piece in pieces:
            await response.write(piece)
            if time.monotonic() > deadline:
                raise TimeoutError(f"an archive has {EXPORT_SECONDS:.0f} s to go")
        await response.write_eof()
        return response


async def _plan(call: Call, archive: Archive) -> _Plan:
    project, on_conflict = call.access.project_id, call.query.on_conflict
    there = {
        row.path: row
        for row in await files.find_live_many(call.parts.postgres, project, [entry.path for entry in archive.entries])
    }
    plan = _Plan([], [], [], 0, archive.skipped)
    unchanged = skipped = 0
    for entry in archive.entries:
        row = there.get(entry.path)
        if row is None:
            plan.new.append(entry)
        elif on_conflict == "fail":
            raise Conflict(f"there is a file at {entry.path!r}; ?on_conflict=replace or skip says what becomes of it")
        elif on_conflict == "skip":
            skipped += 1
        elif (row.kind == "text") != entry.is_text and entry.size:
            raise Conflict(
                f"{entry.path!r} is {'a text' if row.kind == 'text' else 'binary'}, in the archive it is not"
            )
        elif row.kind == "text":
            plan.other_texts.append((row, entry))
        elif row.blob == entry.hash:
            unchanged += 1
        else:
            plan.other_bytes.append((row, entry))
    return _Plan(plan.new, plan.other_bytes, plan.other_texts, unchanged, archive.skipped + skipped)


def _new_files(archive: Archive, entries: Sequence[Entry]) -> list[NewFile]:
    return [
        new_text(entry.path, archive.text(entry))
        if entry.is_text
        else NewFile(
            path=entry.path, kind="binary", media_type=guess_type(entry.path), size=entry.size, blob=entry.hash
        )
        for entry in entries
    ]


def _groups(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """As many as one statement takes."""
    group: list[Entry] = []
    size = 0
    for entry in entries:
        more = entry.size if entry.is_text else 0
        if group and (len(group) == FILES_AT_ONCE or size + more > TEXT_AT_ONCE):
            yield group
            group, size = [], 0
        group.append(entry)
        size += more
    if group:
        yield group


async def _change_bytes(tx: Transaction, file: FileRow, entry: Entry, user: UUID) -> None:
    row = unchanged_since(await file_changes.lock_file(tx, file.id), None)
    await file_changes.set_blob(tx, row, entry.hash, entry.size, row.media_type, user)


async def _change_text(call: Call, file: FileRow, text: str) -> bool:
    """By the smallest edit, which everybody in the document sees; whether there was anything to change."""
    name = document_of(file)
    with live_texts(call.request.app) as texts:
        if (await texts.read(name)).text == text:
            return False
        await texts.write(name, call.caller.user_id.bytes, text, None)
    return True


async def _items(postgres: Postgres, peeks: Peeks, project: UUID) -> AsyncIterator[Item]:
    wanted, after = Wanted(project_id=project), ""
    while True:
        rows = await files.list_files(postgres, wanted, after, PAGE)
        for row in rows:
            if row.kind == "binary":
                yield Item(row.path, row.updated_at, False, read_bytes(postgres, row, 0, row.size))
            else:
                yield await _text_item(peeks, row)
        if len(rows) < PAGE:
            return
        after = rows[-1].path


async def _text_item(peeks: Peeks, row: FileRow) -> Item:
    name: DocumentName = document_of(row)
    try:
        return Item(row.path, row.updated_at, True, _once((await peeks.text(name)).encode()))
    except NotText:
        return Item(row.path + YJS, row.updated_at, False, _once(await peeks.state(name)))


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
