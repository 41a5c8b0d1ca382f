"""Transactions of store/postgres.py whose statements go to the server together."""

import asyncio
from dataclasses import dataclass

import pytest

from schemas.ids import new_id
from store.errors import Dangling, Taken
from store.postgres import Postgres, Transaction, together
from tests.rest.databases import execute

ADD = "INSERT INTO users (id, display_name) VALUES (%(id)s, %(name)s)"
ADD_PROJECT = "INSERT INTO projects (id, owner_id, name) VALUES (%(id)s, %(owner)s, 'p')"
NAMES = "SELECT display_name FROM users WHERE id = %(id)s"


@dataclass
class Named:
    display_name: str


async def test_answers_come_in_order(postgres: Postgres) -> None:
    """Each statement sees what the ones before it did, and gets its own answer; all of it is committed."""
    one = new_id()

    async def work(tx: Transaction) -> list[object]:
        return await together(
            tx.row(Named, NAMES, {"id": one}),
            tx.execute(ADD, {"id": one, "name": "Ada"}),
            tx.row(Named, NAMES, {"id": one}),
            tx.rows(Named, NAMES, {"id": one}),
        )

    before, _, after, rows = await postgres.transact(work, pipelined=True)
    assert (before, after, rows) == (None, Named("Ada"), [Named("Ada")])
    assert await postgres.row(Named, NAMES, {"id": one}) == Named("Ada")


@pytest.mark.parametrize("last", [False, True])
async def test_one_that_fails_undoes_all(postgres: Postgres, last: bool) -> None:
    """Also where nobody waits for the answer of the one that fails; told is its error, not that others were lost."""
    one = new_id()

    async def work(tx: Transaction) -> None:
        await tx.execute(ADD, {"id": one, "name": "Ada"})
        fails = tx.execute(ADD_PROJECT, {"id": new_id(), "owner": new_id()})
        await together(fails, *([] if last else [tx.row(Named, NAMES, {"id": one})]))

    with pytest.raises(Dangling):
        await postgres.transact(work, pipelined=True)
    assert await postgres.row(Named, NAMES, {"id": one}) is None


async def test_the_connection_is_as_good_as_before(database: str, postgres: Postgres) -> None:
    """After an error, and after a caller that gave up in the middle, which does not stop the work."""
    one = new_id()
    execute(database, "INSERT INTO users (id, display_name) VALUES (%s, 'Ada')", one)

    async def twice(tx: Transaction) -> None:
        await together(tx.execute(ADD, {"id": one, "name": "Eve"}), tx.row(Named, NAMES, {"id": one}))

    async def slow(tx: Transaction) -> None:
        await together(
            tx.execute("SELECT pg_sleep(0.3)"),
            tx.execute("UPDATE users SET display_name = 'Bea' WHERE id = %(id)s", {"id": one}),
        )

    with pytest.raises(Taken):
        await postgres.transact(twice, pipelined=True)
    leaving = asyncio.create_task(postgres.transact(slow, pipelined=True))
    await asyncio.sleep(0)  # it has begun
    leaving.cancel()
    async with asyncio.timeout(30.0):
        while await postgres.row(Named, NAMES, {"id": one}) != Named("Bea"):
            pass
    assert len(await asyncio.gather(*(postgres.row(Named, NAMES, {"id": one}) for _ in range(50)))) == 50
