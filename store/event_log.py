"""The logs of topics on Redis: what happened in a project, to a user; later also chats and streams.

    append(topic, records) ──► stream + announcement ──► every gateway that follows the topic (event_announcements.py)
    read(topic, after)     ──► what came since, or None: too old, begin anew

A record is opaque bytes. A log whose only writer can say all of it anew (a stream's) heals when it was lost: `write`
refuses, and then begins again with a record that replaces all before it, with which every reader goes on.
Numbers rise and are never given twice; they are not consecutive (see append_events.lua).
What records tell must also be found elsewhere (PostgreSQL): a log has a bounded length, and leaves Redis after a time
without records.
Appended to by the teller; read by gateway/events.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from redis.asyncio import Redis

from store import keys
from store.lane import Lane
from store.limits import (
    ANNOUNCED_MAX,
    EVENT_NUMBER_SECONDS,
    EVENT_PAGE,
    EVENT_RECORD_BYTES,
    EVENT_RECORD_SECONDS,
    EVENT_RECORDS_KEPT,
)
from store.redis import Arg, Script, finish

PASSING: Final = bytes(20)
"""Before what is passed on: an announcement's head (event_announcements.py) of no records, which no append makes."""


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One record with its number in the topic's log."""

    number: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Tail:
    """What a log has behind a number. `number` is its last; `records` may be only some of what there is up to it.

    `records` is None where something in between is gone: the reader takes the state from elsewhere, and goes on
    behind `number`.
    """

    number: int
    records: tuple[EventRecord, ...] | None


class Written(NamedTuple):
    """Records of one topic, of its only writer."""

    topic: str
    records: Sequence[bytes]
    known: int | None
    """The number of the log's last record; None: these begin the log anew, and the first says all that it ever said."""


class EventLog:
    """All methods raise StoreUnavailable. One per process is enough; it holds nothing."""

    def __init__(self, redis: Redis, appends: Lane | None = None) -> None:
        """`appends` runs the script `append_events`, for who appends many times a second and repeats it in any case."""
        self._redis = redis
        self._append = appends or Script(redis, "append_events")
        self._read = Script(redis, "read_events")

    async def append(self, topic: str, records: Sequence[bytes], keep: int = EVENT_RECORDS_KEPT) -> range:
        """Add records to one topic, in order; their numbers."""
        return (await self.append_all([(topic, records)], keep))[0]

    async def append_all(
        self, batch: Sequence[tuple[str, Sequence[bytes]]], keep: int = EVENT_RECORDS_KEPT
    ) -> list[range]:
        """The same for several topics in one call, each named once; all or nothing."""
        if not batch:
            return []
        return [range(first, last + 1) for first, last in await self._add([(*each, "") for each in batch], keep)]

    async def write(self, batch: Sequence[Written], keep: int) -> list[int | None]:
        """The same for logs that nobody else appends to; the last number of each, or None where the log lost records,
        or has more than its writer knows of: nothing is appended, and the writer shall begin it anew.
        """
        if not batch:
            return []
        known = [(*each[:2], "anew" if each.known is None else each.known) for each in batch]
        return [last or None for _, last in await self._add(known, keep)]

    async def _add(self, batch: Sequence[tuple[str, Sequence[bytes], Arg]], keep: int) -> list[tuple[int, int]]:
        args: list[Arg] = [ANNOUNCED_MAX, EVENT_RECORD_SECONDS, EVENT_NUMBER_SECONDS]
        for topic, records, known in batch:
            if not records or max(map(len, records)) > EVENT_RECORD_BYTES:
                raise ValueError(
                    f"a record has at most {EVENT_RECORD_BYTES} bytes, an append at least one record: {topic}"
                )
            args += (topic, keep, known, len(records), *records)
        added: list[tuple[int, int]] = await self._append([keys.event_number(batch[0][0])], args)
        return added

    async def number(self, topic: str) -> int:
        """The last number of a topic's log, which exists from now on."""
        (last,) = await self._read([keys.event_log(topic), keys.event_number(topic)], [EVENT_NUMBER_SECONDS, "", 0])
        return int(last)

    async def read(self, topic: str, after: int, limit: int = EVENT_PAGE) -> Tail:
        """What comes behind number `after`, at most `limit` records."""
        args: list[Arg] = [EVENT_NUMBER_SECONDS, after, limit]
        last, *entries = await self._read([keys.event_log(topic), keys.event_number(topic)], args)
        number = int(last)
        if not entries:
            return Tail(number, () if number == after else None)
        if _fields(entries[0])[b"p"] not in (b"%d" % after, b""):
            return Tail(number, None)
        return Tail(number, tuple(EventRecord(int(e[0].split(b"-")[0]), _fields(e)[b"r"]) for e in entries))

    async def numbers(self, topics: Sequence[str]) -> list[int | None]:
        """The last number of each, None where there is no log."""
        if not topics:
            return []
        answer = await finish(self._redis.mget([keys.event_number(topic) for topic in topics]))
        return [None if number is None else int(number) for number in answer]

    async def forget(self, topic: str) -> None:
        """All records; whoever has some of them begins anew. Its numbers go on where they were."""
        await finish(self._redis.delete(keys.event_log(topic)))

    async def pass_on(self, topic: str, payload: bytes) -> None:
        """Tell whoever follows the topic now; it stands in no log, and who is behind never hears of it."""
        await finish(self._redis.publish(keys.event_channel(topic), PASSING + payload))

    async def publish(self, channel: str, messages: Sequence[bytes]) -> None:
        """Tell whoever listens now; nobody else will ever know."""
        for message in messages:
            await finish(self._redis.publish(channel, message))


def _fields(entry: list[list[bytes]]) -> dict[bytes, bytes]:
    flat = entry[1]
    return dict(zip(flat[::2], flat[1::2], strict=True))
