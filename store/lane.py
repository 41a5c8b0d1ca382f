"""One connection to Redis for one caller at a time: the committer's, and that of the rate limits."""

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.asyncio import ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError

from store.errors import StoreUnavailable
from store.limits import COMMAND_TIMEOUT, CONNECT_TIMEOUT
from store.redis import LUA, Arg
from store.wire import Wire


class Lane:
    """Runs one script again and again. The script must bear to run twice: Redis may die between its effect and its
    answer.
    """

    def __init__(self, url: str, script: str) -> None:
        """`script` names a file in store/lua. Opens nothing yet."""
        self._pool = ConnectionPool.from_url(url, socket_connect_timeout=CONNECT_TIMEOUT)
        self._source = (LUA / f"{script}.lua").read_text()
        self._sha = ""
        self._wire: Wire | None = None
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
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.close()

    async def _again_if_stale(self, keys: Sequence[str], args: Sequence[Arg]) -> Any:
        # A connection that was kept may say only when it is used that Redis was restarted meanwhile.
        kept = self._wire is not None
        try:
            return await self._run(keys, args)
        except RedisConnectionError:
            if not kept:
                raise
            await self.close()
            return await self._run(keys, args)

    async def _run(self, keys: Sequence[str], args: Sequence[Arg]) -> Any:
        wire = self._wire
        if wire is None:
            wire = self._wire = await Wire.open(self._pool)
        if self._sha:
            try:
                return await wire.ask("EVALSHA", self._sha, len(keys), *keys, *args)
            except NoScriptError:
                pass  # Redis was restarted or emptied
        self._sha = (await wire.ask("SCRIPT", "LOAD", self._source)).decode()
        return await wire.ask("EVALSHA", self._sha, len(keys), *keys, *args)
