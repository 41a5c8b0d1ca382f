"""The registry of live gateways in Redis: each says who it is every few seconds, and hears who the others are."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import cast

import msgspec
from redis.asyncio import Redis

from store import keys
from store.limits import GATEWAY_TTL
from store.redis import Script, finish


class Gateway(msgspec.Struct, frozen=True):
    """A live gateway."""

    id: str
    url: str
    """Its WebSocket base, as clients reach it."""
    connections: int
    """Its load."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A live gateway, and how long ago it gave its last sign of life."""

    gateway: Gateway
    seconds_ago: int


class Registry:
    """All methods raise StoreUnavailable."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._heartbeat = Script(redis, "heartbeat")

    async def renew(self, gateway: Gateway) -> tuple[bool, list[Gateway]]:
        """A sign of life: (whether Redis still knew this gateway, all that are live)."""
        description = msgspec.json.encode(gateway)
        knew, *all_live = await self._heartbeat([keys.GATEWAYS], [gateway.id, description, GATEWAY_TTL])
        return bool(knew), [msgspec.json.decode(text, type=Gateway) for text in all_live]

    async def live(self) -> list[Gateway]:
        """Those that gave a sign of life lately."""
        return [seen.gateway for seen in await self.seen()]

    async def seen(self) -> list[Seen]:
        """The same, and when."""
        now = (await finish(self._redis.time()))[0]
        listed = await finish(cast(Awaitable[list[bytes]], self._redis.hvals(keys.GATEWAYS)))
        said = [text.split(b" ", 1) for text in listed]
        return [
            Seen(msgspec.json.decode(text, type=Gateway), max(0, now - int(at)))
            for at, text in said
            if now - int(at) <= GATEWAY_TTL
        ]

    async def leave(self, gateway_id: str) -> None:
        """This gateway takes no more rooms."""
        await finish(cast(Awaitable[int], self._redis.hdel(keys.GATEWAYS, gateway_id)))
