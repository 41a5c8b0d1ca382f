"""The open documents of processes that share an in-memory log: opening, following, losing, unloading."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import pytest

import rooms.parts
import rooms.slices
from rooms import committer as committer_module
from rooms import limits
from rooms import open_documents as open_module
from rooms.codec.update import read_in_slices
from rooms.compact import compact
from rooms.crdt import read_state_vector
from rooms.cut import is_same
from rooms.parts import pack, parts, plan
from rooms.replica import Replica
from rooms.slices import at_once
from schemas.documents import DocumentName
from schemas.records import Commit, Loaded, Record, number_after_loss
from schemas.unavailable import Unavailable
from tests.rooms.peers import Client
from tests.rooms.test_replica import text
from tests.rooms.twins import NAME, processes
from tests.rooms.updates import honest
from tests.support.waiting import wait_until


def seated(client: Client) -> Client:
    """Through the handshake."""
    for _ in range(3):
        client.send()
        client.read()
    return client


async def test_all_who_wait_share_one_load() -> None:
    """[N3] A document is loaded once for all who ask at the same time; who gives up takes it from nobody."""
    async with processes(1) as (_, (process,)):
        waiting = [asyncio.create_task(process.documents.open(NAME)) for _ in range(5)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        opened = await asyncio.gather(*waiting[1:])
        assert len(set(map(id, opened))) == 1
        assert opened[0] is await process.documents.open(NAME)


async def test_what_is_committed_while_opening_is_there() -> None:
    """[D4] A record that another process commits between following and loading, or after, is not missed."""
    async with processes(2) as (log, (process, other)):
        log.put(other, NAME, [Record(b"", 0, text(1, 0, "a"))])
        load = process.load

        async def slow(name: DocumentName) -> Loaded:
            loaded = await load(name)
            log.put(other, name, [Record(b"", 0, text(2, 0, "b"))])
            await asyncio.sleep(0)
            return loaded

        process.load = slow  # type: ignore[method-assign]
        document = await process.documents.open(NAME)
        assert document.tail.known == 2
        expected = Replica()
        for client, letter in ((1, "a"), (2, "b")):
            expected.absorb(text(client, 0, letter))
        assert document.replica.state_vector() == expected.state_vector()


async def test_missed_announcements_are_read() -> None:
    """[S3] Records that were never announced are noticed by the next one's number, and read."""
    async with processes(2) as (log, (process, other)):
        document = await process.documents.open(NAME)
        log.deaf = True
        log.put(other, NAME, [Record(b"", 0, text(1, 0, "a"))])
        log.deaf = False
        log.put(other, NAME, [Record(b"", 0, text(2, 0, "b"))])
        await wait_until(lambda: document.tail.known == 2, "the gap to be read")
        assert len(document.replica.encode()) > 20


async def test_catch_up_at_once() -> None:
    """CATCH_UP_AT_ONCE: after announcements were missed only so many logs are read at a time, and in the end all."""
    async with processes(2) as (log, (process, other)):
        names = [DocumentName(f"{NAME}{number}") for number in range(3 * limits.CATCH_UP_AT_ONCE)]
        documents = [await process.documents.open(name) for name in names]
        log.deaf = True
        for name in names:
            log.put(other, name, [Record(b"", 0, text(1, 0, "a"))])
        log.deaf = False
        reading = most = 0
        answering = asyncio.Event()
        numbers = process.numbers

        async def slow(names: Sequence[DocumentName]) -> list[int | None]:
            nonlocal reading, most
            reading += 1
            most = max(most, reading)
            await answering.wait()
            reading -= 1
            return await numbers(names)

        process.numbers = slow  # type: ignore[method-assign]
        process.documents.missed_announcements()
        for _ in range(100):
            await asyncio.sleep(0)
        assert reading == limits.CATCH_UP_AT_ONCE
        answering.set()
        await wait_until(lambda: all(document.tail.known == 1 for document in documents), "all logs to be read")
        assert most == limits.CATCH_UP_AT_ONCE


async def test_a_lost_log_is_written_back() -> None:
    """[D6] [D7] When the log comes back empty, what a process has is restored, under numbers never given before."""
    async with processes(1) as (log, (process,)):
        client = Client()
        client.connect(await process.documents.open(NAME))
        seated(client)
        client.text += "kept"
        client.send()
        await wait_until(lambda: client.all_acknowledged, "the acknowledgement")
        before = log.numbers_given[NAME]
        log.lose()
        client.text += " and more"
        client.send()
        await wait_until(lambda: client.all_acknowledged, "the acknowledgement")
        assert log.numbers_given[NAME] >= number_after_loss(before, 0)
        replica = Replica()
        for commit in log.commits[NAME]:
            for record in commit.records:
                replica.absorb(record.update)
        fresh = Client()
        fresh.doc.apply_update(replica.encode())
        assert str(fresh.text) == "kept and more"


async def test_editing_goes_on_while_the_log_is_away() -> None:
    """[D5] Acknowledgements wait while the log is away, others see the edits at once; then all is committed."""
    async with processes(1) as (log, (process,)):
        document = await process.documents.open(NAME)
        writer, reader = Client(), Client()
        for client in (writer, reader):
            client.connect(document)
            seated(client)
        log.away = True
        for letter in "abc":
            writer.text += letter
            writer.send()

        def has_all() -> bool:
            reader.read()
            return str(reader.text) == "abc"

        await wait_until(has_all, "the edits")
        assert not writer.all_acknowledged
        log.away = False
        await wait_until(lambda: writer.all_acknowledged, "the acknowledgements")


async def test_pending_max(monkeypatch: pytest.MonkeyPatch) -> None:
    """PENDING_MAX: what waits for the log is merged, and still acknowledged message by message."""
    monkeypatch.setattr(committer_module, "PENDING_MAX", 10)
    async with processes(1) as (log, (process,)):
        client = Client()
        client.connect(await process.documents.open(NAME))
        seated(client)
        await wait_until(lambda: client.all_acknowledged, "the handshake")
        log.away = True
        client.text += "0"
        client.send()
        await wait_until(lambda: not process.committer._pending, "the first commit to be under way")
        for _ in range(50):
            client.text += "x"
        client.send()
        waiting = process.committer._pending
        await wait_until(lambda: all(len(each.records) <= 10 for each in waiting.values()), "merging")
        log.away = False
        await wait_until(lambda: client.all_acknowledged, "the acknowledgements")
        assert len(log.ever) <= 5


async def test_open_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """OPEN_TIMEOUT: an opening that takes too long fails for all who wait, and may be tried again."""
    monkeypatch.setattr(open_module, "OPEN_TIMEOUT", 0.05)
    async with processes(1) as (_, (process,)):
        load = process.load

        async def never(name: DocumentName) -> Loaded:
            await asyncio.Event().wait()
            raise AssertionError

        process.load = never  # type: ignore[method-assign]
        with pytest.raises(TimeoutError):
            await process.documents.open(NAME)
        assert not process.followed
        process.load = load  # type: ignore[method-assign]
        assert (await process.documents.open(NAME)).name == NAME


async def test_a_failed_opening_leaves_nothing() -> None:
    """A document that cannot be opened now is not half open."""
    async with processes(1) as (log, (process,)):
        log.away = True
        with pytest.raises(Unavailable):
            await process.documents.open(NAME)
        assert not process.followed and not len(process.documents)


async def test_unload_after(monkeypatch: pytest.MonkeyPatch) -> None:
    """UNLOAD_AFTER: a document stays open while somebody is there or something is not durable, and then goes."""
    assert limits.UNLOAD_AFTER > 1
    monkeypatch.setattr(open_module, "UNLOAD_AFTER", 0.0)
    async with processes(1) as (log, (process,)):
        client = Client()
        client.connect(await process.documents.open(NAME))
        seated(client)
        await process.documents.tidy()
        assert len(process.documents) == 1
        log.away = True
        client.text += "x"
        client.send()
        client.cut()
        await process.documents.tidy()
        assert len(process.documents) == 1
        log.away = False
        await wait_until(lambda: all(document.is_durable for document in process.documents), "durability")
        await process.documents.tidy()
        assert len(process.documents) == 0 and not process.followed


async def test_large_documents_are_opened_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others run after each part of a state, each record behind it, and between the parts of several documents."""
    monkeypatch.setattr(rooms.slices, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr(rooms.parts, "PART_STRUCTS", 2)
    state = compact(b"", honest(random.Random(4), 60, 4))
    plan_ = plan(at_once(read_in_slices(state)))
    packed = pack(at_once(plan_), state)
    tail = (Commit(3, tuple(Record(b"", 0, text(client, 0, "late")) for client in (71, 72, 73))),)
    slices = len(list(parts(state, packed))) + 3
    async with processes(1) as (_, (process,)):

        async def load(name: DocumentName) -> Loaded:
            return Loaded(3, state, tail, packed)

        async def read(name: DocumentName, after: int) -> tuple[Commit, ...]:
            return ()

        async def numbers(names: Sequence[DocumentName]) -> list[int]:
            return [3 for _ in names]

        process.load, process.read, process.numbers = load, read, numbers  # type: ignore[method-assign, assignment]
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        counting = asyncio.create_task(count())
        names = [NAME, DocumentName(NAME + "2"), DocumentName(NAME + "3")]
        opened = await asyncio.gather(*map(process.documents.open, names))
        counting.cancel()
        assert turns >= 3 * slices
    expected = Replica(state)
    for record in tail[0].records:
        expected.absorb(record.update)
    for document in opened:
        assert is_same(document.replica.encode(), expected.encode())


async def test_a_large_commit_is_followed_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """[S3] The records of one commit, when it is read from the log, are taken in one by one, and none is missed."""
    monkeypatch.setattr(rooms.slices, "SLICE_SECONDS", 0.0)
    async with processes(2) as (log, (process, other)):
        document = await process.documents.open(NAME)
        log.deaf = True
        log.put(other, NAME, [Record(b"", 0, text(client, 0, "x")) for client in range(1, 50)])
        log.deaf = False
        process.documents.missed_announcements()
        # What is announced meanwhile waits for its turn.
        for _ in range(1000):
            await asyncio.sleep(0)
            if document.tail.known >= 5:
                break
        assert document.tail.known < 49
        log.put(other, NAME, [Record(b"", 0, text(50, 0, "x"))])
        await wait_until(lambda: document.tail.known == 50 and not document.is_behind, "all records")
        assert len(read_state_vector(document.replica.state_vector())) == 50
