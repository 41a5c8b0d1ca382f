"""The worker processes, as each of them says every few seconds, and jobs of theirs that failed. For administrators.

Used by workers/alive.py, which says it, and gateway/routes/admin.py, which asks. A worker that died stays listed for
some minutes, as one that gives no sign of life.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from redis.asyncio import Redis

from store import keys
from store.limits import FAILED_JOB_SECONDS, FAILED_JOBS, WORKER_KEPT
from store.redis import Script, finish


class WorkerSign(msgspec.Struct, frozen=True):
    """What a worker says of itself."""

    id: str
    """Of this process: several may have one name."""
    name: str
    queues: tuple[str, ...]
    started_at: float
    """Unix time, seconds."""
    running: int
    done: int
    failed: int
    """Jobs, since it started."""


class FailedJob(msgspec.Struct, frozen=True):
    """A job that ended with an error. What it was for is not lost: it stands elsewhere first (workers/jobs.py)."""

    queue: str
    kind: str
    subject: str
    error: str
    """Its class: texts of errors may hold anything."""
    worker: str
    at: float
    """Unix time, seconds."""


@dataclass(frozen=True, slots=True)
class ListedWorker:
    """A worker, and how long ago it gave its last sign of life."""

    sign: WorkerSign
    seconds_ago: int


class WorkerRegistry:
    """All methods raise StoreUnavailable."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._heartbeat = Script(redis, "heartbeat")

    async def renew(self, sign: WorkerSign) -> None:
        """A sign of life."""
        await self._heartbeat([keys.WORKERS], [sign.id, msgspec.json.encode(sign), WORKER_KEPT])

    async def leave(self, worker_id: str) -> None:
        """It stops on purpose."""
        await finish(cast(Awaitable[int], self._redis.hdel(keys.WORKERS, worker_id)))

    async def listed(self) -> list[ListedWorker]:
        """All that gave a sign of life in the last minutes, by name."""
        now = (await finish(self._redis.time()))[0]
        said = await finish(cast(Awaitable[list[bytes]], self._redis.hvals(keys.WORKERS)))
        found = []
        for at, text in (each.split(b" ", 1) for each in said):
            if now - int(at) <= WORKER_KEPT:
                found.append(ListedWorker(msgspec.json.decode(text, type=WorkerSign), max(0, now - int(at))))
        return sorted(found, key=lambda worker: (worker.sign.name, worker.sign.id))

    async def note_failed(self, job: FailedJob) -> None:
        """Remember a job that failed; only the last ones are."""
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.lpush(keys.FAILED_JOBS, msgspec.json.encode(job))
        pipeline.ltrim(keys.FAILED_JOBS, 0, FAILED_JOBS - 1)
        pipeline.expire(keys.FAILED_JOBS, FAILED_JOB_SECONDS)
        await finish(cast(Any, pipeline.execute()))

    async def failed(self) -> list[FailedJob]:
        """The last ones, the latest first."""
        said = cast(Awaitable[list[bytes]], self._redis.lrange(keys.FAILED_JOBS, 0, FAILED_JOBS - 1))
        return [msgspec.json.decode(text, type=FailedJob) for text in await finish(said)]
