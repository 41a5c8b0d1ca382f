"""What happened is kept for as long as clients may ask for it (workers/chores.py `retention`)."""

from typing import Any

import pytest

from schemas.ids import new_id
from store.happenings import ACCESS
from store.postgres import Postgres
from tests.rest.databases import execute
from workers import chores
from workers.chores import BATCH, Chore, retention
from workers.settings import Settings


def forgetting(postgres: Postgres) -> Chore:
    """The chore."""
    (chore,) = [each for each in retention(postgres, Settings("", "")) if each.name == "forget what happened"]
    return chore


def happened(database: str, topic: str, kind: str, days: int, told: bool = True) -> None:
    """So many days ago."""
    statement = "INSERT INTO happenings (topic, kind, at, told) VALUES (%s, %s, now() - make_interval(days => %s), %s)"
    execute(database, statement, topic, kind, days, told)


def left(database: str, kind: str) -> list[Any]:
    """The topics and ages of what is left."""
    statement = "SELECT topic, extract(day FROM now() - at)::int FROM happenings WHERE kind = %s ORDER BY at, topic"
    return execute(database, statement, kind)


async def test_what_happened_long_ago_goes(postgres: Postgres, database: str) -> None:
    """Of every topic, once it was told and nobody may ask for it any more; all else stays."""
    kind = f"test.{new_id()}"
    topics = [ACCESS, f"project:{new_id()}", f"user:{new_id()}"]
    for topic in topics:
        for days in (1, 90, 92, 400):
            happened(database, topic, kind, days)
    assert await forgetting(postgres).run() >= 6
    assert left(database, kind) == [(topic, days) for days in (90, 1) for topic in topics]
    assert await forgetting(postgres).run() == 0


async def test_untold_waits_for_the_teller(postgres: Postgres, database: str) -> None:
    """What was never told is not forgotten, however old."""
    kind = f"test.{new_id()}"
    happened(database, f"user:{new_id()}", kind, 400, told=False)
    await forgetting(postgres).run()
    assert len(left(database, kind)) == 1
    execute(database, "UPDATE happenings SET told = true WHERE kind = %s", kind)
    assert await forgetting(postgres).run() == 1


async def test_so_many_at_a_time(postgres: Postgres, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A round is bounded; the chore comes again at once while there is more."""
    monkeypatch.setattr(chores, "BATCH", 2)
    kind = f"test.{new_id()}"
    for _ in range(3):
        happened(database, ACCESS, kind, 100)
    assert [await forgetting(postgres).run() for _ in range(2)] == [2, 1]
    assert BATCH > 2
