"""After a snapshot: who brought what in the records that it absorbed. Called by snapshot_document.py.

Safe to repeat and to leave out: the next one goes on where the last one ended, and readers add what is missing.
"""

import asyncio

from rooms.authors import Authors
from rooms.slices import at_once
from schemas.documents import DocumentName
from schemas.records import Commit
from store import authors
from store.document_past import read_records
from store.postgres import Postgres

RECORDS_MAX = 200_000
"""Taken in after one snapshot, 3 us each: a second. A longer history follows with the next ones."""


async def sign_authors(postgres: Postgres, name: DocumentName) -> None:
    """Returns when what is kept is as of the latest snapshot. Raises StoreUnavailable."""
    row = await authors.find(postgres, name)
    number, packed = (0, b"") if row is None else (row.number, row.packed)
    commits = await read_records(postgres, name, number, RECORDS_MAX)
    if commits:
        new = await asyncio.to_thread(_added, packed, commits)
        await authors.keep(postgres, name, number, commits[-1].last, new)


def _added(packed: bytes, commits: list[Commit]) -> bytes:
    known = Authors(packed)
    at_once(known.add(commits))
    return known.encode()
