"""Job, every few seconds: snapshot what lost jobs left, and let idle logs leave Redis.

Safe to repeat and to run in several workers: both steps are compare and set.
"""

import structlog

from schemas.documents import DocumentName
from store import snapshots
from store.document_log import DocumentLog
from store.limits import PARK_AFTER
from store.postgres import Postgres
from workers.snapshot_document import snapshot_document

logger = structlog.get_logger("workers")
OVERDUE = 15
"""Seconds that a document may wait for its snapshot before the sweep takes it."""
BATCH = 200
"""Documents of one sweep; the rest waits for the next."""


async def sweep(postgres: Postgres, log: DocumentLog, park_after: float = PARK_AFTER) -> int:
    """One round; how many documents it touched. Raises StoreUnavailable."""
    overdue = await log.dirty(OVERDUE, BATCH)
    for name in overdue:
        logger.info("snapshot overdue", document=name)
        await snapshot_document(postgres, log, name)
    idle = await log.idle(park_after, BATCH)
    for name in idle:
        await park(postgres, log, name, park_after)
    return len(overdue) + len(idle)


async def park(postgres: Postgres, log: DocumentLog, name: DocumentName, idle_for: float) -> bool:
    """Let a log leave Redis if its snapshot has all of it and nobody follows it."""
    snapshot = await snapshots.find(postgres, name)
    if snapshot is None:
        await log.forget(name)
        return True
    # First the mark, then the log: a log that is gone without the mark counts as lost, which is safe.
    if not await snapshots.mark_parked(postgres, name, snapshot.number, True):
        return False
    if await log.park(name, snapshot.number, idle_for):
        logger.info("log parked", document=name, number=snapshot.number)
        return True
    await snapshots.mark_parked(postgres, name, snapshot.number, False)
    return False
