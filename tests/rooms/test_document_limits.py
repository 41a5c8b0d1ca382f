"""What happens to a document, and to its peers, at each of its limits (rooms/limits.py)."""

from __future__ import annotations

import asyncio

import pytest

from rooms import document as document_module
from rooms import fanout, limits
from rooms import size as size_module
from rooms.codec import awareness
from rooms.codec.awareness import State
from rooms.codec.lib0 import var_bytes
from rooms.crdt import EMPTY_STATE_VECTOR, EMPTY_UPDATE
from rooms.document import Document
from rooms.errors import Crowded, Malformed, TooLarge
from rooms.figures import Figures
from rooms.presence_relay import PresenceRelay
from rooms.replica import Replica
from schemas.records import Commit, Record
from tests.rooms.conftest import unheard
from tests.rooms.peers import Client, joined
from tests.rooms.test_replica import after, text
from tests.rooms.twins import NAME, Shelf


async def test_update_max(document: Document, short: pytest.MonkeyPatch) -> None:
    """[L2] UPDATE_MAX: 1009, before anything else looks at it."""
    short.setattr(document_module, "UPDATE_MAX", 100)
    client = joined(document)
    assert client.peer is not None
    document.receive(client.peer, text(5, 0, "x" * 60), is_answer=False)
    with pytest.raises(TooLarge):
        document.receive(client.peer, text(6, 0, "x" * 100), is_answer=False)


async def test_document_max(document: Document, shelf: Shelf, short: pytest.MonkeyPatch) -> None:
    """[L2] DOCUMENT_MAX: 1009, also for a document that had its size when it was opened."""
    short.setattr(document_module, "DOCUMENT_MAX", 1000)
    client = joined(document)
    assert client.peer is not None
    for number in range(9):
        document.receive(client.peer, text(number + 5, 0, "x" * 80), is_answer=False)
    with pytest.raises(TooLarge):
        document.receive(client.peer, text(50, 0, "x" * 200), is_answer=False)
    reopened = Document(
        NAME,
        document.replica,
        0,
        loop=asyncio.get_running_loop(),
        committer=shelf,
        relay=PresenceRelay(unheard, asyncio.get_running_loop(), Figures()),
        figures=Figures(),
        size=len(document.replica.encode()),
    )
    again = joined(reopened)
    assert again.peer is not None
    with pytest.raises(TooLarge):
        reopened.receive(again.peer, text(50, 0, "x" * 200), is_answer=False)


async def test_size_pause(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    """[L2] SIZE_PAUSE: who writes into a full document again and again costs nothing; what was deleted makes room."""
    monkeypatch.setattr(document_module, "DOCUMENT_MAX", 1000)
    monkeypatch.setattr(size_module, "SIZE_PAUSE", 3600.0)
    encoded = 0
    encode = document.replica.encode

    def counted(state_vector: bytes = EMPTY_STATE_VECTOR) -> bytes:
        nonlocal encoded
        encoded += 1
        return encode(state_vector)

    client = joined(document)
    client.text += "x" * 900
    client.send()
    peer = joined(document).peer
    assert peer is not None
    monkeypatch.setattr(Replica, "encode", lambda self, state_vector=EMPTY_STATE_VECTOR: counted(state_vector))
    for _ in range(50):
        with pytest.raises(TooLarge):
            document.receive(peer, text(50, 0, "y" * 200), is_answer=False)
    assert encoded == 1
    del client.text[0:900]
    client.send()
    with pytest.raises(TooLarge):
        document.receive(peer, text(50, 0, "y" * 200), is_answer=False)
    assert encoded == 1, "it changed, but it was measured not long ago"
    monkeypatch.setattr(size_module, "SIZE_PAUSE", 0.0)
    document.receive(peer, text(50, 0, "y" * 200), is_answer=False)
    assert encoded == 2


async def test_peers_per_document(document: Document, short: pytest.MonkeyPatch) -> None:
    """[L3] PEERS_PER_DOCUMENT: 1013."""
    short.setattr(document_module, "PEERS_PER_DOCUMENT", 3)
    clients = [joined(document) for _ in range(3)]
    with pytest.raises(Crowded):
        joined(document)
    clients[0].cut()
    joined(document)


async def test_presence_clients_per_peer(document: Document) -> None:
    """[L3] PRESENCE_CLIENTS_PER_PEER: 4400, in one message or in many."""
    client = joined(document)
    assert client.peer is not None
    for number in range(limits.PRESENCE_CLIENTS_PER_PEER):
        document.show(client.peer, awareness.encode([State(number, 1, b"{}")]))
    with pytest.raises(Malformed):
        document.show(client.peer, awareness.encode([State(99, 1, b"{}")]))
    another = joined(document)
    assert another.peer is not None
    many = [State(1000 + number, 1, b"{}") for number in range(limits.PRESENCE_CLIENTS_PER_PEER + 1)]
    with pytest.raises(Malformed):
        document.show(another.peer, awareness.encode(many))


async def test_gaps_max(document: Document) -> None:
    """[L1] GAPS_MAX: a peer that never sends what its updates depend on is malformed in the end."""
    client = joined(document)
    assert client.peer is not None
    for clock in range(limits.GAPS_MAX):
        document.receive(client.peer, after(5, clock + 10, clock, "b"), is_answer=False)
    with pytest.raises(Malformed):
        document.receive(client.peer, after(5, 9_999, 5, "b"), is_answer=False)


async def test_merge_max(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    """MERGE_MAX: so many updates wait at most, then they leave together before the window ends."""
    # A window that lasts longer than the test, so that only the number can end it.
    monkeypatch.setattr(fanout, "MERGE_WINDOW_PER_PEER", 60.0)
    monkeypatch.setattr(fanout, "MERGE_WINDOW_MAX", 60.0)
    writer, reader = joined(document), joined(document)
    writer.text += "first"
    writer.send()
    reader.read()
    for _ in range(limits.MERGE_MAX + 1):
        writer.text += "x"
    writer.send()
    reader.read()
    assert len(str(reader.text)) >= len("first") + limits.MERGE_MAX


async def test_ahead_max(document: Document) -> None:
    """AHEAD_MAX: so many commits wait for one before them, then the log is read."""
    for number in range(limits.AHEAD_MAX):
        assert document.ahead.wait(Commit(number + 5, (Record(b"", 0, EMPTY_UPDATE),)))
    assert not document.ahead.wait(Commit(9_999, (Record(b"", 0, EMPTY_UPDATE),)))


async def test_whole_states_max(document: Document) -> None:
    """WHOLE_STATES_MAX: encoded states are kept for a few addresses, not for as many as a client invents."""
    for number in range(limits.WHOLE_STATES_MAX * 3):
        client = Client()
        client.connect(document)
        assert client.peer is not None
        client.peer.address = var_bytes(b"name\x00%d" % number)
        document.sync(client.peer, b"\x00")
        assert len(document._whole) <= limits.WHOLE_STATES_MAX


def test_way_back_min() -> None:
    """WAY_BACK_MIN: what is kept to undo a failing update is bounded by it, or by the document's size."""
    replica = Replica()
    replica.apply(text(1, 0, "a"))
    replica.apply(text(2, 0, "x" * 200))  # not a keystroke: from here on there is a way back
    for clock in range(5_000):
        replica.apply(after(2, 200 + clock, 199 + clock, "y"))
        assert replica._back_size <= limits.WAY_BACK_MIN + 200
