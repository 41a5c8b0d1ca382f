"""How much work waits, for administrators: one function per question."""

import time
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, cast

from redis.asyncio import Redis

from store import keys
from store.limits import JOBS_LISTED
from store.postgres import Queries
from store.redis import finish

COUNTED = 10_000
"""Deliveries that are counted of each kind: some milliseconds. More is as bad."""


@dataclass(frozen=True, slots=True)
class UntoldRow:
    """Happenings that are committed and not yet in their topic's log."""

    count: int
    age: float  # seconds of the oldest


@dataclass(frozen=True, slots=True)
class DeliveriesRow:
    """Deliveries to webhooks that wait, and those that were given up."""

    due: int
    due_seconds: float  # that the one which is due for longest has waited
    later: int  # tried already, or not before their time
    given_up: int  # in the last day


@dataclass(frozen=True, slots=True)
class WaitingJob:
    """A job in one of arq's queues."""

    id: str
    at: float  # when it was to begin, as Unix time in seconds
    is_running: bool


@dataclass(frozen=True, slots=True)
class QueuedJobs:
    """A queue: how many jobs are in it, and the first of them."""

    count: int
    jobs: list[WaitingJob]


@dataclass(frozen=True, slots=True)
class FailingDocument:
    """A document whose snapshot was attempted again and again."""

    document: str
    attempts: int
    next_at: float  # Unix time, seconds


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


async def deliveries(db: Queries) -> DeliveriesRow:
    """Raises StoreUnavailable."""
    row = await db.row(
        DeliveriesRow,
        """
        SELECT
            (SELECT count(*) FROM (
                SELECT FROM webhook_deliveries
                WHERE status = 'pending' AND next_attempt_at <= now() LIMIT %(most)s) AS counted) AS due,
            coalesce((SELECT greatest(0, extract(epoch FROM now() - min(next_attempt_at)))
                FROM webhook_deliveries WHERE status = 'pending'), 0)::float8 AS due_seconds,
            (SELECT count(*) FROM (
                SELECT FROM webhook_deliveries
                WHERE status = 'pending' AND next_attempt_at > now() LIMIT %(most)s) AS counted) AS later,
            (SELECT count(*) FROM (
                SELECT FROM webhook_deliveries
                WHERE status = 'failed' AND last_attempt_at > now() - interval '1 day' LIMIT %(most)s) AS counted)
                AS given_up
        """,
        {"most": COUNTED},
    )
    assert row is not None
    return row


async def waiting_jobs(redis: Redis, queue: str) -> int:
    """Jobs in one of arq's queues, running ones included. Raises StoreUnavailable."""
    return int(await finish(redis.zcard(queue)))


async def jobs(redis: Redis, queue: str) -> QueuedJobs:
    """One of arq's queues: which jobs wait or run, in their order. Raises StoreUnavailable."""
    count = await waiting_jobs(redis, queue)
    first = cast(Any, redis.zrange(queue, 0, JOBS_LISTED - 1, withscores=True))
    listed = [(job.decode(), score / 1000) for job, score in await finish(first)]
    if not listed:
        return QueuedJobs(count, [])
    pipeline = redis.pipeline(transaction=False)
    for job, _ in listed:
        pipeline.exists(keys.JOB_IN_PROGRESS + job)
    running = await finish(cast(Any, pipeline.execute()))
    return QueuedJobs(
        count, [WaitingJob(job, at, bool(is_on)) for (job, at), is_on in zip(listed, running, strict=True)]
    )


async def answers(db: Queries) -> QueuedJobs:
    """AI's queue, whose jobs are rows: the answers that wait for a worker, and those that one gives now."""
    rows = await db.rows(
        WaitingJob,
        """
        (SELECT 'answer:' || id AS id, extract(epoch FROM created_at)::float8 AS at, false AS is_running
         FROM streams WHERE status = 'queued' ORDER BY created_at LIMIT %(most)s)
        UNION ALL
        (SELECT 'answer:' || id, extract(epoch FROM created_at)::float8, true
         FROM streams WHERE status = 'running' LIMIT %(most)s)
        """,
        {"most": JOBS_LISTED},
    )
    return QueuedJobs(len(rows), sorted(rows, key=lambda job: job.at))


async def failing_documents(redis: Redis, least: int, limit: int) -> list[FailingDocument]:
    """Those whose snapshot is attempted for the `least`-th time or later, most attempts first."""
    said = await finish(cast(Awaitable[dict[bytes, bytes]], redis.hgetall(keys.ATTEMPTS)))
    found = []
    for name, value in said.items():
        attempts, next_at = value.split()[:2]
        if int(attempts) >= least:
            found.append(FailingDocument(name.decode(), int(attempts), float(next_at)))
    return sorted(found, key=lambda each: -each.attempts)[:limit]


def seconds_since(at: float) -> float:
    """By this machine's clock, never negative."""
    return max(0.0, time.time() - at)
