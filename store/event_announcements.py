"""Follows the logs of topics: one subscribed connection for all that a gateway's clients follow.

    announcement   number before(u64) first(u64) count(u32) [size(u32) record]…     without records where they are large

Redis keeps nothing for a subscriber that is away, so after an interruption the listener is told, and reads the logs.
Apart from the documents' announcements (announcements.py): those come by the thousand in a second.
"""

import asyncio
import struct
from typing import Final, Protocol

import structlog
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from store import keys
from store.errors import StoreUnavailable
from store.event_log import EventRecord
from store.limits import COMMAND_TIMEOUT, CONNECT_TIMEOUT

logger = structlog.get_logger("store")
HEADER: Final = struct.Struct(">QQI")
SIZE: Final = struct.Struct(">I")
PING: Final = "atrium:event-log"
"""A channel that nobody uses keeps the connection subscribed, also while no topic is followed."""
RECONNECT_MAX: Final = 2.0
"""Longest pause in seconds between attempts to connect."""


class Listener(Protocol):
    """Who is told. Nothing here may raise."""

    def hear_events(self, topic: str, before: int, last: int, records: tuple[EventRecord, ...] | None) -> None: ...
    def missed_events(self) -> None: ...


class EventAnnouncements:
    """One per gateway; `run` is its task."""

    def __init__(self, url: str) -> None:
        self._pool = ConnectionPool.from_url(url, socket_connect_timeout=CONNECT_TIMEOUT)
        self._followed: dict[str, asyncio.Future[None]] = {}
        """Done when Redis has confirmed for the first time."""
        self._connection: AbstractConnection | None = None

    async def follow(self, topic: str) -> None:
        """Returns when Redis has confirmed; from then on nothing is missed unnoticed. Raises StoreUnavailable."""
        confirmed = self._followed.get(topic)
        try:
            if confirmed is None:
                confirmed = self._followed[topic] = asyncio.get_running_loop().create_future()
                await self._say("SUBSCRIBE", keys.event_channel(topic))
            await asyncio.wait_for(asyncio.shield(confirmed), COMMAND_TIMEOUT)
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailable("Redis", f"cannot subscribe: {type(error).__name__}") from None

    async def unfollow(self, topic: str) -> None:
        """No more of this topic; best effort. What is followed again afterwards is asked for afterwards."""
        self._followed.pop(topic, None)
        try:
            await self._say("UNSUBSCRIBE", keys.event_channel(topic))
        except (RedisError, OSError) as error:
            logger.info("could not unsubscribe", topic=topic, reason=str(error))

    async def run(self, listener: Listener) -> None:
        """Listen for ever; cancel to stop."""
        pause = 0.05
        interrupted = False
        while True:
            connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
            try:
                await connection.connect()
                begun = set(self._followed)
                await connection.send_command("SUBSCRIBE", *map(keys.event_channel, begun), PING, check_health=False)
                self._connection = connection
                if late := self._followed.keys() - begun:
                    await self._say("SUBSCRIBE", *map(keys.event_channel, late))
                while True:
                    kind, channel, data = await connection.read_response(timeout=None)
                    if kind == b"message":
                        self._hear(channel, data, listener)
                    elif kind == b"subscribe" and channel == PING.encode():
                        pause = 0.05  # the last of them: from here on nothing is missed
                        if interrupted:
                            listener.missed_events()
                    elif kind == b"subscribe":
                        self._confirm(channel)
            except (RedisError, OSError) as error:
                logger.warning("events interrupted", reason=f"{type(error).__name__}: {error}")
            finally:
                self._connection = None
                await connection.disconnect(nowait=True)
            interrupted = True
            await asyncio.sleep(pause)
            pause = min(RECONNECT_MAX, pause * 2)

    async def _say(self, *command: str) -> None:
        # Without a connection there is nothing to do: the next one begins with all that is followed.
        if self._connection is not None:
            await self._connection.send_command(*command, check_health=False)

    def _confirm(self, channel: bytes) -> None:
        confirmed = self._followed.get(channel[len(keys.EVENT_CHANNEL) :].decode())
        if confirmed is not None and not confirmed.done():
            confirmed.set_result(None)

    def _hear(self, channel: bytes, data: bytes, listener: Listener) -> None:
        before, last, records = decode_announcement(data)
        listener.hear_events(channel[len(keys.EVENT_CHANNEL) :].decode(), before, last, records)


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
