"""Documents that cannot be merged, or end whoever merges them, hold up no other document. On the real servers."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

import store.document_log
import workers.sweep
from rooms.crdt import read_state_vector
from rooms.replica import Replica
from schemas.documents import DocumentName
from schemas.records import Record
from store import snapshots
from store.document_library import load
from store.document_log import DocumentLog
from store.document_past import read_records
from store.lane import Lane
from store.postgres import Postgres, open_pool
from store.redis import connect
from tests.clients.project import create_project
from tests.hostile.attacker import Hocuspocus, YWebsocket, reason_in, update, upgraded
from tests.rest.databases import execute
from tests.rooms.test_replica import HOSTILE, text
from tests.support.stack import Stack
from workers.snapshot_document import LENIENT_FROM, try_snapshot
from workers.sweep import sweep

POISON = HOSTILE["nothing"]


class Clock:
    """The log's."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        return self.now


class Stores:
    """What a worker has."""

    def __init__(self, postgres: Postgres, log: DocumentLog, project: str) -> None:
        self.postgres, self.log, self._project = postgres, log, project

    async def document(self, *updates: bytes) -> DocumentName:
        """One with these records and no snapshot."""
        name = DocumentName(f"{self._project}/{uuid4()}")
        await load(self.postgres, self.log, name)
        await self.log.append([(name, 0, [Record(b"", 0, update) for update in updates])])
        return name

    async def sweep(self) -> None:
        """One round in which no job has done anything."""

        async def lost(name: DocumentName) -> None:
            """No worker takes this job."""

        await sweep(self.postgres, self.log, lost)

    async def snapshotted(self, name: DocumentName) -> int:
        """Up to which record."""
        snapshot = await snapshots.find(self.postgres, name)
        assert snapshot is not None
        return snapshot.number


@pytest.fixture
async def stores(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stores]:
    monkeypatch.setattr(workers.sweep, "OVERDUE", 0)
    async with opened(stack) as found:
        yield found


@asynccontextmanager
async def opened(stack: Stack) -> AsyncIterator[Stores]:
    project = await create_project(stack.urls)
    redis, commits = connect(stack.redis_url), Lane(stack.redis_url, "append")
    async with open_pool(stack.database_url) as postgres:
        yield Stores(postgres, DocumentLog(redis, commits, b"observer", follows=False), project.id)
    await commits.close()
    await redis.aclose(close_connection_pool=True)


async def test_a_poisoned_document_holds_up_no_other(stores: Stores) -> None:
    """A record that cannot be merged is told in the log, and the sweep goes on to the next document."""
    poisoned = await stores.document(text(1, 0, "a"), POISON)
    sound = await stores.document(text(1, 0, "a"))
    await stores.sweep()
    assert await stores.snapshotted(sound) == 1
    assert await stores.snapshotted(poisoned) == 0


async def test_what_cannot_be_merged_is_left_out_in_the_end(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """LENIENT_FROM: only after several attempts; the records stay in the history, with all others."""
    monkeypatch.setattr(store.document_log, "ATTEMPT_PAUSE", 0)
    poisoned = await stores.document(text(1, 0, "a"), POISON, text(2, 0, "b"), POISON, text(3, 0, "c"))
    for _ in range(LENIENT_FROM - 1):
        await try_snapshot(stores.postgres, stores.log, poisoned)
        assert await stores.snapshotted(poisoned) == 0
    await try_snapshot(stores.postgres, stores.log, poisoned)
    assert await stores.snapshotted(poisoned) == 5
    snapshot = await snapshots.find(stores.postgres, poisoned)
    assert snapshot is not None
    assert read_state_vector(Replica(snapshot.state).state_vector()).keys() == {1, 2, 3}
    kept = [
        record.update for commit in await read_records(stores.postgres, poisoned, 0, 10) for record in commit.records
    ]
    assert kept.count(POISON) == 2


async def test_attempts_that_fail_are_made_less_and_less_often(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """ATTEMPT_PAUSE: a document that ends each worker leaves the others time, and is counted as failing."""
    failing = await stores.log.failing()
    deadly = await stores.document(text(1, 0, "a"))
    # Workers that died in it: they began, and never told how it went.
    assert await stores.log.attempt(deadly) == 1
    sound = await stores.document(text(1, 0, "a"))
    await stores.sweep()
    assert await stores.log.attempt(deadly) == 0
    assert (await stores.snapshotted(deadly), await stores.snapshotted(sound)) == (0, 1)
    clock = Clock(time.time() + 11)
    monkeypatch.setattr(store.document_log, "time", clock)
    assert await stores.log.attempt(deadly) == 2
    clock.now += 19
    assert await stores.log.attempt(deadly) == 0, "the second pause is twice as long"
    clock.now += 2
    assert await stores.log.attempt(deadly) == 3
    assert await stores.log.failing() == failing + 1
    clock.now += 600
    await try_snapshot(stores.postgres, stores.log, deadly)
    assert await stores.snapshotted(deadly) == 1, "healed"
    assert await stores.log.failing() == failing


async def test_a_document_that_cannot_be_opened(stack: Stack) -> None:
    """1011 for its own connection; on a shared one only this document is denied."""
    project = await create_project(stack.urls)
    name = f"{project.id}/unreadable"
    first = YWebsocket(stack.ws_urls[0], name, project.tokens["editor"])
    async with upgraded(first.url) as client:
        await first.enter(client)
    execute(stack.database_url, "UPDATE documents SET state = %s WHERE name = %s", b"\xff", name)
    alone = YWebsocket(stack.ws_urls[1], name, project.tokens["editor"])
    async with upgraded(alone.url) as client:
        code, reason = await client.closed()
        assert (code, bool(reason)) == (1011, True)
    many = Hocuspocus(stack.ws_urls[1], name, project.tokens["editor"])
    async with upgraded(many.url) as client:
        sound = Hocuspocus(stack.ws_urls[1], f"{project.id}/sound", project.tokens["editor"])
        await many.ask(client)
        assert reason_in(await client.until(many.wrap(b"\x02\x01")))
        await sound.enter(client)


async def test_clients_of_a_poisoned_document_are_sent_away(stack: Stack) -> None:
    """The gateway lives; who is in the document is closed with 1011 and may come back; nobody else notices."""
    project = await create_project(stack.urls)
    pids = stack.status()
    victim = YWebsocket(stack.ws_urls[0], f"{project.id}/poisoned", project.tokens["editor"])
    neighbour = YWebsocket(stack.ws_urls[0], f"{project.id}/sound", project.tokens["editor"])
    many = Hocuspocus(stack.ws_urls[0], f"{project.id}/poisoned", project.tokens["editor"])
    async with (
        upgraded(victim.url) as first,
        upgraded(many.url) as second,
        upgraded(neighbour.url + "&acks=1") as third,
    ):
        for dialect, client in ((victim, first), (many, second), (neighbour, third)):
            await dialect.enter(client)
        async with opened(stack) as stores:
            await stores.log.append([(DocumentName(f"{project.id}/poisoned"), 0, [Record(b"", 0, POISON)])])
        for client in (first, second):
            code, reason = await client.closed()
            assert (code, bool(reason)) == (1011, True)
        await third.message(update(text(1, 0, "on")))
        await third.until(b"\x7f\x01")
    for dialect in (victim, many):
        async with upgraded(dialect.url) as client:
            await dialect.enter(client)
    assert stack.status() == pids
