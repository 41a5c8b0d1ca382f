"""One connection to Redis for one caller at a time: the committer's.

A call through redis-py's client costs 150 us of CPU, half of it for pools, retries and tasks that a commit does not
need. This uses redis-py's connection, which knows how to connect, authenticate, pack and parse, and nothing above it.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from hiredis import pack_command
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError

from store.errors import StoreUnavailable
from store.limits import COMMAND_TIMEOUT, CONNECT_TIMEOUT
from store.redis import LUA, Arg


class Lane:
    """Runs one script again and again. The script must bear to run twice: Redis may die between its effect and its
    answer.
    """

    def __init__(self, url: str, script: str) -> None:
        """`script` names a file in store/lua. Opens nothing yet."""
        self._pool = ConnectionPool.from_url(url, socket_connect_timeout=CONNECT_TIMEOUT)
        self._source = (LUA / f"{script}.lua").read_text()
        self._sha = ""
        self._connection: AbstractConnection | None = None
        self._busy = asyncio.Lock()

    async def __call__(self, keys: Sequence[str], args: Sequence[Arg]) -> Any:
        """The script's answer; raises StoreUnavailable, and then it may have run or not."""
        async with self._busy:
            try:
                async with asyncio.timeout(COMMAND_TIMEOUT):
                    return await self._again_if_stale(keys, args)
            except ResponseError as error:
                raise StoreUnavailable("Redis", str(error)) from None
            except (RedisError, OSError, TimeoutError) as error:
                await self.close()
                raise StoreUnavailable("Redis", f"{type(error).__name__}: {error}") from None
            except asyncio.CancelledError:
                # The answer is still on its way; nobody else may read it.
                await self.close()
                raise

    async def close(self) -> None:
        """Drop the connection; the next call opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    async def _again_if_stale(self, keys: Sequence[str], args: Sequence[Arg]) -> Any:
        # A connection that was kept says only when it is used that Redis was restarted meanwhile.
        kept = self._connection is not None
        try:
            return await self._run(keys, args)
        except (ConnectionError, RedisConnectionError):
            if not kept:
                raise
            await self.close()
            return await self._run(keys, args)

    async def _run(self, keys: Sequence[str], args: Sequence[Arg]) -> Any:
        connection = self._connection
        if connection is None:
            connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
            await connection.connect()
            self._connection = connection
        if self._sha:
            try:
                return await self._ask(connection, "EVALSHA", self._sha, len(keys), *keys, *args)
            except NoScriptError:
                pass  # Redis was restarted or emptied
        self._sha = await self._ask(connection, "SCRIPT", "LOAD", self._source)
        return await self._ask(connection, "EVALSHA", self._sha, len(keys), *keys, *args)

    @staticmethod
    async def _ask(connection: AbstractConnection, *command: Any) -> Any:
        # redis-py's asyncio connections pack in Python, at 1 us an argument.
        await connection.send_packed_command(pack_command(command), check_health=False)
        answer: Any = await connection.read_response()
        return answer
