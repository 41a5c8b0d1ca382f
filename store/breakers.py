"""Circuit breakers of AI providers and models, shared by workers in Redis. What they hold is ai_router/breaker.py's.

Losing them is harmless: whoever fails, fails again.
"""

from collections.abc import Awaitable
from typing import cast

from redis.asyncio import Redis

from store import keys
from store.redis import Script, finish


class Breakers:
    """All methods raise StoreUnavailable."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._swap = Script(redis, "swap_breaker")

    async def all(self) -> dict[str, bytes]:
        """By name."""
        found = await finish(cast(Awaitable[dict[bytes, bytes]], self._redis.hgetall(keys.BREAKERS)))
        return {name.decode(): state for name, state in found.items()}

    async def swap(self, name: str, was: bytes, becomes: bytes) -> bool:
        """Write one that was this (empty: not there); False where somebody else was faster."""
        return bool(await self._swap([keys.BREAKERS], [name, was, becomes]))
