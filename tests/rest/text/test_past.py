"""What documents were, from their stores: states between snapshots, before them, and none that was lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pycrdt
import pytest

from rooms.compact import compact
from rooms.fresh_text import fresh_text
from rooms.scratch import Scratch
from rooms.slices import at_once
from rooms.text import read_content
from schemas.documents import DocumentName
from schemas.ids import new_id
from schemas.records import Commit, Loaded, Record
from store import snapshots, versions
from store.document_log import DocumentLog
from store.document_past import DocumentPast, up_to
from store.lane import Lane
from store.postgres import Postgres
from store.projects import create_project
from store.redis import connect
from store.users import create_guest
from tests.support.stack import Stack
from workers.keep_versions import MINUTES, RECORDS, keep_versions, thin_out
from workers.sign_authors import sign_authors

AUTHOR = UUID(int=7).bytes


def commits(*spans: tuple[int, int]) -> list[Commit]:
    """From each first number to each last."""
    return [Commit(last, tuple(Record(b"", number, b"") for number in range(first, last + 1))) for first, last in spans]


@pytest.mark.parametrize(
    ("number", "kept"),
    [(2, 0), (3, 1), (5, 3), (6, 4), (9, None), (1_000, 4), (1_001, 5), (1_002, 6), (1_003, None)],
)
def test_up_to(number: int, kept: int | None) -> None:
    """[T4] A number is known where a record has it, or a log began anew; not inside what was lost."""
    tail = up_to(commits((3, 4), (5, 6), (1_001, 1_002)), 2, number)
    assert (None if tail is None else sum(len(commit.records) for commit in tail)) == kept


class Shelf:
    """A document that is written record by record, in stores that the test may look into."""

    def __init__(self, postgres: Postgres, log: DocumentLog, name: DocumentName) -> None:
        self.postgres, self.log, self.name = postgres, log, name
        self.past = DocumentPast(postgres, log)
        self.doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
        self.text = self.doc.get("content", type=pycrdt.Text)

    async def type(self, letters: str) -> int:
        """A record at the end of the text; its number."""
        before = self.doc.get_state()
        self.text.insert(len(self.text), letters)
        record = Record(AUTHOR, 1_700_000_000_000, self.doc.get_update(before))
        (last,) = await self.log.append([(self.name, -1, [record])])
        assert last is not None
        return last

    async def snapshot(self) -> None:
        """What the worker does."""
        old = await snapshots.find(self.postgres, self.name)
        assert old is not None
        found = await self.log.read(self.name, old.number)
        state = compact(old.state, [record.update for commit in found for record in commit.records])
        assert await snapshots.replace(self.postgres, self.name, old.number, found[-1].last, state, found)
        await self.log.snapshotted(self.name, found[-1].last, old.number + 1)

    async def at(self, number: int) -> str | None:
        """The text as of a record."""
        loaded = await self.past.at(self.name, number)
        return None if loaded is None else text_of(loaded)


def text_of(loaded: Loaded) -> str:
    with Scratch() as scratch:
        at_once(scratch.load(loaded))
        return read_content(scratch.doc).text


@pytest.fixture
async def shelf(postgres: Postgres, stack: Stack) -> AsyncIterator[Shelf]:
    """An empty document of a new project."""
    user, project = new_id(), new_id()
    await create_guest(postgres, user, new_id(), "Ann", 3_600)
    await create_project(postgres, project, user, "Past")
    name = DocumentName(f"{project}/text")
    # Another of Redis' databases: the worker of the stack knows nothing of this document and would forget it.
    url = f"{stack.redis_url}{'&' if '?' in stack.redis_url else '?'}db=5"
    redis, lane = connect(url), Lane(url, "append")
    log = DocumentLog(redis, lane, b"12345678", follows=False)
    await snapshots.find_or_create(postgres, name)
    await log.begin(name, 0)
    yield Shelf(postgres, log, name)
    await lane.close()
    await redis.aclose()


async def test_every_state_comes_back(shelf: Shelf) -> None:
    """[T2] Any number that the text had is rebuilt: behind the snapshot, before it, and at it."""
    texts = {0: ""}
    for turn in range(4):
        for letter in "abc":
            number = await shelf.type(f"{letter}{turn} ")
            texts[number] = texts[number - 1] + f"{letter}{turn} "
        if turn < 3:
            await shelf.snapshot()
    for number, text in texts.items():
        assert await shelf.at(number) == text, number
    assert await shelf.at(max(texts) + 1) is None


async def test_versions_shorten_the_way_back(shelf: Shelf) -> None:
    """[T2] The nearest version before is where rebuilding begins; what came before it need not be there any more."""
    await shelf.type("old ")
    await shelf.snapshot()
    assert await keep(shelf)
    number = await shelf.type("new ")
    await shelf.type("newer ")
    await shelf.snapshot()
    await shelf.postgres.execute(
        "DELETE FROM document_records WHERE document = %(name)s AND last < %(number)s",
        {"name": shelf.name, "number": number},
    )
    assert await shelf.at(number) == "old new "
    await shelf.postgres.execute("DELETE FROM document_versions WHERE document = %(name)s", {"name": shelf.name})
    assert await shelf.at(number) is None


async def test_lost_numbers_are_not_known(shelf: Shelf) -> None:
    """[T4] Records that were lost with Redis are no state to come back to; what came before and after is."""
    await shelf.type("kept ")
    await shelf.snapshot()
    lost = await shelf.type("lost ")
    await shelf.log.forget(shelf.name)
    after = await shelf.log.begin(shelf.name, 1 << 40, if_below=lost)
    assert await shelf.at(lost) is None
    assert await shelf.at(after) == await shelf.at(1) == "kept "


async def test_who_brought_what_is_kept(shelf: Shelf) -> None:
    """[T8] The worker goes on where it ended; records behind it are added by who reads."""
    await shelf.type("one ")
    await shelf.snapshot()
    await sign_authors(shelf.postgres, shelf.name)
    number, packed = await shelf.past.authors(shelf.name)
    assert number == 1 and AUTHOR in packed
    await shelf.type("two ")
    await shelf.snapshot()
    last = await shelf.type("three ")
    assert [commit.last for commit in await shelf.past.records(shelf.name, number, last)] == [2, 3]
    await sign_authors(shelf.postgres, shelf.name)
    assert (await shelf.past.authors(shelf.name))[0] == 2


async def keep(shelf: Shelf) -> bool:
    """Make the snapshot a version, as the worker does when it is due; whether there is a new one."""
    before = await versions.list_versions(shelf.postgres, shelf.name, 1 << 30, 100)
    await versions.keep_snapshot(shelf.postgres, shelf.name)
    return len(await versions.list_versions(shelf.postgres, shelf.name, 1 << 30, 100)) > len(before)


async def age(shelf: Shelf, database: str, **what: object) -> None:
    """Make it seem older."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "UPDATE documents SET unversioned_since = unversioned_since - make_interval(mins => %s) WHERE name = %s",
            (what["minutes"], shelf.name),
        )


async def test_versions_are_made_when_they_are_due(shelf: Shelf, database: str) -> None:
    """[T6] After ten minutes of editing, or 200 records, the snapshot becomes a version, once."""

    async def due() -> bool:
        return shelf.name in await versions.find_due(shelf.postgres, MINUTES, RECORDS, 1_000)

    assert not await due()
    await shelf.type("a")
    await shelf.snapshot()
    assert not await due()
    await age(shelf, database, minutes=MINUTES + 1)
    assert await due()
    await keep_versions(shelf.postgres)
    assert not await due()
    assert not await keep(shelf)
    for _ in range(RECORDS):
        await shelf.type("b")
    await shelf.snapshot()
    assert await due()
    assert await keep(shelf)
    assert [row.number for row in await versions.list_versions(shelf.postgres, shelf.name, 1 << 30, 9)] == [201, 1]


async def test_versions_are_thinned_out(shelf: Shelf, database: str) -> None:
    """[T6] Of the older ones one an hour, a day, a month stays, the last each; named and kept ones all stay."""
    now = datetime(2030, 6, 15, 12, 30, tzinfo=UTC)
    ages = {
        "minutes": [timedelta(minutes=minute) for minute in (1, 10, 20, 50)],
        "hours": [timedelta(hours=5, minutes=minute) for minute in (0, 5, 10)],
        "days": [timedelta(days=5, hours=hour) for hour in (0, 3, 6)],
        "months": [timedelta(days=200 + day) for day in (0, 2, 4)],
    }
    state = fresh_text("x")
    made: dict[int, str] = {}
    with psycopg.connect(database, autocommit=True) as connection:
        for kind, all_ages in ages.items():
            for number, old in enumerate(sorted(all_ages, reverse=True)):
                for title in (None, "named") if number == 0 else (None,):
                    seq = await versions.add_version(shelf.postgres, shelf.name, 0, state, title, None, kept=False)
                    assert seq is not None
                    made[seq] = kind if title is None else "named"
                    connection.execute(
                        "UPDATE document_versions SET created_at = %s WHERE document = %s AND seq = %s",
                        (now - old, shelf.name, seq),
                    )
    await thin_out(shelf.postgres, now, 1_000)
    left = [made[row.seq] for row in await versions.list_versions(shelf.postgres, shelf.name, 1 << 30, 100)]
    assert {kind: left.count(kind) for kind in sorted(set(left))} == {
        "days": 1,
        "hours": 1,
        "minutes": 4,
        "months": 1,
        "named": 4,
    }
    assert await thin_out(shelf.postgres, now, 1_000) == 0
