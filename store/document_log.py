"""The documents' logs on Redis: append, read, begin. Used by gateways and workers; the scripts stand in store/lua.

A commit is one stream entry: the records that one process produced together. Its id is the number of its last record.
"""

import time
from collections.abc import Awaitable, Sequence
from typing import NamedTuple, cast

from redis.asyncio import Redis

from schemas.documents import DocumentName
from schemas.records import Commit, Record, decode_records, encode_records, number_after_loss
from store import keys
from store.lane import Lane
from store.limits import ANNOUNCED_MAX, ATTEMPT_PAUSE, ATTEMPT_PAUSE_MAX, READ_PAGE
from store.redis import Arg, Script, finish

Append = tuple[DocumentName, int, Sequence[Record]]
"""Records of one document to commit together: (name, highest number that the caller knows of its log, records)."""


class Ends(NamedTuple):
    """Where a log ends."""

    number: int
    """The last number given, -1 where there is no log."""
    record: int
    """The number of the last record in it, 0 where it has none: it was trimmed, or begun anew."""


class DocumentLog:
    """All methods raise StoreUnavailable."""

    def __init__(self, redis: Redis, commits: Lane, origin: bytes, *, follows: bool) -> None:
        """`origin`: 8 bytes that name this process in announcements; `follows`: it hears those of what it appends to.

        `commits` runs the script `append`.
        """
        self._redis = redis
        self._append = commits
        self._origin = origin
        self._follows = int(follows)
        self._begin = Script(redis, "begin")
        self._presence = Script(redis, "presence")
        self._attempt = Script(redis, "attempt")
        self._snapshotted = Script(redis, "snapshotted")
        self._ends = Script(redis, "ends")
        self._park = Script(redis, "park")

    async def append(self, batch: Sequence[Append]) -> list[int | None]:
        """Commit in order; the last number of each, or None where the log has lost records."""
        args: list[Arg] = [self._origin, int(time.time()), ANNOUNCED_MAX, self._follows]
        for name, known, records in batch:
            args += (name, known, len(records), encode_records(records))
        numbers: list[int | None] = await self._append((keys.DIRTY, keys.LOGS), args)
        return numbers

    async def read(self, name: DocumentName, after: int) -> list[Commit]:
        """The commits behind number `after`; the first may start later when the log was trimmed or restored."""
        commits: list[Commit] = []
        while True:
            start = f"({commits[-1].last if commits else after}-0"
            page = await finish(self._redis.xrange(keys.log(name), start, "+", count=READ_PAGE))
            for entry, fields in page:
                commits.append(Commit(int(entry.split(b"-")[0]), decode_records(fields[b"r"])))
            if len(page) < READ_PAGE:
                return commits

    async def restore(self, name: DocumentName, known: int, record: Record) -> int:
        """Begin a lost log beyond every number ever given, with a full state; the last number."""
        await self.begin(name, number_after_loss(known, time.time()), if_below=known)
        (last,) = await self.append([(name, -1, (record,))])
        return last if last is not None else await self.restore(name, known, record)

    async def begin(self, name: DocumentName, least: int, *, if_below: int | None = None) -> int:
        """Make sure that the log exists and does not end before `if_below` (default: `least`); its last number."""
        key = [keys.log(name), keys.number(name), keys.LOGS]
        floor = least if if_below is None else if_below
        return int(await self._begin(key, [name, int(time.time()), floor, least]))

    async def number(self, name: DocumentName) -> int | None:
        """The last number given, None where there is no log."""
        return (await self.numbers([name]))[0]

    async def numbers(self, names: Sequence[DocumentName]) -> list[int | None]:
        """The same for many."""
        if not names:
            return []
        answer = await finish(self._redis.mget([keys.number(name) for name in names]))
        return [None if number is None else int(number.rstrip(b"c")) for number in answer]

    async def announce_presence(self, batch: Sequence[tuple[DocumentName, bytes]]) -> None:
        """Tell the other processes that follow these documents about presence."""
        args: list[Arg] = [self._origin]
        for name, update in batch:
            args += (keys.channel(name), update)
        await self._presence([], args)

    # For workers

    async def attempt(self, name: DocumentName) -> int:
        """Begin to snapshot: which attempt it is since one ended well, 0 where it is too early for another one."""
        args: list[Arg] = [name, int(time.time()), ATTEMPT_PAUSE, ATTEMPT_PAUSE_MAX]
        return int(await self._attempt([keys.ATTEMPTS, keys.DIRTY], args))

    async def forget_attempts(self, name: DocumentName) -> None:
        """They failed for a reason that is not the document's own."""
        await finish(cast(Awaitable[int], self._redis.hdel(keys.ATTEMPTS, name)))

    async def failing(self) -> int:
        """Documents that are being snapshotted for the third time, or more, without an end."""
        values = await finish(cast(Awaitable[list[bytes]], self._redis.hvals(keys.ATTEMPTS)))
        return sum(int(value.split()[0]) > 2 for value in values)

    async def snapshotted(self, name: DocumentName, number: int, keep_from: int) -> bool:
        """A snapshot up to `number` is safe: trim the log before `keep_from`; whether the document is clean now."""
        key = [keys.log(name), keys.number(name), keys.DIRTY, keys.ATTEMPTS]
        return bool(await self._snapshotted(key, [name, int(time.time()), number, keep_from]))

    async def dirty(self, seconds: float, limit: int) -> list[DocumentName]:
        """Documents that have had records without a snapshot for so long, the longest first."""
        return await self._older(keys.DIRTY, seconds, limit)

    async def snapshot_lag(self) -> tuple[int, float]:
        """How many documents have records without a snapshot, and for how many seconds the one that waits longest."""
        count = await finish(self._redis.zcard(keys.DIRTY))
        first = await finish(self._redis.zrange(keys.DIRTY, 0, 0, withscores=True))
        return count, max(0.0, time.time() - first[0][1]) if first else 0.0

    async def idle(self, seconds: float, limit: int) -> list[DocumentName]:
        """Documents whose log nobody touched for so long."""
        return await self._older(keys.LOGS, seconds, limit)

    async def ends(self, name: DocumentName, idle_for: float) -> Ends | None:
        """Where a log ends that nobody follows or touched for so long; None of one that is used."""
        key = [keys.log(name), keys.number(name), keys.LOGS]
        now = time.time()
        found = await self._ends(key, [name, keys.channel(name), int(now - idle_for), int(now)])
        return None if found is None else Ends(*found)

    async def park(self, name: DocumentName, number: int, idle_for: float) -> bool:
        """Remove the log from Redis if it ends at `number`, was not touched for so long, and nobody follows it."""
        key = [keys.log(name), keys.number(name), keys.DIRTY, keys.LOGS]
        now = time.time()
        return bool(await self._park(key, [name, keys.channel(name), number, int(now - idle_for), int(now)]))

    async def forget(self, name: DocumentName) -> None:
        """Remove all of a document that does not exist any more."""
        await finish(self._redis.delete(keys.log(name), keys.number(name)))
        await finish(self._redis.zrem(keys.DIRTY, name))
        await finish(self._redis.zrem(keys.LOGS, name))
        await self.forget_attempts(name)

    async def _older(self, key: str, seconds: float, limit: int) -> list[DocumentName]:
        found = await finish(self._redis.zrangebyscore(key, 0, int(time.time() - seconds), start=0, num=limit))
        return [DocumentName(name.decode()) for name in found]
