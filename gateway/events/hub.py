"""What a gateway follows for its clients, and how it reaches them: each record once, in order, without a gap.

    announcement ──► hear_events ──► one frame ──► every live subscription that stands right before it
                                       others: behind ──► catch up from the log ──► live again

A client that reads slowly has no queue here: it falls behind, and reads on in the log when its socket has drained.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, Protocol

import structlog

from gateway.events.frames import Framing
from gateway.events.limits import CATCH_UP_AT_ONCE, LOOK_BEHIND_SECONDS, NUMBERS_PAGE, UNFOLLOW_SECONDS
from gateway.events.subscription import Subscription
from schemas.unavailable import Unavailable
from store.event_log import EventRecord, Tail
from store.limits import EVENT_PAGE

logger = structlog.get_logger("gateway.events")
Reading = tuple[Tail, int]
"""What was read, and how many announcements there had been when the reading began."""
RETRY_SECONDS = 1.0
"""Pause after Redis did not answer."""


class Log(Protocol):
    """What it needs of store/event_log.py."""

    async def number(self, topic: str) -> int: ...
    async def numbers(self, topics: Sequence[str]) -> list[int | None]: ...
    async def read(self, topic: str, after: int) -> Tail: ...


class Following(Protocol):
    """What it needs of store/event_announcements.py."""

    async def follow(self, topic: str) -> None: ...
    async def unfollow(self, topic: str) -> None: ...


class Topic:
    """A topic that somebody here follows."""

    __slots__ = ("announcements", "heard", "subscriptions")

    def __init__(self) -> None:
        self.heard = 0
        """The last number that was announced."""
        self.announcements = 0
        """How many there were; also counts when some may have been missed."""
        self.subscriptions: set[Subscription] = set()


class Hub:
    """One per gateway; `run` is its task."""

    def __init__(self, log: Log, following: Following) -> None:
        self._log = log
        self._following = following
        self._topics: dict[str, Topic] = {}
        self._reads: dict[tuple[str, int], asyncio.Task[Reading]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(CATCH_UP_AT_ONCE)
        self.delivered = 0
        """Records written to clients."""
        self.resets = 0
        """Times that a client was told to read anew."""

    @property
    def topics(self) -> int:
        """How many are followed."""
        return len(self._topics)

    @property
    def subscriptions(self) -> int:
        """How many there are."""
        return sum(len(topic.subscriptions) for topic in self._topics.values())

    async def attach(self, subscription: Subscription, after: int | None) -> tuple[int, bool]:
        """Follow from here on, or behind `after`: (the log's last number, whether `after` is too old).

        `release` lets it flow: first the caller answers its client. Raises StoreUnavailable.
        """
        topic = self._topics.setdefault(subscription.topic, Topic())
        topic.subscriptions.add(subscription)
        try:
            await self._following.follow(subscription.topic)
            if after is None:
                subscription.seen = topic.announcements
                subscription.number = await self._log.number(subscription.topic)
                return subscription.number, False
            tail, subscription.seen = await self._read(subscription.topic, after)
        except BaseException:
            topic.subscriptions.discard(subscription)
            raise
        subscription.number = after if tail.records is not None else tail.number
        return tail.number, tail.records is None

    def release(self, subscription: Subscription, end: int) -> None:
        """Deliver from now on; `end` is the number that `attach` gave, a moment ago."""
        topic = self._topics.get(subscription.topic)
        if topic is None or subscription not in topic.subscriptions:
            return
        subscription.catching_up = False
        if subscription.number == end and topic.announcements == subscription.seen:
            # What comes after it is still to be announced: following began before the log was read.
            subscription.live = True
        else:
            self.catch_up(subscription)

    def detach(self, subscription: Subscription) -> None:
        """No more; the topic itself is left a little later."""
        if (topic := self._topics.get(subscription.topic)) is not None:
            topic.subscriptions.discard(subscription)
        subscription.live = False

    def catch_up(self, subscription: Subscription) -> None:
        """Read on in the log; also when a socket has drained."""
        subscription.live = False
        if not subscription.catching_up:
            subscription.catching_up = True
            self._start(self._catch_up(subscription))

    # Listener

    def hear_events(self, name: str, before: int, last: int, records: tuple[EventRecord, ...] | None) -> None:
        """Records were appended."""
        topic = self._topics.get(name)
        if topic is None:
            return
        topic.heard = last
        topic.announcements += 1
        framed: dict[tuple[Framing, bool], tuple[bytes, int]] = {}  # once for all of a kind who see the same
        for subscription in list(topic.subscriptions):
            if not subscription.live or subscription.number >= last:
                continue
            if subscription.outlet.full:
                subscription.live = False  # its session calls when it takes more
            elif subscription.number != before or records is None:
                self.catch_up(subscription)
            else:
                kind = (subscription.framing, subscription.access.is_member)
                if kind not in framed:
                    framed[kind] = subscription.framing.records(name, records, is_member=kind[1])
                self._write(subscription, *framed[kind])
                subscription.number = last

    def hear_passing(self, name: str, payload: bytes) -> None:
        """Something is told that stands in no log: whoever is behind does without it."""
        topic = self._topics.get(name)
        for subscription in () if topic is None else list(topic.subscriptions):
            if subscription.live and not subscription.outlet.full:
                frames = subscription.framing.passing(name, payload)
                if frames:
                    subscription.outlet.write(frames)

    def missed_events(self) -> None:
        """Announcements may have been missed."""
        for topic in self._topics.values():
            topic.announcements += 1
            topic.heard = 0
        self._start(self._look_behind())

    # Tasks

    async def run(self) -> None:
        """Look after the topics for ever; cancel to stop."""
        looked = 0.0
        while True:
            await asyncio.sleep(UNFOLLOW_SECONDS)
            for name in [name for name, topic in self._topics.items() if not topic.subscriptions]:
                # Nobody may come between these two, or the one who comes would be forgotten.
                del self._topics[name]
                await self._following.unfollow(name)
            looked += UNFOLLOW_SECONDS
            if looked >= LOOK_BEHIND_SECONDS:
                looked = 0.0
                await self._look_behind()

    async def _look_behind(self) -> None:
        names = list(self._topics)
        for at in range(0, len(names), NUMBERS_PAGE):
            page = names[at : at + NUMBERS_PAGE]
            try:
                numbers = await self._log.numbers(page)
            except Unavailable as error:
                logger.warning("cannot look for missed events", reason=str(error))
                return
            for name, number in zip(page, numbers, strict=True):
                topic = self._topics.get(name)
                if topic is not None:
                    # Behind; or the log was lost, and nobody knows what it held.
                    self._catch_up_all(each for each in topic.subscriptions if each.live and each.number != number)

    def _catch_up_all(self, subscriptions: Iterable[Subscription]) -> None:
        for subscription in list(subscriptions):
            self.catch_up(subscription)

    async def _catch_up(self, subscription: Subscription) -> None:
        try:
            while self._wants(subscription):
                try:
                    async with self._turns:
                        tail, subscription.seen = await self._read(subscription.topic, subscription.number)
                except Unavailable as error:
                    logger.warning("catching up waits", topic=subscription.topic, reason=str(error))
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                if self._wants(subscription) and self._advance(subscription, tail):
                    return
        finally:
            subscription.catching_up = False

    def _advance(self, subscription: Subscription, tail: Tail) -> bool:
        """Write a page; whether the subscription is live now."""
        topic = self._topics[subscription.topic]
        if tail.records is None:
            self.resets += 1
            subscription.outlet.write(subscription.framing.reset(subscription.topic, tail.number))
            subscription.number = tail.number
        elif tail.records:
            is_member = subscription.access.is_member
            frames = subscription.framing.records(subscription.topic, tail.records, is_member=is_member)
            self._write(subscription, *frames)
            subscription.number = tail.records[-1].number
            if len(tail.records) == EVENT_PAGE:
                return False
        # All of the log was read. Was anything added since? What was announced meanwhile says so, or was read as well.
        was_read = 0 < topic.heard <= subscription.number
        subscription.live = was_read or topic.announcements == subscription.seen
        return subscription.live

    def _write(self, subscription: Subscription, frames: bytes, count: int) -> None:
        if frames:  # what is for members alone only moves the others' place on
            subscription.outlet.write(frames)
            self.delivered += count

    def _wants(self, subscription: Subscription) -> bool:
        topic = self._topics.get(subscription.topic)
        return topic is not None and subscription in topic.subscriptions and not subscription.outlet.full

    async def _read(self, name: str, after: int) -> Reading:
        # Shared: after an interruption, all who follow a topic ask for the same.
        key = (name, after)
        task = self._reads.get(key)
        if task is None or task.done():
            task = self._reads[key] = asyncio.create_task(self._ask(name, after))
            task.add_done_callback(lambda done: self._done(key, done))
        return await asyncio.shield(task)

    async def _ask(self, name: str, after: int) -> Reading:
        topic = self._topics.get(name)
        seen = 0 if topic is None else topic.announcements
        return await self._log.read(name, after), seen

    def _done(self, key: tuple[str, int], task: "asyncio.Task[Reading]") -> None:
        if self._reads.get(key) is task:
            del self._reads[key]
        if not task.cancelled():
            task.exception()  # seen: whoever asked may be gone

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
