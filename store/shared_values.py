"""Small values that all workers change together, in a hash of Redis: by compare and set, so that no change is lost.

Circuit breakers (workers/ai/circuits.py) and what was seen of models (experience.py). Losing them is harmless: it is
learnt again.
"""

from collections.abc import Awaitable
from typing import cast

from redis.asyncio import Redis

from store.redis import Script, finish


class SharedValues:
    """All methods raise StoreUnavailable."""

    def __init__(self, redis: Redis, key: str) -> None:
        """`key`: of the hash (store/keys.py)."""
        self._redis = redis
        self._key = key
        self._swap = Script(redis, "swap_value")

    async def all(self) -> dict[str, bytes]:
        """By name."""
        found = await finish(cast(Awaitable[dict[bytes, bytes]], self._redis.hgetall(self._key)))
        return {name.decode(): value for name, value in found.items()}

    async def swap(self, name: str, was: bytes, becomes: bytes) -> bool:
        """Write one that was this (empty, both ways: not there); False where somebody else was faster."""
        return bool(await self._swap([self._key], [name, was, becomes]))
