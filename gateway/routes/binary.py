"""Bytes of binary files, streamed in and out. Called by content.py, which answers `/api/files/{id}/content`."""

import hashlib
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import quote

import msgspec
from aiohttp import web

from gateway.operation import Answer
from gateway.operations import Call
from gateway.ranges import Unsatisfiable, byte_range
from gateway.refusals import Stale, Unreadable
from gateway.routes.files import unchanged_since
from gateway.spool import UPLOADS, keep
from schemas.contents import ContentWritten
from schemas.files import MediaType
from store import blobs, file_changes
from store.errors import StoreUnavailable
from store.files import FileRow
from store.limits import BLOB_BYTES, CHUNK_BYTES
from store.postgres import Postgres, Transaction

NO_BYTES: Final = hashlib.sha256(b"").digest()
SAYS_NOTHING: Final = frozenset({"", "application/octet-stream", "application/x-www-form-urlencoded"})
"""Content types that clients send by themselves."""


async def get_bytes(call: Call, file: FileRow) -> web.StreamResponse:
    """The bytes, or a range of them; a browser stores them and never runs them."""
    request, etag = call.request, etag_of(file)
    headers = {
        "ETag": f'"{etag}"',
        "Cache-Control": "private, no-cache",
        "Accept-Ranges": "bytes",
        "Content-Disposition": disposition(file.path),
        "Content-Security-Policy": "sandbox; default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-site",
    }
    if any(tag.value in ("*", etag) for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    asked = request.headers.get("Range")
    if request.headers.get("If-Range", f'"{etag}"') != f'"{etag}"':
        asked = None
    try:
        part = byte_range(asked, file.size)
    except Unsatisfiable:
        raise web.HTTPRequestRangeNotSatisfiable(headers={"Content-Range": f"bytes */{file.size}"}) from None
    begin, end = part or (0, file.size)
    if part is not None:
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{file.size}"
    response = web.StreamResponse(status=200 if part is None else 206, headers=headers)
    response.content_type = file.media_type
    response.content_length = end - begin
    pieces = read_bytes(call.parts.postgres, file, begin, end)
    # The first before the status: while PostgreSQL is away it is a 503.
    first = await anext(pieces, b"")
    await response.prepare(request)
    await response.write(first)
    async for piece in pieces:
        await response.write(piece)
    await response.write_eof()
    return response


async def put_bytes(call: Call, file: FileRow) -> Answer:
    """Other bytes, all at once; If-Match takes the ETag of the bytes that they replace."""
    expected, postgres, user = call.if_match(), call.parts.postgres, call.caller.user_id
    if expected not in (None, etag_of(file)):
        raise Stale("the file has other bytes now")
    media_type = sent_type(call.request.content_type)
    async with call.parts.spools.spooled(call.request, UPLOADS, BLOB_BYTES, call.address, user) as spool:
        await keep(postgres, spool.file, spool.hash, spool.size)

        async def put(tx: Transaction) -> FileRow:
            row = unchanged_since(await file_changes.lock_file(tx, file.id), None)
            if expected not in (None, etag_of(row)):
                raise Stale("the file has other bytes now")
            fresh_type = media_type or row.media_type
            if (row.blob, row.media_type) == (spool.hash, fresh_type):
                return row
            return await file_changes.set_blob(tx, row, spool.hash, spool.size, fresh_type, user)

        row = await postgres.transact(put)
    return Answer(ContentWritten(etag_of(row), row.size, False, None), etag=etag_of(row))


async def read_bytes(postgres: Postgres, file: FileRow, begin: int, end: int) -> AsyncIterator[bytes]:
    """Bytes `begin` to `end` (exclusive) of a binary file, in pieces of 1 MB at most. Raises StoreUnavailable."""
    if file.blob is None:
        return
    while begin < end:
        number, at = divmod(begin, CHUNK_BYTES)
        chunk = await blobs.read_chunk(postgres, file.blob, number)
        if chunk is None:
            raise StoreUnavailable("PostgreSQL", f"chunk {number} of {file.blob.hex()} is missing")
        piece = chunk[at : at + end - begin]
        yield piece
        begin += len(piece)


def etag_of(file: FileRow) -> str:
    """The ETag of the bytes, without quotes: their SHA-256."""
    return (file.blob or NO_BYTES).hex()


def sent_type(content_type: str) -> str | None:
    """The media type that the sender chose; None where it did not. Raises Unreadable."""
    if content_type in SAYS_NOTHING:
        return None
    try:
        return msgspec.convert(content_type, MediaType)
    except msgspec.ValidationError:
        raise Unreadable("Content-Type is no media type") from None


def disposition(path: str) -> str:
    """`Content-Disposition` (RFC 6266): to be stored under the last part of the path, never shown in place."""
    name = path.rpartition("/")[2]
    plain = "".join(char if char.isascii() and char.isprintable() and char not in '"\\%' else "_" for char in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
