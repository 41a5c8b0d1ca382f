"""Snapshots on their way through PostgreSQL: cut by the worker, opened part by part. On the real servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import closing
from typing import cast
from uuid import UUID, uuid4

import psycopg
import pycrdt
import pytest
import redis

import rooms.parts
import workers.snapshot_document
from rooms.compact import compact
from rooms.crdt import EMPTY_UPDATE
from rooms.cut import is_same
from rooms.parts import parts
from rooms.replica import Replica
from schemas.documents import DocumentName
from schemas.records import Commit, Loaded, Record
from store import keys, snapshots
from store.document_library import load, peek
from store.document_log import DocumentLog
from store.errors import StoreUnavailable
from store.lane import Lane
from store.limits import RELOADS_MAX
from store.postgres import Postgres, open_pool
from store.redis import connect
from tests.clients.project import create_project
from tests.rest.databases import execute
from tests.support.stack import Stack
from tests.support.waiting import wait_until
from workers.snapshot_document import snapshot_document
from workers.sweep import park

Read = Callable[[Postgres, DocumentLog, DocumentName], Awaitable[Loaded | None]]


class Stores:
    """What a worker has, and a document in it that holds one large state."""

    def __init__(self, postgres: Postgres, log: DocumentLog, name: DocumentName, state: bytes) -> None:
        self.postgres, self.log, self.name, self.state = postgres, log, name, state

    async def snapshotted(self) -> Loaded:
        """As an opener finds the document after one job."""
        await snapshot_document(self.postgres, self.log, self.name)
        return await load(self.postgres, self.log, self.name)


@pytest.fixture
async def stores(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stores]:
    monkeypatch.setattr(rooms.parts, "PART_STRUCTS", 500)
    doc = pycrdt.Doc[pycrdt.Map[int]](client_id=1)
    cells = doc.get("cells", type=pycrdt.Map)
    for number in range(3000):
        cells[str(number)] = number
    commands, commits = connect(stack.redis_url), Lane(stack.redis_url, "append")
    project = await create_project(stack.urls)
    name = DocumentName(f"{project.id}/{uuid4()}")
    async with open_pool(stack.database_url) as postgres:
        log = DocumentLog(commands, commits, b"observer", follows=False)
        await load(postgres, log, name)
        await log.append([(name, 0, [Record(b"", 0, doc.get_update())])])
        yield Stores(postgres, log, name, doc.get_update())
    await commits.close()
    await commands.aclose(close_connection_pool=True)


def opened(loaded: Loaded) -> int:
    """How many parts the state is opened in, none of which may need another one's successor."""
    replica = Replica()
    made = list(parts(loaded.state, loaded.parts))
    for part in made:
        assert replica.apply(part).complete
    assert is_same(replica.encode(), loaded.state)
    return len(made)


@pytest.mark.parametrize("cut_first_max", [2 << 20, 0])
async def test_snapshots_are_opened_in_parts(
    stores: Stores, stack: Stack, monkeypatch: pytest.MonkeyPatch, cut_first_max: int
) -> None:
    """A stored state can be opened part by part, whether it was cut first or stored first."""
    monkeypatch.setattr(workers.snapshot_document, "CUT_FIRST_MAX", cut_first_max)
    loaded = await stores.snapshotted()
    assert opened(loaded) == 6 and is_same(loaded.state, stores.state)
    execute(stack.database_url, "UPDATE documents SET parts = '' WHERE name = %s", stores.name)
    loaded = await load(stores.postgres, stores.log, stores.name)
    assert opened(loaded) == 1, "a row of an earlier version opens in one piece"


async def test_large_states_of_busy_documents_wait_for_a_calmer_moment(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CUT_FIRST_MAX: a large state is not cut while its document is written to, and never in place of a newer one."""
    monkeypatch.setattr(workers.snapshot_document, "CUT_FIRST_MAX", 0)

    def late(state: bytes, updates: list[bytes], parts: bytes, left_out: list[bytes]) -> bytes:
        monkeypatch.setattr(stores.log, "number", number)
        return compact(state, updates, parts, left_out)

    async def number(name: DocumentName) -> int:
        return 2

    monkeypatch.setattr(workers.snapshot_document, "compact", late)
    assert opened(await stores.snapshotted()) == 1


async def test_the_loser_of_two_snapshots_changes_nothing(stores: Stores, stack: Stack) -> None:
    """Of two workers that merged the same log one stores its snapshot; the other leaves row, history and runs alone."""
    postgres, log, name = stores.postgres, stores.log, stores.name
    old = await snapshots.find(postgres, name)
    assert old is not None
    commits = await log.read(name, old.number)
    guest = UUID(str(execute(stack.database_url, "SELECT id::text FROM users LIMIT 1")[0][0]))
    other = [Commit(commit.last + 1, (*commit.records, Record(guest.bytes, 1, b"\0\0"))) for commit in commits]
    last = commits[-1].last
    won = await asyncio.gather(
        snapshots.replace(postgres, name, old.number, last, b"one", commits),
        snapshots.replace(postgres, name, old.number, last, b"two", commits),
    )
    assert sorted(won) == [False, True]
    stored = all_rows(stack, name)
    assert (b"two" if won[1] else b"one").hex() in str(stored)
    assert not await snapshots.replace(postgres, name, old.number, last + 1, b"late", other, b"parts")
    assert not await snapshots.replace(postgres, name, last - 1, last + 1, b"late", other, b"parts")
    assert all_rows(stack, name) == stored
    assert await snapshots.replace(postgres, name, last, last + 1, b"next", other, b"parts")
    assert len(all_rows(stack, name)) == len(stored) + 2  # one more of history, one run


@pytest.mark.parametrize("read", [load, peek])
async def test_reloads_max(stores: Stores, monkeypatch: pytest.MonkeyPatch, read: Read) -> None:
    """RELOADS_MAX: who opens starts over when snapshots overtook it, but not for ever; it may come back later."""
    postgres, log, name = stores.postgres, stores.log, stores.name
    ahead, overtaking = log.read, 0

    async def overtaken(name: DocumentName, after: int) -> Sequence[Commit]:
        nonlocal overtaking
        if overtaking:
            overtaking -= 1
            with monkeypatch.context() as undone:
                undone.setattr(log, "read", ahead)
                for _ in range(2):  # the log is trimmed behind the snapshot before last
                    await log.append([(name, -1, [Record(b"", 0, EMPTY_UPDATE)])])
                    await snapshot_document(postgres, log, name)
        return await ahead(name, after)

    await stores.snapshotted()
    monkeypatch.setattr(log, "read", overtaken)
    overtaking = RELOADS_MAX
    with pytest.raises(StoreUnavailable, match="overtaking"):
        await read(postgres, log, name)
    overtaking = RELOADS_MAX - 1
    loaded = await read(postgres, log, name)
    assert loaded is not None
    assert loaded.number == 1 + 2 * (2 * RELOADS_MAX - 1)
    assert is_same(loaded.state, stores.state)


async def test_a_log_in_use_costs_no_write(stores: Stores, stack: Stack) -> None:
    """A document that somebody has open stays in Redis, however idle, and its row in PostgreSQL is not written to."""
    postgres, log, name = stores.postgres, stores.log, stores.name
    await stores.snapshotted()
    before = row_version(stack, name)
    other = connect(stack.redis_url)
    async with other.pubsub() as follower:
        await follower.subscribe(keys.channel(name))
        await follower.get_message(timeout=10)
        assert not await park(postgres, log, name, idle_for=-1)
    assert row_version(stack, name) == before
    await wait_until(lambda: not followers(stack, name), "nobody to follow it")
    assert await park(postgres, log, name, idle_for=-1)
    assert row_version(stack, name) != before
    await other.aclose(close_connection_pool=True)


def all_rows(stack: Stack, name: DocumentName) -> list[tuple[object, ...]]:
    """All that PostgreSQL has of a document: its row, its history, and who wrote when."""
    return [
        row
        for statement in (
            "SELECT to_jsonb(documents) FROM documents WHERE name = %s",
            "SELECT to_jsonb(document_records) FROM document_records WHERE document = %s ORDER BY last",
            "SELECT to_jsonb(edit_runs) FROM edit_runs WHERE document = %s ORDER BY began_at",
        )
        for row in execute(stack.database_url, statement, name)
    ]


def row_version(stack: Stack, name: DocumentName) -> str:
    """Where PostgreSQL has the document's row: another place after each write."""
    with psycopg.connect(stack.database_url) as connection:
        row = connection.execute("SELECT ctid::text FROM documents WHERE name = %s", (name,)).fetchone()
    assert row is not None
    return str(row[0])


def followers(stack: Stack, name: DocumentName) -> int:
    """How many processes hear the document's announcements."""
    with closing(redis.Redis.from_url(stack.redis_url)) as client:
        ((_, count),) = cast(list[tuple[bytes, int]], client.pubsub_numsub(keys.channel(name)))
        return count
