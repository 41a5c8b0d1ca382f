"""Does a query use an index? Collects what store functions ask, and lets PostgreSQL explain it on filled tables.

    filled = filled_database(server, "INSERT …", ada=ADA)   # a fixture of the module
    await find_project(watched, some_id)          # runs for real, and is remembered
    assert_indexed(connection, watched, large)    # no plan reads a whole large table

Each statement is explained twice: planned for these parameters, and planned for any (PostgreSQL decides by itself which
of both a connection uses once it has prepared the statement).
"""

import inspect
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import psycopg
import pytest
from psycopg import sql as compose

from store.migrate import migrate
from store.postgres import Params, Queries, open_pool
from tests.rest.databases import new_database

RowT = TypeVar("RowT")
Connection = psycopg.Connection[tuple[Any, ...]]
_PLACE = re.compile(r"(?<!:):(\w+)")
_PARAMETER = re.compile(r"%\((\w+)\)s|%%")


@contextmanager
def filled_database(server: str, fill: str, **values: UUID | int) -> Iterator[str]:
    """A migrated database with what `fill` inserts, and its statistics; `:name` in it stands for that value."""

    def literal(name: re.Match[str]) -> str:
        value = values.get(name[1], name[0])
        return f"'{value}'::uuid" if isinstance(value, UUID) else str(value)

    with new_database(server) as url:
        migrate(url)
        with psycopg.connect(url) as connection:
            connection.execute(_PLACE.sub(literal, fill).encode())
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        yield url


@pytest.fixture(scope="module")
def connection(filled: str) -> Iterator[Connection]:
    """To the module's filled database, to explain in."""
    with psycopg.connect(filled, autocommit=True) as opened:
        yield opened


@pytest.fixture
async def watched(filled: str) -> "AsyncIterator[Watched]":
    """Queries on the module's filled database."""
    async with open_pool(filled) as postgres:
        yield Watched(postgres)


class Watched:
    """Queries that remembers what it was asked."""

    def __init__(self, db: Queries) -> None:
        self._db = db
        self.asked: dict[str, dict[str, object]] = {}

    async def row(self, row: type[RowT], sql: LiteralString, params: Params | None = None) -> RowT | None:
        self.asked[sql] = dict(params or {})
        return await self._db.row(row, sql, params)

    async def rows(self, row: type[RowT], sql: LiteralString, params: Params | None = None) -> list[RowT]:
        self.asked[sql] = dict(params or {})
        return await self._db.rows(row, sql, params)

    async def execute(self, sql: LiteralString, params: Params | None = None) -> int:
        self.asked[sql] = dict(params or {})
        return await self._db.execute(sql, params)


def functions_of(module: ModuleType) -> set[str]:
    """The names of a store module's own functions that ask something: each must be in its test."""
    return {
        name
        for name, function in vars(module).items()
        if inspect.iscoroutinefunction(function) and function.__module__ == module.__name__ and name[0] != "_"
    }


async def ask_all(module: ModuleType, calls: Mapping[str, Callable[[], Awaitable[object]]]) -> None:
    """Call each function of the module once; fails where one is missing."""
    assert set(calls) == functions_of(module), f"{module.__name__} has other functions than its calls here"
    for call in calls.values():
        await call()


def assert_indexed(connection: Connection, watched: Watched, large: Sequence[str]) -> None:
    """No statement reads all of a large table, or all of one of its indexes."""
    assert watched.asked, "nothing was asked"
    found = []
    for statement, params in watched.asked.items():
        for mode, plan in plans(connection, statement, params):
            for whole in reads_whole(plan, set(large)):
                found.append(f"{mode}: {whole}\n{statement.strip()}")
    assert not found, "\n\n".join(found)


def plans(connection: Connection, statement: str, params: Mapping[str, object]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The plans for these parameters, and for any."""
    names: list[str] = []

    def numbered(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return "%"
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    prepared = _PARAMETER.sub(numbered, statement)
    values = compose.SQL(", ").join(compose.Literal(params[name]) for name in names)
    asked = compose.SQL("EXPLAIN (FORMAT JSON) EXECUTE asked") + (
        compose.SQL(" (") + values + compose.SQL(")") if names else compose.SQL("")
    )
    for mode in ("force_custom_plan", "force_generic_plan"):
        with connection.transaction(force_rollback=True):
            connection.execute(f"SET LOCAL plan_cache_mode = {mode}".encode())
            connection.execute(f"PREPARE asked AS {prepared}".encode())
            row = connection.execute(asked).fetchone()
            connection.execute("DEALLOCATE asked")
        assert row is not None
        yield mode, row[0][0]["Plan"]


def reads_whole(plan: dict[str, Any], large: set[str]) -> Iterator[str]:
    """The nodes of a plan that read all of a large table."""
    table = plan.get("Relation Name")
    if table in large and plan["Node Type"] == "Seq Scan":
        yield f"reads all of {table}"
    if table in large and plan["Node Type"] in ("Index Scan", "Index Only Scan") and "Index Cond" not in plan:
        yield f"reads all of {plan['Index Name']}"
    for inner in plan.get("Plans", ()):
        yield from reads_whole(inner, large)
