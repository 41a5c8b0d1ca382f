"""Follows the logs of topics: one subscribed connection for all that a gateway's clients follow.

    announcement   number before(u64) first(u64) count(u32) [size(u32) record]…     without records where they are large
    passing on     0(u64) 0(u64) 0(u32) payload                                      stands in no log

After an interruption the listener is told, and reads the logs.
Apart from the documents' announcements (announcements.py): those come by the thousand in a second.
"""

import asyncio
import struct
from typing import Any, Final, Protocol

from store import keys
from store.event_log import PASSING, EventRecord
from store.subscriber import Subscriber

HEADER: Final = struct.Struct(">QQI")
SIZE: Final = struct.Struct(">I")
ANCHOR: Final = "atrium:event-log"
"""A channel that nobody uses keeps the connection subscribed, also while no topic is followed."""


class Listener(Protocol):
    """Who is told. Nothing here may raise."""

    def hear_events(self, topic: str, before: int, last: int, records: tuple[EventRecord, ...] | None) -> None: ...
    def hear_passing(self, topic: str, payload: bytes) -> None: ...
    def missed_events(self) -> None: ...


class EventAnnouncements:
    """One per gateway; `run` is its task."""

    def __init__(self, url: str) -> None:
        self._subscriber = Subscriber(url, ANCHOR)
        self._followed: dict[str, asyncio.Future[None]] = {}
        """Done when Redis has confirmed for the first time."""

    async def follow(self, topic: str) -> None:
        """Returns when Redis has confirmed; from then on nothing is missed unnoticed. Raises StoreUnavailable."""
        is_new = topic not in self._followed
        confirmed = self._followed.setdefault(topic, asyncio.get_running_loop().create_future())
        await self._subscriber.follow(keys.event_channel(topic), confirmed, is_new=is_new)

    async def unfollow(self, topic: str) -> None:
        """No more of this topic; best effort. What is followed again afterwards is asked for afterwards."""
        self._followed.pop(topic, None)
        self._subscriber.unfollow(keys.event_channel(topic))

    async def run(self, listener: Listener) -> None:
        """Listen for ever; cancel to stop."""

        def hear(kind: bytes, channel: bytes, data: Any) -> None:
            if kind == b"message":
                self._hear(channel, data, listener)
            elif kind == b"subscribe":
                self._confirm(channel)

        def began(again: bool) -> None:
            if again:
                listener.missed_events()

        await self._subscriber.run(lambda: map(keys.event_channel, self._followed), hear, began)

    def _confirm(self, channel: bytes) -> None:
        confirmed = self._followed.get(channel[len(keys.EVENT_CHANNEL) :].decode())
        if confirmed is not None and not confirmed.done():
            confirmed.set_result(None)

    def _hear(self, channel: bytes, data: bytes, listener: Listener) -> None:
        topic = channel[len(keys.EVENT_CHANNEL) :].decode()
        if data.startswith(PASSING):
            listener.hear_passing(topic, data[len(PASSING) :])
            return
        before, last, records = decode_announcement(data)
        listener.hear_events(topic, before, last, records)


def decode_announcement(data: bytes) -> tuple[int, int, tuple[EventRecord, ...] | None]:
    """(number before, last number, records or None where they are to be read)."""
    before, first, count = HEADER.unpack_from(data)
    at, records = HEADER.size, []
    if at == len(data):
        return before, first + count - 1, None
    for number in range(first, first + count):
        (size,) = SIZE.unpack_from(data, at)
        at += SIZE.size + size
        records.append(EventRecord(number, data[at - size : at]))
    return before, first + count - 1, tuple(records)
