"""Documents that cannot be merged, or end whoever merges them, hold up no other document. On the real servers."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

import store.document_log
import workers.sweep
from schemas.documents import DocumentName
from schemas.records import Record
from store import snapshots
from store.document_library import load
from store.document_log import DocumentLog
from store.lane import Lane
from store.postgres import Postgres, open_pool
from store.redis import connect
from tests.clients.project import create_project
from tests.hostile.attacker import Hocuspocus, YWebsocket, reason_in, update, upgraded
from tests.rooms.test_replica import HOSTILE, text
from tests.support.stack import Stack
from workers.snapshot_document import try_snapshot
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


async def test_clients_of_a_poisoned_document_are_sent_away(stack: Stack) -> None:
    """The gateway lives; who is in the document is closed with 1011, as is who comes back; nobody else notices."""
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
    async with upgraded(victim.url) as client:
        code, reason = await client.closed()
        assert (code, bool(reason)) == (1011, True)
    async with upgraded(many.url) as client:
        sound = Hocuspocus(stack.ws_urls[0], f"{project.id}/sound", project.tokens["editor"])
        await many.ask(client)
        assert reason_in(await client.until(many.wrap(b"\x02\x01")))
        await sound.enter(client)
    assert stack.status() == pids
