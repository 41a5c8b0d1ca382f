"""Where an opened document comes from: its snapshot in PostgreSQL, then the log's tail in Redis.

snapshot at s ──► log there?  yes ──► records behind s
                              no  ──► it was parked: begin it at s. It was not: Redis lost it; begin it far beyond.
"""

import time

from schemas.documents import DocumentName
from schemas.records import Loaded, number_after_loss
from store import snapshots
from store.announcements import Announcements
from store.document_log import DocumentLog
from store.errors import StoreUnavailable
from store.limits import RELOADS_MAX
from store.postgres import Postgres


async def load(postgres: Postgres, log: DocumentLog, name: DocumentName) -> Loaded:
    """Snapshot and tail of a document, which is created where it is new. Raises StoreUnavailable."""
    snapshot = await snapshots.find_or_create(postgres, name)
    for _ in range(RELOADS_MAX):
        start = snapshot.number if snapshot.parked else number_after_loss(snapshot.number, time.time())
        if snapshot.parked:
            # First the mark, then the log: who dies in between leaves a jump in the numbers, never a repetition.
            await snapshots.mark_parked(postgres, name, snapshot.number, False)
        number = await log.begin(name, start, if_below=snapshot.number)
        tail = await log.read(name, snapshot.number)
        if (tail[0].first <= snapshot.number + 1) if tail else (number == snapshot.number):
            break
        # The log does not go on where the snapshot ends: trimmed behind a newer one, or begun anew.
        before, snapshot = snapshot, await snapshots.find_or_create(postgres, name)
        if snapshot.number == before.number:
            break
    else:
        raise StoreUnavailable("PostgreSQL", f"{name}: snapshots kept overtaking the opening")
    return Loaded(max(number, tail[-1].last) if tail else number, snapshot.state, tuple(tail), snapshot.parts)


async def peek(postgres: Postgres, log: DocumentLog, name: DocumentName) -> Loaded | None:
    """Snapshot and tail as they are now, changing nothing; None where there is no such document. Raises
    StoreUnavailable."""
    before = None
    for _ in range(RELOADS_MAX):
        snapshot = await snapshots.find(postgres, name)
        if snapshot is None:
            return None
        tail = await log.read(name, snapshot.number)
        if not tail or tail[0].first <= snapshot.number + 1 or snapshot.number == before:
            last = tail[-1].last if tail else snapshot.number
            return Loaded(last, snapshot.state, tuple(tail), snapshot.parts)
        # Trimmed behind a newer snapshot, or lost and begun anew: then the snapshot stays.
        before = snapshot.number
    raise StoreUnavailable("PostgreSQL", f"{name}: snapshots kept overtaking the reader")


class DocumentLibrary:
    """The same as a gateway's rooms want it (rooms/ports.py): what they open they also follow."""

    def __init__(self, postgres: Postgres, log: DocumentLog, announcements: Announcements) -> None:
        self._postgres = postgres
        self._log = log
        self.follow = announcements.follow
        self.unfollow = announcements.unfollow

    async def load(self, name: DocumentName) -> Loaded:
        """See load."""
        return await load(self._postgres, self._log, name)
