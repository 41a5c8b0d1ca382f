"""How much work waits, for administrators: one function per question."""

from dataclasses import dataclass

from redis.asyncio import Redis

from store.postgres import Queries
from store.redis import finish


@dataclass(frozen=True, slots=True)
class UntoldRow:
    """Happenings that are committed and not yet in their topic's log."""

    count: int
    age: float  # seconds of the oldest


async def untold(db: Queries) -> UntoldRow:
    """Raises StoreUnavailable."""
    row = await db.row(
        UntoldRow,
        """
        SELECT count(*) AS count, coalesce(extract(epoch FROM now() - min(at)), 0)::float8 AS age
        FROM happenings WHERE NOT told
        """,
    )
    assert row is not None  # an aggregate always has its row
    return row


async def waiting_jobs(redis: Redis, queue: str) -> int:
    """Jobs in one of arq's queues. Raises StoreUnavailable."""
    return int(await finish(redis.zcard(queue)))
