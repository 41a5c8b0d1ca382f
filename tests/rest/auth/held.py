"""Holding a row, an account's or another, as a change of it does for a moment: who wants it meanwhile waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from psycopg import sql

from tests.rest.databases import execute
from tests.support.waiting import wait_until

AnswerT = TypeVar("AnswerT")


@dataclass
class Held:
    """What is done here commits together, when the row is let go."""

    database: str
    connection: psycopg.AsyncConnection[tuple[Any, ...]]

    async def waits(self, asked: "asyncio.Task[AnswerT] | None" = None) -> None:
        """Until somebody waits for the row; fails where the task that should ends without having waited."""
        pid = self.connection.info.backend_pid

        def waiting() -> bool:
            assert asked is None or not asked.done(), f"it did not wait: {asked.result()}"
            return bool(
                execute(self.database, "SELECT 1 FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))", pid)
            )

        await wait_until(waiting, "somebody who waits for the row")


@asynccontextmanager
async def held(database: str, row_id: str, table: str = "users") -> AsyncIterator[Held]:
    """Hold the row until the end of the block."""
    async with await psycopg.AsyncConnection.connect(database) as connection, connection.transaction():
        await connection.execute(
            sql.SQL("SELECT FROM {} WHERE id = %s FOR UPDATE").format(sql.Identifier(table)), (row_id,)
        )
        yield Held(database, connection)
