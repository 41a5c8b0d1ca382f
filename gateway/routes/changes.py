"""`/api/projects/{id}/changes`: what a client that was away needs to catch up, in order, with nothing missed.

without since ──► next, reset: read everything by its own GETs, then go on from `next`
since=next    ──► what happened since, documents edited since, and the following `next`
"""

import time
from typing import Annotated

from msgspec import Meta, Struct

from gateway.cursors import decode_cursor, encode_cursor
from gateway.operations import Call
from schemas import projects as bodies
from schemas.patterns import NO_NUL
from store import changes
from store.changes import Clock
from store.limits import CHANGES_DAYS

_Transaction = Annotated[int, Meta(ge=0, lt=1 << 62)]


class _Place(Struct, frozen=True, array_like=True):
    at: Annotated[int, Meta(ge=0)]  # Unix time, seconds
    life: str
    happened: tuple[_Transaction, Annotated[int, Meta(ge=-1, lt=1 << 62)]]
    changed: tuple[_Transaction, Annotated[str, Meta(max_length=1_200, pattern=NO_NUL)]]


async def list_changes(call: Call) -> bodies.Changes:
    """Catch up with what happened in a project.

    `items` are what happened, in order; `documents` are those whose edits were saved since, some seconds after they
    were made: sync each over its socket, unless what you have is at its number. Ask again with `next`, at once where
    there is `more`. Where `reset` is true, read everything again.
    """
    query: bodies.ChangesQuery = call.query
    db, project, limit = call.parts.postgres, call.access.project_id, query.limit
    since = decode_cursor(query.since, _Place, "?since")
    clock = await changes.read_clock(db)
    if since is None or not _reaches(since, clock):
        here = _Place(int(time.time()), clock.life, (clock.settled, -1), (clock.settled, ""))
        return bodies.Changes(items=[], documents=[], next=encode_cursor(here), more=False, reset=True)
    items = await changes.list_happenings(db, project, since.happened, clock.settled, limit + 1)
    documents = await changes.list_documents(db, project, since.changed, clock.settled, limit + 1)
    happened, changed = (clock.settled, -1), (clock.settled, "")
    if len(items) > limit:
        happened = (items[limit - 1].tx, items[limit - 1].id)
    if len(documents) > limit:
        changed = (documents[limit - 1].tx, documents[limit - 1].name)
    return bodies.Changes(
        items=[
            bodies.Happened(
                id=row.id, kind=row.kind, at=row.at, actor_id=row.actor_id, file_id=row.file_id, data=row.data
            )
            for row in items[:limit]
        ],
        documents=[
            bodies.ChangedDocument(file_id=row.file_id, path=row.path, number=row.number) for row in documents[:limit]
        ],
        next=encode_cursor(_Place(int(time.time()), clock.life, happened, changed)),
        more=max(len(items), len(documents)) > limit,
        reset=False,
    )


def _reaches(since: _Place, clock: Clock) -> bool:
    if since.life != clock.life or max(since.happened[0], since.changed[0]) > clock.settled:
        return False  # of another database, such as the one that a backup was made of
    return since.at > time.time() - CHANGES_DAYS * 86_400
