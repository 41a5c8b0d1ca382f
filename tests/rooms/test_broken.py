"""A record that cannot be merged ends its document, which is opened again without it; no other document notices."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rooms.crdt import Crdt, read_state_vector
from rooms.document import Document
from rooms.errors import Malformed, Unreadable
from rooms.limits import FAILED_RECORDS_MAX
from rooms.replica import Replica
from schemas.documents import DocumentName
from schemas.records import Commit, Loaded, Record
from schemas.unavailable import Unavailable
from tests.rooms.peers import Client
from tests.rooms.test_open_documents import seated
from tests.rooms.test_replica import HOSTILE, text
from tests.rooms.twins import NAME, Process, processes
from tests.support.waiting import wait_until

POISON = (Record(b"", 0, HOSTILE["nothing"]),)
OTHER = DocumentName(NAME + "2")


async def joined(process: Process, name: DocumentName = NAME) -> tuple[Client, Document]:
    client, document = Client(), await process.documents.open(name)
    client.connect(document)
    return seated(client), document


async def typed(client: Client, words: str) -> None:
    """Until it is durable."""
    client.text += words
    client.send()
    await wait_until(lambda: client.all_acknowledged, "the acknowledgement")


async def test_a_poisoned_announcement_ends_one_document() -> None:
    """Whoever is in the document is sent away; another document of the process goes on, and is committed."""
    async with processes(2) as (log, (process, other)):
        victim, document = await joined(process)
        neighbour, _ = await joined(process, OTHER)
        await typed(victim, "safe")
        log.put(other, NAME, POISON)
        await wait_until(lambda: document.broken, "the document to break")
        assert victim.document is None and not document.peers
        assert process.figures.broken == 1
        await typed(neighbour, "goes on")
        again, _ = await joined(process)
        assert str(again.text) == "safe"
        await typed(again, " and on")


async def test_failed_records_max() -> None:
    """FAILED_RECORDS_MAX: a document opens without some records that cannot be merged, but not without many."""
    async with processes(2) as (log, (process, other)):
        for client in range(1, 1 + FAILED_RECORDS_MAX):
            log.put(other, NAME, POISON)
            log.put(other, NAME, [Record(b"", 0, text(client, 0, "x"))])
        document = await process.documents.open(NAME)
        assert document.replica.left_out == FAILED_RECORDS_MAX
        assert len(read_state_vector(document.replica.state_vector())) == FAILED_RECORDS_MAX
        log.put(other, NAME, POISON)
        await wait_until(lambda: document.broken, "the document to break")
        with pytest.raises(Unreadable):
            await process.documents.open(NAME)


async def test_a_state_that_cannot_be_read() -> None:
    """What the worker stored is all or nothing."""
    async with processes(1) as (_, (process,)):

        async def bad(name: DocumentName) -> Loaded:
            return Loaded(1, POISON[0].update + b"\xff", ())

        process.load = bad  # type: ignore[method-assign]
        with pytest.raises(Unreadable):
            await process.documents.open(NAME)


async def test_poison_behind_an_own_commit() -> None:
    """What waited for an own commit is merged by the committer's task, which goes on when that cannot be done."""
    async with processes(2) as (log, (process, other)):
        victim, document = await joined(process)
        neighbour, _ = await joined(process, OTHER)
        append = process.append

        async def late(batch: object) -> Sequence[int | None]:
            numbers = await append(batch)  # type: ignore[arg-type]
            last = log.put(other, NAME, POISON)
            document.ahead.wait(Commit(last, POISON))
            return numbers

        process.append = late  # type: ignore[method-assign, assignment]
        victim.text += "own"
        victim.send()
        await wait_until(lambda: document.broken, "the document to break")
        process.append = append  # type: ignore[method-assign]
        await typed(neighbour, "goes on")
        again, _ = await joined(process)
        assert str(again.text) == "own"


async def test_what_was_handed_over_is_committed_all_the_same() -> None:
    """[D5] Edits that wait for the log when their document breaks are in it afterwards, before it is opened again."""
    async with processes(2) as (log, (process, other)):
        victim, document = await joined(process)
        await typed(victim, "first")
        log.away = True
        victim.text += ", then"
        victim.send()
        log.put(other, NAME, POISON)
        await wait_until(lambda: document.broken, "the document to break")
        log.away = False
        again, fresh = await joined(process)
        assert fresh is not document
        assert str(again.text) == "first, then"


async def test_poison_that_is_read_from_the_log() -> None:
    """A gap that is read ends the document too, and so does a log that nobody can read."""
    async with processes(2) as (log, (process, other)):
        _, document = await joined(process)
        log.deaf = True
        log.put(other, NAME, POISON)
        process.documents.missed_announcements()
        await wait_until(lambda: document.broken, "the document to break")
        _, document = await joined(process)

        async def unreadable(name: DocumentName, after: int) -> Sequence[Commit]:
            raise ValueError("no records at all")

        process.read = unreadable  # type: ignore[method-assign]
        log.put(other, NAME, [Record(b"", 0, text(9, 0, "x"))])
        process.documents.missed_announcements()
        await wait_until(lambda: document.broken, "the document to break")


async def test_an_edit_over_rest_that_breaks_it() -> None:
    """It is told to come back, and those who are there are sent away: nobody knows what was merged."""
    async with processes(1) as (_, (process,)):
        client, document = await joined(process)
        with pytest.raises(Unavailable):
            document.edit(bytes(16), HOSTILE["nothing"])
        assert client.document is None


async def test_a_replica_that_cannot_go_back() -> None:
    """Where a refused update cannot be undone, the document is opened again."""
    async with processes(1) as (_, (process,)):
        client, document = await joined(process)
        await typed(client, "safe")

        def stuck(update: bytes) -> None:
            raise Unreadable("no way back")

        document.replica = type("Stuck", (Replica,), {"apply": lambda self, update: stuck(update)})()
        assert client.peer is not None
        with pytest.raises(Unreadable):
            document.receive(client.peer, text(5, 0, "x"), is_answer=False)
        assert document.broken
        again, _ = await joined(process)
        assert str(again.text) == "safe"


async def test_presence_that_is_not_understood() -> None:
    """Other processes' presence is passed over where it is malformed."""
    async with processes(1) as (_, (process,)):
        client, _ = await joined(process)
        process.documents.hear_presence(NAME, "another", b"\xff")
        await typed(client, "goes on")


def test_a_keystroke_that_fails_leaves_nobody_guessing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the short way cannot merge may be merged half, and there is no way back."""
    replica = Replica()
    replica.apply(text(1, 0, "a"))

    def fail(update: bytes) -> bytes:
        raise Malformed("it does not apply")

    monkeypatch.setattr(Crdt, "merge", lambda crdt, update: fail(update))
    with pytest.raises(Unreadable):
        replica.apply(text(1, 1, "a"))
