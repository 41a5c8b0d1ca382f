"""What a document was as of a record: the nearest state before it, then the records up to it. Plugged into texts.py.

    number ≥ snapshot   snapshot + log          (Redis keeps the records behind the snapshot before the latest)
    number < snapshot   version + document_records, or document_records from the first one on

Records count 1, 2, 3 …; after a loss of the log there is a jump (document_library.py). What was lost with it is no
state that anybody can come back to, so a number inside the jump is not known.
"""

import asyncio
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from schemas.documents import DocumentName
from schemas.records import Commit, Loaded, decode_records
from store import authors, snapshots, versions
from store.document_library import load
from store.document_log import DocumentLog
from store.limits import PAST_PAGE, PAST_RECORDS, RELOADS_MAX
from store.postgres import Postgres, Queries


@dataclass(frozen=True, slots=True)
class RecordsRow:
    """Records that one snapshot absorbed."""

    first: int
    last: int
    records: bytes


class DocumentPast:
    """All methods raise StoreUnavailable."""

    def __init__(self, postgres: Postgres, log: DocumentLog) -> None:
        self._postgres = postgres
        self._log = log

    async def now(self, name: DocumentName) -> Loaded:
        """All that is committed; creates the document where it is new."""
        return await load(self._postgres, self._log, name)

    async def at(self, name: DocumentName, number: int) -> Loaded | None:
        """The records up to this number, no more and no less; None where that number is not known (any more)."""
        for _ in range(RELOADS_MAX):
            snapshot = await snapshots.find(self._postgres, name)
            if snapshot is None:
                return None
            if number < snapshot.number:
                return await self._before(name, number)
            commits = await self._log.read(name, snapshot.number)
            ends = await self._log.number(name)
            if commits and commits[0].first > snapshot.number + 1:
                again = await snapshots.find(self._postgres, name)
                if again is None or again.number != snapshot.number:
                    continue  # a newer snapshot: the log was trimmed behind it
            if ends is not None and number == ends and (not commits or commits[-1].last < number):
                return Loaded(number, snapshot.state, tuple(commits), snapshot.parts)  # begun anew, nothing since
            tail = up_to(commits, snapshot.number, number)
            return None if tail is None else Loaded(number, snapshot.state, tail, snapshot.parts)
        return None

    async def authors(self, name: DocumentName) -> tuple[int, bytes]:
        """Who brought what, as the worker last kept it, and up to which record; (0, nothing) where it has not."""
        row = await authors.find(self._postgres, name)
        return (0, b"") if row is None else (row.number, row.packed)

    async def records(self, name: DocumentName, after: int, number: int) -> list[Commit]:
        """Those behind `after` up to `number`, as far as they are kept; no more than can be read in some seconds."""
        commits = await read_records(self._postgres, name, after, PAST_RECORDS)
        known = commits[-1].last if commits else after
        if known < number:
            commits += await self._log.read(name, known)
        return [commit for commit in commits if commit.first <= number]

    async def _before(self, name: DocumentName, number: int) -> Loaded | None:
        base = await versions.nearest(self._postgres, name, number)
        begin = 0 if base is None else base.number
        state, parts = (b"", b"") if base is None else (base.state, base.parts)
        if begin == number:
            return Loaded(number, state, (), parts)
        commits: list[Commit] = []
        while not commits or commits[-1].last < number:
            page = await find_records(self._postgres, name, commits[-1].last if commits else begin)
            if not page or sum(len(commit.records) for commit in commits) > PAST_RECORDS:
                return None
            for row in page:
                commits.append(await asyncio.to_thread(_unpacked, row))
        if base is None and commits[0].first > 1:
            return None  # its beginning was never written down
        tail = up_to(commits, begin, number)
        return None if tail is None else Loaded(number, state, tail, parts)


def up_to(commits: Iterable[Commit], after: int, number: int) -> tuple[Commit, ...] | None:
    """What of these commits lies up to `number`, `after` being where they go on; None where it is inside a jump."""
    kept: list[Commit] = []
    known = after
    for commit in commits:
        if number == known or number == commit.first - 1:
            return tuple(kept)
        if number < commit.first:
            return None
        if number < commit.last:
            kept.append(Commit(number, commit.records[: number - commit.first + 1]))
            return tuple(kept)
        kept.append(commit)
        known = commit.last
    return tuple(kept) if number == known else None


async def read_records(postgres: Postgres, name: DocumentName, after: int, limit: int) -> list[Commit]:
    """History behind `after`, oldest first, each what one snapshot absorbed; all of it, or at least `limit` records."""
    commits: list[Commit] = []
    count = 0
    while count < limit:
        page = await find_records(postgres, name, commits[-1].last if commits else after)
        for row in page:
            # Some rows hold megabytes.
            commits.append(await asyncio.to_thread(_unpacked, row))
            count += len(commits[-1].records)
        if len(page) < PAST_PAGE:
            break
    return commits


def _unpacked(row: RecordsRow) -> Commit:
    # The numbers are those of the last ones, also where there is a jump among them.
    return Commit(row.last, decode_records(zlib.decompress(row.records)))


async def find_records(postgres: Queries, name: DocumentName, after: int) -> list[RecordsRow]:
    """The next rows of a document's history."""
    return await postgres.rows(
        RecordsRow,
        """
        SELECT first, last, records FROM document_records
        WHERE document = %(name)s AND last > %(after)s ORDER BY last LIMIT %(limit)s
        """,
        {"name": name, "after": after, "limit": PAST_PAGE},
    )
