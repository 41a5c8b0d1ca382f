"""Who is in which project's documents now: what each gateway tells Redis, and what everybody may ask.

    gateway ──every half second: I live; and what changed──► its own hash: project → who is here    (expires in 1.5 s)
    reader  ──► all hashes that are still there ──► this project's field of each

A gateway that dies takes its hash with it, so nobody has to tidy up; one that Redis forgot tells everything again.
What is told is opaque here (schemas/here.py). A *life* is one process of a gateway, so that a restarted one does not
inherit what the last one said.
"""

from collections.abc import Mapping
from typing import Any, cast

from redis.asyncio import Redis

from store import keys
from store.limits import HERE_TTL_MS
from store.redis import Script, finish


class Here:
    """All methods raise StoreUnavailable."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._tell = Script(redis, "here_tell")
        self._ask = Script(redis, "here_ask")

    async def tell(self, life: str, changed: Mapping[str, bytes]) -> bool:
        """A sign of life, with who is here in the projects where that changed (empty: nobody). False: Redis did not
        know this life, and lacks everything told before."""
        pairs = [part for pair in changed.items() for part in pair]
        return bool(await self._tell([keys.LIVES, keys.life(life)], [life, HERE_TTL_MS, *pairs]))

    async def ask(self, project: str) -> list[bytes]:
        """What each living gateway last told of the project."""
        return cast(list[bytes], await self._ask([keys.LIVES], [keys.life(""), project]))

    async def leave(self, life: str) -> None:
        """This gateway has nobody any more."""
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.delete(keys.life(life))
        pipeline.zrem(keys.LIVES, life)
        await finish(cast(Any, pipeline.execute()))
