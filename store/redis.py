"""Redis or Valkey: the connections of one process, and one place where their errors become ours.

Commands, announcements and jobs have separate connections. Commands run in tasks that nobody cancels: a cancelled
command can leave its answer to the next user of the connection.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any

from redis.asyncio import BlockingConnectionPool
from redis.asyncio import Redis as Redis
from redis.exceptions import NoScriptError, RedisError, ResponseError

from store.errors import StoreUnavailable
from store.limits import COMMAND_TIMEOUT, COMMANDS_POOL, CONNECT_TIMEOUT, POOL_TIMEOUT

LUA = Path(__file__).parent / "lua"
Arg = str | bytes | int | float


def connect(url: str) -> Redis:
    """Commands of one process; opens nothing yet. Close it with `aclose`."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=COMMANDS_POOL,
        timeout=POOL_TIMEOUT,
        socket_timeout=COMMAND_TIMEOUT,
        socket_connect_timeout=CONNECT_TIMEOUT,
    )
    return Redis.from_pool(pool)  # which closes the pool with the client; a client that is only given one does not


async def ping(redis: Redis) -> None:
    """Returns when Redis answers; raises StoreUnavailable."""
    await finish(redis.ping())


def is_unavailable(error: Exception) -> bool:
    """Whether an error of a library that has its own connections (arq) means that Redis is away."""
    return isinstance(error, (RedisError, OSError, TimeoutError))


class Script:
    """A Lua script in store/lua, called by its hash; loaded again after Redis forgot it."""

    def __init__(self, redis: Redis, name: str) -> None:
        self._redis = redis
        self._source = (LUA / f"{name}.lua").read_text()
        self._sha = ""

    async def __call__(self, keys: Sequence[str], args: Sequence[Arg]) -> Any:
        """Run it; raises StoreUnavailable."""
        return await finish(self._run(keys, args))

    async def _run(self, keys: Sequence[str], args: Sequence[Arg]) -> Any:
        call: Any = self._redis.evalsha  # its types allow for nothing but str
        if self._sha:
            try:
                return await call(self._sha, len(keys), *keys, *args)
            except NoScriptError:
                pass  # Redis was restarted or emptied
        self._sha = await self._redis.script_load(self._source)
        return await call(self._sha, len(keys), *keys, *args)


async def finish(command: Awaitable[Any]) -> Any:
    """The answer of a command that runs to its end whatever happens to its caller; raises StoreUnavailable."""
    task = asyncio.ensure_future(command)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        raise
    except ResponseError as error:
        # LOADING, READONLY, OOM, MISCONF: the server is there but cannot do it now.
        raise StoreUnavailable("Redis", str(error)) from None
    except (RedisError, OSError, TimeoutError) as error:
        raise StoreUnavailable("Redis", f"{type(error).__name__}: {error}") from None
