"""How a gateway has a user's key tested, which it cannot open: it asks by Redis, and an AI worker answers.

    gateway ──push {test, key, asked}──► list ──BLPOP──► worker ──verdict──► a list of that test ──BLPOP──► gateway

Nothing that is lost here matters: the gateway says after a while that nobody answered.
"""

import time
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

import msgspec
from redis.asyncio import ConnectionPool, Redis
from redis.exceptions import RedisError

from schemas.ids import new_id
from store import keys
from store.errors import StoreUnavailable
from store.limits import CONNECT_TIMEOUT
from store.redis import finish
from store.wire import Wire

ANSWER_SECONDS: Final = 12
"""Longest wait for a verdict: a worker's own timer, and some for the queue."""
WAIT_SECONDS: Final = 5
KEPT_SECONDS: Final = 30
"""A verdict that nobody fetches, and the waiting list once nobody takes from it."""
LIST_MAX: Final = 1_000
"""Tests that wait; the oldest are forgotten."""


@dataclass(frozen=True, slots=True)
class AskedTest:
    """One test; `asked` is Unix time by the gateway's clock."""

    test: UUID
    key: UUID
    asked: float

    @property
    def is_old(self) -> bool:
        """Nobody waits for it any more."""
        return time.time() - self.asked > ANSWER_SECONDS


async def ask_to_test(redis_url: str, key_id: UUID) -> str | None:
    """A worker's verdict; None where none came in time. Raises StoreUnavailable."""
    asked = AskedTest(new_id(), key_id, time.time())
    queue = _Line(redis_url)
    try:
        await queue.ask("RPUSH", keys.KEY_TESTS, msgspec.json.encode(asked))
        await queue.ask("LTRIM", keys.KEY_TESTS, -LIST_MAX, -1)
        await queue.ask("EXPIRE", keys.KEY_TESTS, KEPT_SECONDS)
        answer = await queue.ask("BLPOP", keys.key_verdict(asked.test), ANSWER_SECONDS)
    finally:
        await queue.close()
    return None if answer is None else answer[1].decode()


async def answer_test(redis: Redis, test: UUID, verdict: str) -> None:
    """Tell the gateway. Raises StoreUnavailable."""
    name = keys.key_verdict(test)
    await finish(cast(Any, redis.rpush(name, verdict)))
    await finish(redis.expire(name, KEPT_SECONDS))


class KeyTests:
    """A worker's place in the line."""

    def __init__(self, redis_url: str) -> None:
        self._line = _Line(redis_url)

    async def next(self) -> AskedTest | None:
        """The next test; None when none came for a while. Raises StoreUnavailable."""
        answer = await self._line.ask("BLPOP", keys.KEY_TESTS, WAIT_SECONDS)
        return None if answer is None else msgspec.json.decode(answer[1], type=AskedTest)

    async def close(self) -> None:
        """Leave the line."""
        await self._line.close()


class _Line:
    """One connection that may wait, opened when it is needed."""

    def __init__(self, url: str) -> None:
        self._pool = ConnectionPool.from_url(url, socket_connect_timeout=CONNECT_TIMEOUT)
        self._wire: Wire | None = None

    async def ask(self, *command: str | bytes | int) -> Any:
        try:
            if self._wire is None:
                self._wire = await Wire.open(self._pool)
            return await self._wire.ask(*command)
        except (RedisError, OSError) as error:
            await self.close()
            raise StoreUnavailable("Redis", f"{type(error).__name__}: {error}") from None

    async def close(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.close()
