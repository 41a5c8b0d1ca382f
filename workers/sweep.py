"""Every few seconds: enqueue a snapshot for each document that has waited for one, and let idle logs leave Redis.

That a document is dirty stands in Redis beside its log, so a job that is lost is found again by the next sweep. Safe to
repeat and to run in several workers: a document has at most one job, and parking is compare and set.
"""

from collections.abc import Awaitable, Callable

import structlog

from schemas.documents import DocumentName, named
from schemas.unavailable import Unavailable
from store import snapshots
from store.document_log import DocumentLog
from store.limits import PARK_AFTER
from store.postgres import Postgres
from workers.snapshot_document import try_snapshot

logger = structlog.get_logger("workers")
SNAPSHOT_AFTER = 3
"""Seconds from a document's first record since its snapshot to the next one: many edits, one snapshot."""
OVERDUE = 15
"""Seconds after which the sweep no longer relies on the job: a worker may have died in the middle of it, and arq gives
its job to another only when its time is over."""
OVERDUE_BATCH = 50
"""Of these, how many one sweep does itself: the queue has the others, and they wait for the next sweep at most."""
BATCH = 500
"""Documents of one sweep; the rest waits for the next."""

Enqueue = Callable[[DocumentName], Awaitable[None]]


async def sweep(postgres: Postgres, log: DocumentLog, enqueue: Enqueue, park_after: float = PARK_AFTER) -> None:
    """One round. Raises Unavailable."""
    for name in await log.dirty(SNAPSHOT_AFTER, BATCH):
        await enqueue(name)
    for name in await log.dirty(OVERDUE, OVERDUE_BATCH):
        await try_snapshot(postgres, log, name)
    for name in await log.idle(park_after, BATCH):
        try:
            await park(postgres, log, name, park_after)
        except Unavailable:
            raise
        except Exception:
            # One that cannot be parked must not keep the others in Redis.
            logger.exception("parking failed", **named(name))


async def park(postgres: Postgres, log: DocumentLog, name: DocumentName, idle_for: float) -> bool:
    """Let a log leave Redis if its snapshot has all of it and nobody follows it."""
    number = await snapshots.find_number(postgres, name)
    if number is None:
        await log.forget(name)
        return True
    ends = await log.ends(name, idle_for)
    if ends is None or ends.number < number or ends.record > number:
        return False
    # An empty log that ends beyond the snapshot was begun anew after a loss, and nobody has written since.
    # First the mark, then the log: a log that is gone without the mark counts as lost, which is safe.
    if not await snapshots.mark_parked(postgres, name, number, True, ends=ends.number):
        return False
    if await log.park(name, ends.number, idle_for):
        logger.info("log parked", **named(name), number=ends.number)
        return True
    await snapshots.mark_parked(postgres, name, ends.number, False)
    return False
