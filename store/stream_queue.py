"""How AI workers hear at once of streams to answer and to cancel. What must not be lost stands in PostgreSQL.

    gateway ──push──► list ──BLPOP──► one worker                     gateway ──publish──► every worker: cancel

A list of Redis rather than arq's queue, which is polled: nobody may wait half a second for a first token
(docs/decisions/0015-a-list-wakes-ai-workers.md).
"""

from collections.abc import Sequence
from typing import Any, Final, cast
from uuid import UUID

from redis.asyncio import ConnectionPool, Redis
from redis.exceptions import RedisError

from store import keys
from store.errors import StoreUnavailable
from store.limits import CONNECT_TIMEOUT
from store.redis import finish
from store.wire import Wire

POP_SECONDS: Final = 5
"""Longest wait of one command: after that a connection that silently died is noticed."""
FORGOTTEN_SECONDS: Final = 3_600.0
"""After its last sign of life: nobody asks any more whether it lives."""
ALIVE_SECONDS: Final = 3.0
"""After its last sign of life a worker counts as dead: its streams end as interrupted within five seconds."""


class StreamQueue:
    """The gateway's side, and the signs of life. All methods raise StoreUnavailable."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def push(self, stream_id: UUID) -> None:
        """A worker shall look at this stream."""
        await finish(cast(Any, self._redis.rpush(keys.STREAM_QUEUE, str(stream_id))))

    async def push_missing(self, stream_ids: Sequence[UUID]) -> None:
        """The same, of those that are not in the line: all workers look, and a long line has many that nobody took."""
        line = set(await finish(cast(Any, self._redis.lrange(keys.STREAM_QUEUE, 0, -1)))) if stream_ids else set()
        if missing := [str(each) for each in stream_ids if str(each).encode() not in line]:
            await finish(cast(Any, self._redis.rpush(keys.STREAM_QUEUE, *missing)))

    async def cancel(self, stream_id: UUID) -> None:
        """Whoever answers it shall stop."""
        await finish(self._redis.publish(keys.STREAM_CANCELS, str(stream_id)))

    async def live(self, worker: str) -> bool:
        """A sign of life; whether it is the first that Redis knows of."""
        now = await self._now()
        await finish(self._redis.zremrangebyscore(keys.STREAM_WORKERS, "-inf", now - FORGOTTEN_SECONDS))
        return bool(await finish(self._redis.zadd(keys.STREAM_WORKERS, {worker: now})))

    async def leave(self, worker: str) -> None:
        """It answers nothing any more."""
        await finish(self._redis.zrem(keys.STREAM_WORKERS, worker))

    async def signs(self) -> dict[str, bool]:
        """Workers that ever gave a sign of life, and whether it was lately."""
        since = await self._now() - ALIVE_SECONDS
        found = await finish(self._redis.zrange(keys.STREAM_WORKERS, 0, -1, withscores=True))
        return {name.decode(): at >= since for name, at in found}

    async def _now(self) -> float:
        """By Redis' clock: those of workers may differ, and who is late would seem dead."""
        seconds, micro = await finish(self._redis.time())
        return float(seconds + micro / 1e6)


class Waiting:
    """A worker's place in the queue."""

    def __init__(self, url: str) -> None:
        self._pool = ConnectionPool.from_url(url, socket_connect_timeout=CONNECT_TIMEOUT)
        self._wire: Wire | None = None

    async def next(self) -> UUID | None:
        """The next stream; None when none came for a while. Raises StoreUnavailable."""
        try:
            if self._wire is None:
                self._wire = await Wire.open(self._pool)
            answer = await self._wire.ask("BLPOP", keys.STREAM_QUEUE, POP_SECONDS)
        except (RedisError, OSError) as error:
            await self.close()
            raise StoreUnavailable("Redis", f"{type(error).__name__}: {error}") from None
        return None if answer is None else UUID(answer[1].decode())

    async def close(self) -> None:
        """Leave the line."""
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.close()
