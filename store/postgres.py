"""PostgreSQL: one pool per process, and one place where its errors become ours.

Built by each process's wiring file with `open_pool`; used by the query files beside this one.

    async with open_pool(url) as postgres:
        row = await postgres.row(Row, "SELECT … WHERE id = %(id)s", {"id": …})

A query runs in a task of its own that nobody cancels: a caller that gives up, or a server that is
frozen, never leaves a connection in the middle of an answer. Such a query holds its connection until
the server answers or the connection breaks; the pool's size bounds how many there are.
"""

import asyncio
import select
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, nullcontext
from types import TracebackType
from typing import Any, Final, LiteralString, Protocol, Self, TypeVar

import psycopg
from psycopg.rows import class_row, tuple_row
from psycopg_pool import AsyncConnectionPool

from store.errors import Dangling, StoreUnavailable, Taken, Unstorable

POOL_SIZE: Final = 10  # connections of one process; PostgreSQL allows 100 in all by default
QUEUE_LENGTH: Final = 1_000  # callers that wait for a connection; past it they are told so at once
CHECKOUT_SECONDS: Final = 2.0  # wait for a free connection: longer than any healthy query takes
CONNECT_SECONDS: Final = 3  # for a new connection; libpq's smallest useful value is 2
RECONNECT_SECONDS: Final = 2.0  # of background attempts; after that, the next caller starts a new one
STATEMENT_SECONDS: Final = 5  # the server ends a statement that runs longer
ANSWER_SECONDS: Final = 8.0  # the server is frozen or cut off when it has not answered by then
FRESH_SECONDS: Final = 0.5  # a connection that answered so lately is taken without looking at it
QUIET_SECONDS: Final = 30.0  # one that answered longer ago is asked first (a round trip): firewalls forget such ones
IDLE_SECONDS: Final = 120.0  # then connections above the first are closed

Params = Mapping[str, object]
RowT = TypeVar("RowT")
ResultT = TypeVar("ResultT")
Connection = psycopg.AsyncConnection[tuple[Any, ...]]


class Queries(Protocol):
    """What a query function needs: the pool (each statement commits by itself), or a transaction."""

    async def row(self, row: type[RowT], sql: LiteralString, params: Params | None = None) -> RowT | None: ...
    async def rows(self, row: type[RowT], sql: LiteralString, params: Params | None = None) -> list[RowT]: ...
    async def execute(self, sql: LiteralString, params: Params | None = None) -> int: ...


class Transaction:
    """Several statements that commit together; made by Postgres.transact."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def row(self, row: type[RowT], sql: LiteralString, params: Params | None = None) -> RowT | None:
        """The first row of a query as `row(**columns)`, or None."""
        async with self._connection.cursor(row_factory=class_row(row)) as cur:
            await cur.execute(sql, params)
            return await cur.fetchone()

    async def rows(self, row: type[RowT], sql: LiteralString, params: Params | None = None) -> list[RowT]:
        """All rows of a query as `row(**columns)`."""
        async with self._connection.cursor(row_factory=class_row(row)) as cur:
            await cur.execute(sql, params)
            return await cur.fetchall()

    async def execute(self, sql: LiteralString, params: Params | None = None) -> int:
        """Run one statement; how many rows it touched."""
        return (await self._connection.execute(sql, params)).rowcount


async def together(*queries: Awaitable[Any]) -> list[Any]:
    """Queries of one transaction: the server gets them in this order, none of them waits for the answer of another.

    Raises what the first of those raised that failed, once all have ended.
    """
    answers = await asyncio.gather(*queries, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return answers


class Postgres:
    """A pool of connections in autocommit mode. Constructing it opens nothing; `async with` does.

    Opening does not wait for the server: a process starts without it, and is not ready until it is there.
    """

    def __init__(self, url: str, size: int = POOL_SIZE) -> None:
        self._pool: AsyncConnectionPool[_Pooled] = AsyncConnectionPool(
            url,
            kwargs={"autocommit": True, "connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": 10_000},
            min_size=1,
            max_size=size,
            open=False,
            configure=_configure,
            connection_class=_Pooled,
            # Saves callers from connections that died with the last server, which took longer than FRESH_SECONDS.
            check=_check,
            reset=_note_use,
            timeout=CHECKOUT_SECONDS,
            max_waiting=QUEUE_LENGTH,
            max_idle=IDLE_SECONDS,
            reconnect_timeout=RECONNECT_SECONDS,
        )
        self._running: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        await self._pool.open(wait=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.close(timeout=2.0)

    async def row(self, row: type[RowT], sql: LiteralString, params: Params | None = None) -> RowT | None:
        """The first row of a query as `row(**columns)`, or None. Raises StoreUnavailable."""
        return await self._finish(self._first(row, sql, params))

    async def rows(self, row: type[RowT], sql: LiteralString, params: Params | None = None) -> list[RowT]:
        """All rows of a query as `row(**columns)`. Raises StoreUnavailable."""
        return await self._finish(self._all(row, sql, params))

    async def execute(self, sql: LiteralString, params: Params | None = None) -> int:
        """Run one statement; how many rows it touched. Raises StoreUnavailable."""
        return await self._finish(self._execute(sql, params))

    async def transact(self, work: Callable[[Transaction], Awaitable[ResultT]], *, pipelined: bool = False) -> ResultT:
        """Run `work` in one transaction: all of it is committed, or, when it raises, nothing. Raises StoreUnavailable.

        It runs to its end also when the caller gives up; `work` must do nothing but queries. `pipelined`: nothing waits
        for an answer that nobody reads, so what `together` runs is one round trip; `execute` knows no number of rows.
        """
        return await self._finish(self._transact(work, pipelined))

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for several statements (`async with connection.transaction()`), errors mapped."""
        with _mapped():
            async with self._pool.connection() as connection:
                yield connection

    def waiting(self) -> int:
        """How many callers wait for a connection now, for the metrics."""
        return int(self._pool.get_stats().get("requests_waiting", 0))

    async def _transact(self, work: Callable[[Transaction], Awaitable[ResultT]], pipelined: bool) -> ResultT:
        async with (
            self._pool.connection() as connection,
            connection.pipeline() if pipelined else nullcontext(),
            connection.transaction(),
        ):
            return await work(Transaction(connection))

    async def _first(self, row: type[RowT], sql: LiteralString, params: Params | None) -> RowT | None:
        async with (
            self._pool.connection() as connection,
            connection.cursor(row_factory=class_row(row)) as cur,
        ):
            await cur.execute(sql, params)
            return await cur.fetchone()

    async def _all(self, row: type[RowT], sql: LiteralString, params: Params | None) -> list[RowT]:
        async with (
            self._pool.connection() as connection,
            connection.cursor(row_factory=class_row(row)) as cur,
        ):
            await cur.execute(sql, params)
            return await cur.fetchall()

    async def _execute(self, sql: LiteralString, params: Params | None) -> int:
        async with self._pool.connection() as connection, connection.cursor(row_factory=tuple_row) as cur:
            await cur.execute(sql, params)
            return cur.rowcount

    async def _finish(self, query: Coroutine[Any, Any, ResultT]) -> ResultT:
        task = asyncio.ensure_future(query)
        self._running.add(task)
        task.add_done_callback(self._ended)
        done, _ = await asyncio.wait({task}, timeout=ANSWER_SECONDS)
        if not done:
            raise StoreUnavailable("PostgreSQL", f"no answer within {ANSWER_SECONDS:.0f} s")
        with _mapped():
            return task.result()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # seen: a caller that gave up leaves nobody else to look at it


def open_pool(url: str, size: int = POOL_SIZE) -> Postgres:
    """The pool for a libpq URI, to be entered with `async with`."""
    return Postgres(url, size)


async def _configure(connection: Connection) -> None:
    # Not by libpq's `options`: poolers such as PgBouncer refuse those, and the URL may carry its own.
    await connection.execute(f"SET statement_timeout = '{STATEMENT_SECONDS}s'")


class _Pooled(Connection):
    used_at = 0.0


async def _note_use(connection: _Pooled) -> None:
    connection.used_at = time.monotonic()


async def _check(connection: _Pooled) -> None:
    idle = time.monotonic() - connection.used_at
    if idle > QUIET_SECONDS or (idle > FRESH_SECONDS and _has_news(connection)):
        await AsyncConnectionPool.check_connection(connection)


def _has_news(connection: _Pooled) -> bool:
    """Whether the server sent something that nobody asked for: as a rule that it has ended."""
    looking = select.poll()
    looking.register(connection.fileno(), select.POLLIN)
    return bool(looking.poll(0))


class _mapped:
    """What psycopg raises when the server is away, or a row cannot be, becomes ours; all else is a bug and passes."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, psycopg.errors.UniqueViolation):
            raise Taken(error.diag.constraint_name or "") from error
        if isinstance(error, psycopg.errors.ForeignKeyViolation):
            raise Dangling(error.diag.constraint_name or "") from error
        if isinstance(error, psycopg.DataError | UnicodeEncodeError):
            raise Unstorable("PostgreSQL cannot keep a value") from error
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            # psycopg's own text may name hosts and users: it stays in the cause, for the log.
            raise StoreUnavailable("PostgreSQL", type(error).__name__) from error
