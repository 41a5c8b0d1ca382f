"""Follows the announcements of the documents that a process has open: one subscribed connection for all.

    announcement   'c' origin(8) count(u32) last(u64) [records]     a commit; without its records where they are large
                   'p' origin(8) awareness update                   presence; empty asks who is there
                   '{' … '}'                                        to all gateways: somebody's right to be here changed

Redis keeps nothing for a subscriber that is away, so after an interruption the listener is told, and reads the logs.
"""

import asyncio
import struct
from typing import Any, Protocol

import structlog
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from schemas.documents import DocumentName
from schemas.records import Commit, decode_records
from store import keys
from store.errors import StoreUnavailable
from store.limits import COMMAND_TIMEOUT, CONNECT_TIMEOUT

logger = structlog.get_logger("store")
HEADER = struct.Struct(">IQ")
RECONNECT_MAX = 2.0
"""Longest pause in seconds between attempts to connect."""


class Listener(Protocol):
    """Who is told. Nothing here may raise."""

    def hear_commit(self, name: DocumentName, commit: Commit | None, first: int, last: int) -> None: ...
    def hear_presence(self, name: DocumentName, origin: str, update: bytes) -> None: ...
    def missed_announcements(self) -> None: ...


class AccessListener(Protocol):
    """Who is told of changed rights (the teller publishes them). Nothing here may raise."""

    def hear_access(self, announced: bytes) -> None: ...
    def missed_announcements(self) -> None: ...


class Announcements:
    """One per gateway; `run` is its task.

    It reads from redis-py's connection itself: that package's PubSub does more for each message
    than a gateway that hears thousands in a second can afford.
    """

    def __init__(self, url: str, origin: bytes) -> None:
        self._pool = ConnectionPool.from_url(url, socket_connect_timeout=CONNECT_TIMEOUT)
        self._origin = origin
        self._followed: set[DocumentName] = set()
        self._confirmed: dict[bytes, asyncio.Future[None]] = {}
        self._connection: AbstractConnection | None = None

    async def follow(self, name: DocumentName) -> None:
        """Returns when Redis has confirmed; from then on nothing is missed unnoticed. Raises StoreUnavailable."""
        self._followed.add(name)
        channel = keys.channel(name).encode()
        confirmed = self._confirmed.setdefault(channel, asyncio.get_running_loop().create_future())
        try:
            await self._say("SUBSCRIBE", channel)
            await asyncio.wait_for(asyncio.shield(confirmed), COMMAND_TIMEOUT)
        except (RedisError, OSError, TimeoutError) as error:
            self._followed.discard(name)
            self._confirmed.pop(channel, None)
            raise StoreUnavailable("Redis", f"cannot subscribe: {type(error).__name__}") from None

    async def unfollow(self, name: DocumentName) -> None:
        """No more of this document; best effort."""
        self._followed.discard(name)
        self._confirmed.pop(keys.channel(name).encode(), None)
        try:
            await self._say("UNSUBSCRIBE", keys.channel(name).encode())
        except (RedisError, OSError) as error:
            logger.info("could not unsubscribe", document=name, reason=str(error))

    async def run(self, listener: Listener, access: AccessListener) -> None:
        """Listen for ever; cancel to stop."""
        pause = 0.05
        interrupted = False
        while True:
            connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
            try:
                await connection.connect()
                # A channel that nobody uses keeps the connection subscribed, also with no document open.
                begun = set(self._followed)
                channels = [*(keys.channel(name) for name in begun), keys.GATEWAYS]
                await connection.send_command("SUBSCRIBE", *channels, check_health=False)
                self._connection = connection
                if late := self._followed - begun:
                    await self._say("SUBSCRIBE", *(keys.channel(name) for name in late))
                while True:
                    message = await connection.read_response(timeout=None)
                    if message[:2] == [b"subscribe", keys.GATEWAYS.encode()]:
                        # The last of them is confirmed: from here on nothing is missed.
                        pause = 0.05
                        access.missed_announcements()
                        if interrupted:
                            listener.missed_announcements()
                    self._dispatch(message, listener, access)
            except (RedisError, OSError) as error:
                logger.warning("announcements interrupted", reason=f"{type(error).__name__}: {error}")
            finally:
                self._connection = None
                await connection.disconnect(nowait=True)
            interrupted = True
            await asyncio.sleep(pause)
            pause = min(RECONNECT_MAX, pause * 2)

    async def _say(self, *command: str | bytes) -> None:
        # Without a connection there is nothing to do: the next one begins with all that is followed.
        if self._connection is not None:
            await self._connection.send_command(*command, check_health=False)

    def _dispatch(self, message: list[Any], listener: Listener, access: AccessListener) -> None:
        kind, channel, data = message
        if kind == b"subscribe":
            confirmed = self._confirmed.get(channel)
            if confirmed is not None and not confirmed.done():
                confirmed.set_result(None)
        if kind != b"message":
            return
        origin = data[1:9]
        if origin == self._origin:
            return
        name = DocumentName(channel[len(keys.CHANNEL) :].decode())
        if data[:1] == b"c":
            count, last = HEADER.unpack_from(data, 9)
            body = data[9 + HEADER.size :]
            commit = Commit(last, decode_records(body)) if body else None
            listener.hear_commit(name, commit, last - count + 1, last)
        elif data[:1] == b"p":
            listener.hear_presence(name, origin.hex(), data[9:])
        elif channel == keys.GATEWAYS.encode():
            access.hear_access(data)
