"""Holding an account's row, as a change of it does for a moment: what somebody else does meanwhile waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg

from tests.rest.databases import execute
from tests.support.waiting import wait_until

AnswerT = TypeVar("AnswerT")


@dataclass
class Held:
    """What is done here commits together, when the account is let go."""

    database: str
    connection: psycopg.AsyncConnection[tuple[Any, ...]]

    async def waits(self, asked: "asyncio.Task[AnswerT]") -> None:
        """Until that task waits for the account; fails where it ends without having waited."""
        pid = self.connection.info.backend_pid

        def waiting() -> bool:
            assert not asked.done(), f"it did not wait: {asked.result()}"
            return bool(
                execute(self.database, "SELECT 1 FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))", pid)
            )

        await wait_until(waiting, "somebody who waits for the account")


@asynccontextmanager
async def held(database: str, user_id: str) -> AsyncIterator[Held]:
    """Hold the account until the end of the block."""
    async with await psycopg.AsyncConnection.connect(database) as connection, connection.transaction():
        await connection.execute("SELECT FROM users WHERE id = %s FOR UPDATE", (user_id,))
        yield Held(database, connection)
