"""The hub (gateway/events/hub.py) against a log in memory: seeded interleavings of everything that can go wrong."""

import asyncio
import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from gateway.access import NOBODY, NOWHERE, Access
from gateway.events.hub import Hub
from gateway.events.subscription import Subscription
from schemas.roles import Role
from store.errors import StoreUnavailable
from store.event_log import EventRecord, Tail
from store.limits import EVENT_PAGE

KEPT = 2 * EVENT_PAGE


@dataclass
class World:
    """A log with its announcements, and the time that everything takes."""

    chance: random.Random
    records: list[tuple[int, int, bytes]] = field(default_factory=list)  # before, number, payload
    last: int = 1_000
    away: bool = False
    announced: deque[Any] = field(default_factory=deque)

    def append(self, count: int) -> None:
        before, first = self.last, self.last + self.chance.randint(1, 50)
        for n in range(count):
            number = first + n
            self.records.append((self.last, number, b'{"event":"n","n":%d}' % number))
            self.last = number
        fresh = tuple(EventRecord(number, payload) for _, number, payload in self.records[-count:])
        del self.records[:-KEPT]
        self.announced.append((before, self.last, fresh if self.chance.random() < 0.9 else None))

    def lose(self) -> None:
        """Redis comes back empty."""
        self.records.clear()
        self.last += 10_000

    # Log

    async def pause(self) -> None:
        for _ in range(self.chance.randint(0, 4)):
            await asyncio.sleep(0)
        if self.away:
            raise StoreUnavailable("Redis", "away")

    async def number(self, topic: str) -> int:
        await self.pause()
        last = self.last
        await asyncio.sleep(0)
        return last

    async def numbers(self, topics: Any) -> list[int | None]:
        await self.pause()
        return [self.last for _ in topics]

    async def read(self, topic: str, after: int) -> Tail:
        await self.pause()
        found = [each for each in self.records if each[1] > after][:EVENT_PAGE]
        tail = Tail(self.last, tuple(EventRecord(number, payload) for _, number, payload in found))
        if (found[0][0] != after) if found else (self.last != after):
            tail = Tail(self.last, None)
        for _ in range(self.chance.randint(0, 4)):
            await asyncio.sleep(0)
        return tail

    # Following

    async def follow(self, topic: str) -> None:
        await self.pause()

    async def unfollow(self, topic: str) -> None:
        await self.pause()


class Reader:
    """A client: checks everything that reaches it."""

    def __init__(self) -> None:
        self.full = False
        self.number = 0
        self.seen: list[int] = []
        self.resets = 0

    def write(self, frames: bytes) -> None:
        assert not self.full
        while frames:
            size, at = frames[1], 2
            if size == 126:
                size, at = int.from_bytes(frames[2:4], "big"), 4
            message = msgspec.json.decode(frames[at : at + size])
            frames = frames[at + size :]
            if message["event"] == "reset":
                self.resets += 1
                self.number = message["data"]["number"]
            else:
                assert message["number"] == message["n"] > self.number, "a record came twice or out of order"
                self.number = message["number"]
                self.seen.append(message["number"])

    def lost(self, subscription: Subscription, denied: Any) -> None:
        raise AssertionError


@pytest.mark.parametrize("seed", range(300))
async def test_every_record_once_in_order(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is missed, delayed, lost or slow: each client has each record once, in order, or was told to reset."""
    monkeypatch.setattr("gateway.events.hub.RETRY_SECONDS", 0)
    chance = random.Random(seed)
    world = World(chance)
    hub = Hub(world, world)
    access = Access(NOBODY, NOBODY, NOWHERE, Role.VIEWER, "", 0.0)
    places: list[tuple[Subscription, Reader, int]] = []
    every: list[int] = []
    coming: list[asyncio.Task[None]] = []

    async def subscribe() -> None:
        reader = Reader()
        subscription = Subscription("t", reader, access)
        after = chance.choice([None, world.last, *(number for _, number, _ in world.records[-5:])])
        try:
            end, is_reset = await hub.attach(subscription, after)
        except StoreUnavailable:
            return
        reader.number = end if after is None or is_reset else after
        places.append((subscription, reader, reader.number))
        hub.release(subscription, end)

    async def settle() -> None:
        """When nothing more happens, everybody gets everything; where nothing was missed, by itself."""
        world.away = False
        await asyncio.gather(*coming)
        for subscription, reader, _ in places:
            drain(hub, subscription, reader)
        while world.announced:
            hub.hear_events("t", *world.announced.popleft())
            await asyncio.sleep(0)
        if not calm:
            hub.missed_events()
        for _ in range(5_000):
            if all(reader.number == world.last and subscription.live for subscription, reader, _ in places):
                return
            await asyncio.sleep(0)
        raise AssertionError("somebody waits for ever")

    calm, lossy = seed % 2 == 0, seed % 3 == 0 and seed % 2 == 1
    for step in range(160):
        if step % 8 == 7:
            await settle()
        match chance.randint(0, 11):
            case 0 | 1 | 2:
                count = chance.choice([1, 1, 2, 30])
                world.append(count)
                every += [number for _, number, _ in world.records[-count:]]
            case 3 | 4 | 5 if world.announced:
                hub.hear_events("t", *world.announced.popleft())
            case 6:
                coming.append(asyncio.create_task(subscribe()))
            case 7 if places:
                chance.choice(places)[1].full = True
            case 8 if places:
                drain(hub, *chance.choice(places)[:2])
            case 9 if world.announced and not calm:
                # The connection broke: what was on its way is gone.
                world.announced.clear()
                hub.missed_events()
            case 10:
                world.away = chance.random() < 0.3
            case 11 if lossy and chance.random() < 0.2:
                world.lose()
        for _ in range(chance.randint(0, 3)):
            await asyncio.sleep(0)
    await settle()
    for _, reader, begun in places:
        if not reader.resets:
            assert reader.seen == [number for number in every if number > begun]


def drain(hub: Hub, subscription: Subscription, reader: Reader) -> None:
    """As a session does when its socket takes more again."""
    reader.full = False
    if not subscription.live and not subscription.catching_up:
        hub.catch_up(subscription)


async def test_topics_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A topic that nobody follows any more is left, and can be followed again."""
    monkeypatch.setattr("gateway.events.hub.UNFOLLOW_SECONDS", 0.001)
    world = World(random.Random(1))
    hub = Hub(world, world)
    task = asyncio.create_task(hub.run())
    access = Access(NOBODY, NOBODY, NOWHERE, Role.VIEWER, "", 0.0)
    for _ in range(2):
        subscription = Subscription("t", Reader(), access)
        end, _ = await hub.attach(subscription, None)
        hub.release(subscription, end)
        assert (hub.topics, hub.subscriptions) == (1, 1)
        hub.detach(subscription)
        async with asyncio.timeout(10.0):
            while hub.topics:  # noqa: ASYNC110  it is looked at by a clock
                await asyncio.sleep(0.001)
    task.cancel()
