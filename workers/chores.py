"""What workers tidy up now and then, each safe to repeat and to run in several workers at once. Run by __main__.py.

Every chore removes a bounded number and comes again: no chore holds a lock or a connection for long.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from schemas.unavailable import Unavailable
from store import ai_usage, audit, deliveries, happenings, notifications, repeats, sessions, streams
from store.document_log import DocumentLog
from store.limits import CHANGES_DAYS
from store.postgres import Postgres
from workers.forget_departed import forget_departed
from workers.keep_versions import keep_versions, thin_out
from workers.purge_files import purge_blobs, purge_files, purge_paths
from workers.remove_projects import remove_projects
from workers.settings import Settings

logger = structlog.get_logger("workers")
DAY = 24 * 3600.0
HAPPENING_DAYS = CHANGES_DAYS + 1
"""A day more than anybody may ask for: what happened is older than the place that a client got behind it."""
NOTIFICATION_DAYS = 180
"""Half a year, read or not: nobody looks further back."""
DELIVERY_DAYS = 30
"""Of a webhook's deliveries: ten times as long as the last attempt takes."""
SESSION_DAYS = 30
"""Of sessions after their end: as long as somebody may wonder where they were signed in."""
ANSWER_DAYS = 30
"""Of models' answers outside of chats, and of edits that may be undone: who wants to keep one has long copied it."""
BILL_DAYS = 400
"""Of what each answer took: a year's bills, and a month to look at them."""
SUMS_DAYS = 800
"""Of its sums by day: one year beside the other."""
BATCH = 1_000
"""Rows of one round: a statement of some 10 ms."""


@dataclass(frozen=True, slots=True)
class Chore:
    """`run` answers how many things it did; where it did many it comes again at once."""

    name: str
    seconds: float
    """Pause between two rounds."""
    run: Callable[[], Awaitable[int]]


def chores(postgres: Postgres, log: DocumentLog) -> Sequence[Chore]:
    """All of them."""
    return [
        Chore("keep versions", 15, lambda: keep_versions(postgres)),
        Chore("thin out versions", 600, lambda: thin_out(postgres, datetime.now(UTC), BATCH)),
        Chore("remove deleted files", 60, lambda: purge_files(postgres, log)),
        Chore("remove deleted projects", 600, lambda: remove_projects(postgres, log.forget)),
        Chore("forget former paths", 600, lambda: purge_paths(postgres)),
        Chore("forget what was asked by who left", 120, lambda: forget_departed(postgres, BATCH)),
        Chore("remove unused bytes", 600, lambda: purge_blobs(postgres)),
        Chore("forget idempotency keys", 60, lambda: repeats.remove_old(postgres, DAY, BATCH)),
    ]


def retention(postgres: Postgres, settings: Settings) -> Sequence[Chore]:
    """What is kept for a time only."""
    kept = [
        Chore("forget notifications", 600, lambda: notifications.remove_old(postgres, NOTIFICATION_DAYS, BATCH)),
        Chore("forget deliveries", 600, lambda: deliveries.remove_old(postgres, DELIVERY_DAYS, BATCH)),
    ]
    kept.append(Chore("forget what happened", 600, lambda: happenings.remove_old(postgres, HAPPENING_DAYS, BATCH)))
    kept.append(Chore("forget sessions", 600, lambda: sessions.remove_old(postgres, SESSION_DAYS, BATCH)))
    kept.append(Chore("forget answers", 600, lambda: streams.remove_old(postgres, ANSWER_DAYS, BATCH)))
    kept.append(Chore("forget bills", 600, lambda: ai_usage.remove_lines(postgres, BILL_DAYS, BATCH)))
    kept.append(Chore("forget days of AI", 600, lambda: ai_usage.remove_days(postgres, SUMS_DAYS, BATCH)))
    if settings.audit_days:
        kept.append(Chore("forget old acts", 600, lambda: audit.remove_old(postgres, settings.audit_days, BATCH)))
    return kept


async def keep_doing(chore: Chore) -> None:
    """One chore, for ever; cancel to stop."""
    while True:
        await asyncio.sleep(chore.seconds * random.uniform(0.8, 1.2))
        try:
            while (done := await chore.run()) >= BATCH:
                logger.info("chore", chore=chore.name, done=done)
            if done:
                logger.info("chore", chore=chore.name, done=done)
        except Unavailable as error:
            logger.warning("chore postponed", chore=chore.name, reason=str(error))
        except Exception:
            # Whatever it stumbles over, the other chores, and the documents, go on.
            logger.exception("chore failed", chore=chore.name)
