"""`GET /api/files/{id}/blame`: who wrote which part of a text, from the log's authors (rooms/blame.py)."""

from datetime import UTC, datetime
from uuid import UUID

from gateway.live_texts import etag_of, live_texts
from gateway.operation import Answer
from gateway.operations import Call
from gateway.routes.content import text_of
from gateway.routes.files import live_file
from rooms.blame import Run
from schemas.blame import Blame, BlameRun
from store.authors import names_of


async def get_blame(call: Call) -> Answer:
    """Read who wrote which part of a file's text, and when."""
    name = text_of(await live_file(call))
    with live_texts(call.request.app) as texts:
        number, runs = await texts.blame(name)
    authors = {UUID(bytes=run.author) for run in runs if run.author}
    names = await names_of(call.parts.postgres, sorted(authors))
    etag = etag_of(number)
    return Answer(Blame(etag, [_body(run, names) for run in runs]), etag=etag)


def _body(run: Run, names: dict[UUID, str]) -> BlameRun:
    user = UUID(bytes=run.author) if run.author else None
    at = None if run.at is None else datetime.fromtimestamp(run.at / 1000, UTC)
    return BlameRun(run.text, user, names.get(user) if user else None, at)
