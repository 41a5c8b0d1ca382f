"""One connection to Redis without streams, tasks or queues: for what is said and heard thousands of times a second.

    ask ──► Redis ──reply──► the future that ask gave            a connection that asks: replies come in order
            Redis ──push───► hear                                a connection that subscribed

redis-py connects, authenticates and encrypts, then lets go of the transport; hiredis packs and parses.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Self, cast

from hiredis import Reader, ReplyError, pack_command
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ResponseError

from store.redis import Arg

CLOSED: Final = "the connection is closed"


class Wire(asyncio.Protocol):
    """Open one with `Wire.open`. Errors are those of redis-py."""

    def __init__(self, connection: AbstractConnection, transport: asyncio.Transport) -> None:
        self._connection = connection  # it would close the transport when nobody holds it
        self._transport = transport
        self._reader = Reader()
        self._asked: deque[asyncio.Future[Any]] = deque()
        self._hear: Callable[[Any], None] | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the connection is gone; has what `hear` raised, if it did."""

    @classmethod
    async def open(cls, pool: ConnectionPool, hear: Callable[[Any], None] | None = None) -> Self:
        """A new connection of the pool's kind, outside of the pool. `hear`: gets all that comes, for subscribers.

        Raises RedisError or OSError.
        """
        connection: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]
        await connection.connect()  # type: ignore[no-untyped-call]
        transport = cast(Any, connection)._writer.transport  # there is no public way to it
        wire = cls(connection, transport)
        wire._hear = hear
        transport.set_protocol(wire)
        return wire

    def ask(self, *command: Arg) -> "asyncio.Future[Any]":
        """Send a command; its reply. For connections without `hear`."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self.ended.done():
            future.set_exception(RedisConnectionError(CLOSED))
        else:
            self._asked.append(future)
            self._transport.write(pack_command(cast(Any, command)))
        return future

    def say(self, *command: Arg) -> None:
        """Send a command whose answer comes to `hear`. Does nothing when the connection is gone."""
        if not self.ended.done():
            self._transport.write(pack_command(cast(Any, command)))

    async def close(self) -> None:
        """Drop the connection, and all that was asked and not answered."""
        await self._connection.disconnect(nowait=True)
        self._end(None)

    # asyncio.Protocol

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                if self._hear is None:
                    self._answer(reply)
                elif isinstance(reply, ReplyError):
                    raise _error(reply)
                else:
                    self._hear(reply)
        except Exception as error:  # noqa: BLE001  told to whoever waits for the end
            self._transport.abort()
            self._end(error)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._end(None)

    def _answer(self, reply: Any) -> None:
        future = self._asked.popleft()
        if future.done():
            return  # whoever asked has given up
        if isinstance(reply, ReplyError):
            future.set_exception(_error(reply))
        else:
            future.set_result(reply)

    def _end(self, error: Exception | None) -> None:
        if self.ended.done():
            return
        if error is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(error)
        for future in self._asked:
            if not future.done():
                future.set_exception(RedisConnectionError(CLOSED))
        self._asked.clear()


def _error(reply: ReplyError) -> ResponseError:
    text = str(reply)
    return NoScriptError(text) if text.startswith("NOSCRIPT") else ResponseError(text)
