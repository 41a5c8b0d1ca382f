"""Large updates of clients are checked and merged in slices: all of it or nothing, in its turn, and others go on."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pycrdt
import pytest

import rooms.parts
import rooms.slices
from rooms import large_update, open_documents
from rooms.crdt import read_state_vector
from rooms.cut import is_same
from rooms.document import Document
from rooms.draft import Draft, read_large
from rooms.errors import Malformed, TooLarge
from rooms.limits import LARGE_AT_ONCE, READ_SLICE
from rooms.peer import Peer
from rooms.replica import Replica
from rooms.slices import Slices, at_once
from schemas.documents import DocumentName
from tests.rooms.peers import Client
from tests.rooms.test_replica import after, text
from tests.rooms.twins import NAME, Log, Process, processes
from tests.rooms.updates import edit
from tests.support.waiting import wait_until


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others run after each part."""
    monkeypatch.setattr(rooms.slices, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr(rooms.parts, "PART_STRUCTS", 100)


@pytest.fixture
async def place() -> AsyncIterator[tuple[Log, Process, Document]]:
    async with processes(1) as (log, (process,)):
        yield log, process, await process.documents.open(NAME)


def scattered(seed: int = 1, edits: int = 1500) -> bytes:
    """What a client did offline: many small structs."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=500 + seed)
    random_ = random.Random(seed)
    content = doc.get("content", type=pycrdt.Text)
    cells = doc.get("cells", type=pycrdt.Map)
    for number in range(edits):
        content.insert(random_.randint(0, len(str(content))), random_.choice(("a", "bc")))
        cells[str(random_.randrange(200))] = number
    assert len(doc.get_update()) > READ_SLICE
    return doc.get_update()


def joined(document: Document, client: Client) -> Client:
    """Through the handshake."""
    client.connect(document)
    for _ in range(2):
        client.send()
        client.read()
    return client


def receive(process: Process, client: Client, update: bytes, *, is_answer: bool = False) -> asyncio.Task[None]:
    """The client sends this."""
    assert client.document is not None and client.peer is not None
    client.sent += 1
    return asyncio.create_task(process.documents.receive(client.document, client.peer, update, is_answer=is_answer))


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def whole(log: Log) -> Replica:
    """What somebody sees who opens the document from its log."""
    replica = Replica()
    for commit in log.commits[NAME]:
        for record in commit.records:
            replica.absorb(record.update)
    return replica


async def test_others_go_on_meanwhile(place: tuple[Log, Process, Document]) -> None:
    """[S10] [D4] While a large update is merged others go on as if it were not there; then all have all of it."""
    log, process, document = place
    author, typist, reader = (joined(document, Client(number)) for number in (1, 2, 3))
    typist.text += "before "
    typist.send()
    update = scattered()
    done = receive(process, author, update)
    typed = 0
    while not done.done():
        await turns(3)
        typist.text.insert(0, "x")
        typist.send()
        reader.read()
        typed += 1
        if not done.done():
            assert str(reader.text) == str(typist.text)
            assert 501 not in read_state_vector(document.replica.state_vector())
    await done
    assert typed > 10, "too few for this test to say anything"
    late = joined(document, Client(4))
    expected = Replica(update)
    expected.absorb(typist.doc.get_update())
    for client in (typist, reader, late):
        client.read()
        assert is_same(client.doc.get_update(), expected.encode())
    await wait_until(lambda: author.all_acknowledged and typist.all_acknowledged, "the acknowledgements")
    assert is_same(whole(log).encode(), expected.encode())
    assert max(len(record.update) for record in log.ever) < len(update) / 5, "its parts are records of their own"


@pytest.mark.parametrize("seed", range(6))
async def test_any_two_at_once(place: tuple[Log, Process, Document], seed: int) -> None:
    """[S8] Several clients come back with much of everything at once, each has also what another one had."""
    log, process, document = place
    random_ = random.Random(seed)
    docs: list[pycrdt.Doc[Any]] = [pycrdt.Doc(client_id=10 + number) for number in range(3)]
    for number in range(900):
        doc = random_.choice(docs)
        edit(doc, random_)
        if number % 97 == 0:
            random_.choice(docs).apply_update(doc.get_update())
    clients = [joined(document, Client(number)) for number in (1, 2, 3)]
    work = [
        receive(process, *each, is_answer=True) for each in zip(clients, [d.get_update() for d in docs], strict=True)
    ]
    await asyncio.gather(*work)
    expected = Replica()
    for doc in docs:
        expected.absorb(doc.get_update())
    assert is_same(document.replica.encode(), expected.encode())
    await wait_until(lambda: all(client.all_acknowledged for client in clients), "the acknowledgements")
    assert is_same(whole(log).encode(), expected.encode())
    clients[0].read()
    known = len(log.ever)
    await receive(process, clients[0], document.replica.encode())
    await wait_until(lambda: clients[0].all_acknowledged, "what says nothing new")
    assert len(log.ever) == known


def refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """The CRDT fails on the fifth part of an update."""
    absorb, count = Replica.absorb, 0

    def failing(replica: Replica, update: bytes, **how: Any) -> bytes:
        nonlocal count
        count += 1
        if count == 5:
            raise Malformed("it panicked")
        return absorb(replica, update, **how)

    monkeypatch.setattr(Replica, "absorb", failing)


@pytest.mark.parametrize("how", ["half-way", "cut short", "one byte more", "circle"])
async def test_all_or_nothing(place: tuple[Log, Process, Document], monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """[L1] [S10] A large update that fails, wherever it fails, leaves nothing anywhere."""
    log, process, document = place
    author, other = joined(document, Client(1)), joined(document, Client(2))
    other.text += "kept"
    other.send()
    before = document.replica.encode()
    update = scattered()
    match how:
        case "half-way":
            refuse(monkeypatch)
        case "cut short":
            update = update[: len(update) // 2]
        case "one byte more":
            update += b"\0"
        case "circle":
            eights = b"\x84\x09\x00\x01a" + b"".join(b"\x84\x08" + bytes((n,)) + b"\x01x" for n in range(100)) * 1
            filler = b"".join(b"\x84\x07" + _short(n) + b"\x01y" for n in range(5000))
            update = b"\x03\x65\x08\x00" + eights + b"\x01\x09\x00\x84\x08\x00\x01b"
            update += _short(5001) + b"\x07\x00\x04\x01\x01t\x01y" + filler + b"\x00"
    with pytest.raises(Malformed):
        await receive(process, author, update)
    monkeypatch.undo()
    assert document.replica.encode() == before
    other.read()
    assert str(other.text) == "kept"
    other.text += " on"
    other.send()
    await wait_until(lambda: other.all_acknowledged, "the other one's acknowledgements")
    assert len(log.ever) == 2


def _short(number: int) -> bytes:
    return bytes((number,)) if number < 128 else bytes((number & 0x7F | 0x80, number >> 7))


async def test_who_leaves_takes_it_along(place: tuple[Log, Process, Document]) -> None:
    """[S10] A peer that is gone before its large update was merged leaves nothing of it."""
    log, process, document = place
    author, other = joined(document, Client(1)), joined(document, Client(2))
    done = receive(process, author, scattered())
    await turns(12)
    assert not done.done()
    author.cut()
    await turns(3)
    assert done.done(), "nobody waits for the rest of the work"
    assert not log.ever and not read_state_vector(document.replica.state_vector())
    other.text += "on"
    other.send()
    await wait_until(lambda: other.all_acknowledged, "the other one's acknowledgement")


async def test_who_may_not_write(place: tuple[Log, Process, Document]) -> None:
    """[W1] Nor does one that lost its right meanwhile; one that never had it may answer what is known."""
    log, process, document = place
    author, viewer = joined(document, Client(1)), joined(document, Client(2, may_write=False))
    update = scattered()
    done = receive(process, author, update)
    await turns(12)
    assert author.peer is not None and not done.done()
    author.peer.may_write = False
    await done
    assert len(author.refusals) == 1 and not log.ever
    author.peer.may_write = True
    await receive(process, author, update)
    await receive(process, viewer, update, is_answer=True)
    assert not viewer.refusals
    await wait_until(lambda: viewer.all_acknowledged, "the viewer's acknowledgement")
    for late, is_answer in ((scattered(2), True), (update, False)):
        await receive(process, viewer, late, is_answer=is_answer)
    assert len(viewer.refusals) == 2


async def test_what_depends_on_something_missing(place: tuple[Log, Process, Document]) -> None:
    """[S6] A large update with a gap before it is not merged; its sender is asked, and then acknowledged."""
    log, process, document = place
    client = joined(document, Client(1))
    first, rest = text(501, 0, "begin"), scattered(2)
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=501)
    doc.apply_update(first)
    known = doc.get_state()
    content = doc.get("content", type=pycrdt.Text)
    for number in range(5000):
        content.insert(number % 7, "y")
    client.inbox.clear()
    await receive(process, client, doc.get_update(known))
    assert not log.ever and client.inbox[0][:2] == b"\x00\x00"
    await receive(process, client, doc.get_update(), is_answer=True)
    await wait_until(lambda: client.all_acknowledged, "both acknowledgements")
    assert rest and is_same(document.replica.encode(), doc.get_update())


async def test_too_large_by_then(place: tuple[Log, Process, Document], monkeypatch: pytest.MonkeyPatch) -> None:
    """[L2] A document that grew meanwhile has no room for the update any more."""
    log, process, document = place
    author, other = joined(document, Client(1)), joined(document, Client(2))
    update = scattered()
    monkeypatch.setattr("rooms.document.DOCUMENT_MAX", len(update) + 1000)
    done = receive(process, author, update)
    await turns(12)
    other.text += "z" * 2000
    other.send()
    with pytest.raises(TooLarge):
        await done
    await wait_until(lambda: other.all_acknowledged, "the other one's acknowledgement")
    assert len(log.ever) == 1


async def test_a_much_larger_document(place: tuple[Log, Process, Document], monkeypatch: pytest.MonkeyPatch) -> None:
    """DRAFT_RATIO: beside a document that is much larger no draft is made; the update is merged in one go."""
    log, process, document = place
    author = joined(document, Client(1))

    def never(draft: Draft, large: object) -> Slices[None]:
        raise AssertionError("a draft was made")

    document.receive(author.peer, text(9, 0, "x" * 200_000), is_answer=False)  # type: ignore[arg-type]
    monkeypatch.setattr(Draft, "merge", never)
    await receive(process, author, scattered())
    assert 501 in read_state_vector(document.replica.state_vector())
    await wait_until(lambda: len(log.ever) == 2, "the records")


def test_drafts_are_let_go_of() -> None:
    """A draft that is not used up leaves the replica as it was: it tells nobody what is merged any more."""
    replica = Replica(text(1, 0, "begin"))
    large = at_once(read_large(replica, scattered()))
    assert large.checked is not None
    draft = Draft(replica, large.checked)
    replica.apply(after(1, 5, 4, "a"))
    draft.close()
    replica.apply(after(1, 6, 5, "b"))
    assert not replica._listeners


async def test_an_abandoned_update(place: tuple[Log, Process, Document]) -> None:
    """Work that is never gone on with leaves nothing either."""
    _, _, document = place
    client = joined(document, Client(1))
    work = large_update.receive(document, client.peer, scattered(), is_answer=False)  # type: ignore[arg-type]
    while not document.replica._listeners:
        next(work)
    work.close()
    assert not document.replica._listeners


def test_reading_stops_now_and_then() -> None:
    """READ_SLICE: the check of an update stops at least every so many bytes, wherever they are."""
    deep: pycrdt.Doc[Any] = pycrdt.Doc()
    deep.get("map", type=pycrdt.Map)["k"] = [[1, "x", {"y": None}]] * 20_000
    gaps: pycrdt.Doc[Any] = pycrdt.Doc()
    content = gaps.get("t", type=pycrdt.Text)
    content += "ab" * 20_000
    with gaps.transaction():
        for number in range(20_000):
            del content[number : number + 1]
    for update in (scattered(), deep.get_update(), gaps.get_update()):
        stops = sum(1 for _ in rooms.codec.update.read_in_slices(update))
        plain = len("ab" * 20_000) if update == gaps.get_update() else 0
        assert stops >= (len(update) - plain) // READ_SLICE - 2, (stops, len(update))
        assert at_once(rooms.codec.update.read_in_slices(update)).sections


async def test_large_at_once(place: tuple[Log, Process, Document], monkeypatch: pytest.MonkeyPatch) -> None:
    """LARGE_AT_ONCE: of very large updates only so many are under way at once; smaller ones do not wait."""
    _, process, _ = place
    monkeypatch.setattr(open_documents, "PART_BYTES", READ_SLICE)
    receive_one, under_way, most = large_update.receive, 0, 0

    def counted(document: Document, peer: Peer, update: bytes, *, is_answer: bool) -> Slices[None]:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        yield from receive_one(document, peer, update, is_answer=is_answer)
        under_way -= 1

    monkeypatch.setattr(large_update, "receive", counted)
    names = [DocumentName(f"{NAME}{number}") for number in range(LARGE_AT_ONCE + 3)]
    clients = [joined(await process.documents.open(name), Client(1 + at)) for at, name in enumerate(names)]
    work = [receive(process, client, scattered()) for client in clients[:-1]]
    await turns(3)
    await receive(process, clients[-1], text(7, 0, "x" * 100))
    assert not any(each.done() for each in work), "what is not so large does not wait"
    await asyncio.gather(*work)
    assert (under_way, most) == (0, LARGE_AT_ONCE + 1)
    await wait_until(lambda: all(client.all_acknowledged for client in clients), "the acknowledgements")
