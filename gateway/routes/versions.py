"""`/api/files/{id}/versions…`: what a text was, seen, compared, restored.

POST              state now ──► a named version
GET {seq}, diff   state ──► text
POST … restore    state now ──► an automatic version; then the smallest edit back, which everybody sees
"""

from datetime import UTC, datetime
from uuid import UUID

from aiohttp import web

from gateway.cursors import decode_cursor, page
from gateway.live_texts import etag_of, live_texts
from gateway.operation import Answer
from gateway.operations import Call
from gateway.refusals import Missing
from gateway.routes.content import text_of
from gateway.routes.files import live_file
from rooms.text import NotText
from schemas import versions as bodies
from schemas.documents import DocumentName
from schemas.pages import Page
from schemas.records import Loaded
from store import versions
from store.files import FileRow
from store.happenings import Happening, add_happening, project_topic
from store.postgres import Transaction
from store.versions import StateRow, VersionRow

LAST = 2**31
"""Behind every version."""


async def list_versions(call: Call) -> Page[bodies.Version]:
    """List a file's versions, the latest first."""
    name = text_of(await live_file(call))
    before = decode_cursor(call.query.cursor, int) or LAST
    rows = await versions.list_versions(call.parts.postgres, name, min(before, LAST), call.query.limit + 1)
    return page(rows, call.query.limit, version_body, lambda row: row.seq)


async def create_version(call: Call) -> Answer:
    """Keep what a file is now as a version with a name."""
    file = await live_file(call)
    name = call.body.name or datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    seq = await keep(call, file, name)
    row = await versions.find_version(call.parts.postgres, text_of(file), seq)
    assert row is not None
    return Answer(version_body(row), headers={"Location": f"/api/files/{file.id}/versions/{seq}"})


async def get_version(call: Call) -> bodies.VersionContent:
    """Read a version of a file: what its text was."""
    name = text_of(await live_file(call))
    seq = seq_in(call)
    row = await versions.find_version(call.parts.postgres, name, seq)
    state = await versions.find_state(call.parts.postgres, name, seq)
    if row is None or state is None:
        raise Missing("there is no such version")
    body = version_body(row)
    content: str | None
    with live_texts(call.request.app) as texts:
        try:
            content = await texts.text_in(loaded(state))
        except NotText:
            content = None
    return bodies.VersionContent(
        body.seq, body.name, body.etag, body.created_at, body.created_by, body.created_by_name, content
    )


async def compare_versions(call: Call) -> web.StreamResponse:
    """Compare a version of a file with another one, or with what is there now: a unified diff."""
    file = await live_file(call)
    name, seq, other = text_of(file), seq_in(call), call.query.to
    with live_texts(call.request.app) as texts:
        old = await texts.text_in(loaded(await _state(call, name, seq)))
        if other is None:
            new = (await texts.read(name)).text
        else:
            new = await texts.text_in(loaded(await _state(call, name, other)))
        names = f"{file.path}\tversion {seq}", f"{file.path}\t" + (f"version {other}" if other else "now")
        compared = await texts.compare(old, new, names)
    return web.Response(
        body=compared.encode(), content_type="text/plain", charset="utf-8", headers={"Cache-Control": "no-store"}
    )


async def restore_version(call: Call) -> Answer:
    """Restore a version of a file, as an edit that everybody in it sees; what was there is kept as a version."""
    file, seq = await live_file(call), seq_in(call)
    name = text_of(file)
    state = await _state(call, name, seq)
    before = await keep(call, file, None)
    with live_texts(call.request.app) as texts:
        await texts.restore(name, call.caller.user_id.bytes, loaded(state))
        now = await texts.state(name)
    await tell_restored(call, file, seq)
    etag = etag_of(now.number)
    return Answer(bodies.Restored(etag, before), etag=etag)


# What project_versions.py uses as well


async def keep(call: Call, file: FileRow, title: str | None, *, kept: bool = False) -> int:
    """A version of what a text file is now; its number."""
    name = text_of(file)
    with live_texts(call.request.app) as texts:
        now = await texts.state(name)
    user = call.caller.user_id if title is not None else None
    seq = await versions.add_version(call.parts.postgres, name, now.number, now.state, title, user, kept=kept)
    if seq is None:
        raise Missing("the file was deleted meanwhile")
    return seq


async def tell_restored(call: Call, file: FileRow, seq: int) -> None:
    """Tell those who follow the project."""
    user: UUID = call.caller.user_id

    async def tell(tx: Transaction) -> None:
        happening = Happening(
            topic=project_topic(file.project_id),
            kind="file.version_restored",
            actor_id=user,
            project_id=file.project_id,
            file_id=file.id,
            data={"path": file.path, "version": seq},
        )
        await add_happening(tx, happening)

    await call.parts.postgres.transact(tell)


def seq_in(call: Call) -> int:
    """The version that the path names. Raises Missing."""
    digits = call.request.match_info["seq"]
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 10):
        raise Missing("there is no such version")
    return int(digits)


def loaded(row: StateRow) -> Loaded:
    """A version as the rooms take it."""
    return Loaded(row.number, row.state, (), row.parts)


def version_body(row: VersionRow) -> bodies.Version:
    """A version as its readers see it."""
    return bodies.Version(row.seq, row.name, etag_of(row.number), row.created_at, row.created_by, row.created_by_name)


async def _state(call: Call, name: DocumentName, seq: int) -> StateRow:
    row = await versions.find_state(call.parts.postgres, name, seq)
    if row is None:
        raise Missing("there is no such version")
    return row
