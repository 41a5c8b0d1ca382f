"""Chores: versions of documents that nobody named. Run by chores.py.

    changed for ten minutes, or by 200 records ──► the snapshot becomes a version
    older than an hour: one an hour; than a day: one a day; than a month: one a month      (named ones stay)

Safe to repeat and to run in several workers at once: a snapshot becomes a version once, and what is surplus goes once.
"""

from datetime import UTC, datetime, timedelta

from store import versions
from store.postgres import Postgres

MINUTES = 10
RECORDS = 200
AT_ONCE = 100
"""Documents of one round."""
KEPT = (
    ("hour", timedelta(hours=1), timedelta(days=3)),
    ("day", timedelta(days=1), timedelta(days=60)),
    ("month", timedelta(days=30), timedelta(days=800)),
)
"""How many, from which age on, and up to which age a round looks: far enough for a worker that was off for a while."""


async def keep_versions(postgres: Postgres) -> int:
    """One round of making them; how many. Raises StoreUnavailable."""
    due = await versions.find_due(postgres, MINUTES, RECORDS, AT_ONCE)
    for document in due:
        await versions.keep_snapshot(postgres, document)
    return len(due)


async def thin_out(postgres: Postgres, now: datetime, limit: int) -> int:
    """One round of removing the surplus; how many. Raises StoreUnavailable."""
    gone = 0
    for unit, youngest, oldest in KEPT:
        begin, end = _begin_of(now - oldest, unit), _begin_of(now - youngest, unit)
        gone += await versions.thin_out(postgres, begin, end, unit, limit - gone)
        if gone >= limit:
            break
    return gone


def _begin_of(at: datetime, unit: str) -> datetime:
    """Of the hour, day or month in UTC: only whole ones are thinned out."""
    at = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if unit == "hour":
        return at
    at = at.replace(hour=0)
    return at if unit == "day" else at.replace(day=1)
