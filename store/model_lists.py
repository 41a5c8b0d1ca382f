"""Which models each provider has, as the AI workers last heard. In Redis, since every gateway shows it.

One field of a hash for each provider. Losing it is harmless: the next refresh says it again.
"""

from collections.abc import Awaitable
from typing import cast

from redis.asyncio import Redis

from store import keys
from store.redis import finish


class ModelLists:
    """All methods raise StoreUnavailable."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def put(self, provider: str, entry: bytes) -> None:
        """What was heard of a provider."""
        await finish(cast(Awaitable[int], self._redis.hset(keys.MODEL_LISTS, provider, entry)))  # type: ignore[arg-type]

    async def drop(self, providers: list[str]) -> None:
        """These are not asked any more."""
        if providers:
            await finish(cast(Awaitable[int], self._redis.hdel(keys.MODEL_LISTS, *providers)))

    async def all(self) -> dict[str, bytes]:
        """By provider."""
        found = await finish(cast(Awaitable[dict[bytes, bytes]], self._redis.hgetall(keys.MODEL_LISTS)))
        return {name.decode(): entry for name, entry in found.items()}

    async def turn(self, provider: str, seconds: int) -> bool:
        """Whether nobody else refreshes this provider's list for so long."""
        return bool(await finish(self._redis.set(keys.model_turn(provider), 1, nx=True, ex=seconds)))
