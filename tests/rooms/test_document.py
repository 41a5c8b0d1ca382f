"""A document with in-memory peers and a committer that the test drives."""

from __future__ import annotations

import asyncio
from typing import Any

import pycrdt
import pytest

from rooms import fanout
from rooms.codec import awareness, messages, ywebsocket
from rooms.codec.awareness import State
from rooms.codec.messages import AwarenessUpdate
from rooms.crdt import EMPTY_UPDATE
from rooms.document import Document
from rooms.errors import Malformed
from tests.rooms.peers import Client, joined
from tests.rooms.test_replica import after, text
from tests.rooms.twins import Shelf
from tests.support.waiting import wait_until


async def test_a_client_is_asked_first(document: Document) -> None:
    """[S1] [S2] Step 1 comes before anything of the document; step 1 is answered, also with nothing."""
    client = Client()
    client.connect(document)
    client.send()
    assert client.inbox == [messages.step_1(b"\x00"), messages.step_2(EMPTY_UPDATE)]


async def test_acknowledged_only_when_committed(document: Document, shelf: Shelf) -> None:
    """[D1] [D2] Nothing is acknowledged before its record is durable; what says nothing new, with what was before."""
    client = joined(document)
    assert client.durable_count == client.sent == 1  # the empty step 2
    for letter in "abc":
        client.text += letter
    client.send()
    assert client.durable_count == 1
    shelf.commit(2)
    assert client.durable_count == 3
    client.outbox = [("update", client.doc.get_update())]
    client.send()
    assert client.durable_count == 3
    shelf.commit()
    assert client.durable_count == client.sent == 5


async def test_what_is_refused_leaves_the_others_alone(document: Document, shelf: Shelf) -> None:
    """[L1] A malformed update raises, and neither the log nor another peer hears of it."""
    honest, hostile = joined(document), joined(document)
    honest.inbox.clear()
    assert hostile.peer is not None
    with pytest.raises(Malformed):
        document.receive(hostile.peer, b"\x01\x02\x03", is_answer=False)
    with pytest.raises(Malformed):
        document.show(hostile.peer, b"\x01\x01")
    with pytest.raises(Malformed):
        document.sync(hostile.peer, b"\xff")
    assert not shelf.waiting and not honest.inbox


async def test_a_reader_is_refused(document: Document, shelf: Shelf) -> None:
    """[W1] What a viewer writes is refused with a reason, and goes nowhere."""
    viewer = Client(may_write=False)
    joined(document, viewer)
    viewer.text += "x"
    viewer.send()
    assert viewer.refusals and not shelf.waiting


async def test_a_gap_is_closed_by_asking(document: Document, shelf: Shelf) -> None:
    """[S6] The sender of an update with a gap is asked for all, once, and is acknowledged when it has answered."""
    client = joined(document)
    peer = client.peer
    assert peer is not None
    client.inbox.clear()
    document.receive(peer, after(5, 1, 0, "b"), is_answer=False)
    document.receive(peer, after(5, 2, 1, "c"), is_answer=False)
    client.sent += 2
    assert client.inbox == [messages.step_1(document.replica.state_vector())]
    whole: pycrdt.Doc[Any] = pycrdt.Doc()
    for update in (text(5, 0, "a"), after(5, 1, 0, "b"), after(5, 2, 1, "c")):
        whole.apply_update(update)
    client.sent += 1
    document.receive(peer, whole.get_update(), is_answer=True)
    shelf.commit()
    assert client.all_acknowledged


async def test_a_slow_author_gets_what_others_typed_with_it(document: Document, short: pytest.MonkeyPatch) -> None:
    """[S7] Whose socket fills while its edit waits for others' has all of them once it drained."""
    short.setattr(fanout, "MERGE_WINDOW_PER_PEER", 1.0)
    slow, other, third = joined(document), joined(document), joined(document)
    third.text += "c"
    third.send()  # leaves at once, and what follows waits
    slow.text.insert(0, "A")
    other.text.insert(0, "B")
    slow.send()
    other.send()
    for _ in range(2):  # full twice before the batch leaves
        slow.fill()
        slow.drain()
    slow.fill()
    before = len(third.inbox)
    await wait_until(lambda: len(third.inbox) > before, "the batch")
    slow.drain()
    for client in (slow, other, third):
        client.read()
    assert str(slow.text) == str(other.text) == str(third.text)
    assert len(str(slow.text)) == 3


async def test_a_gap_behind_a_full_socket(document: Document, shelf: Shelf) -> None:
    """[S6] [S7] A client whose socket is full is asked when it has drained."""
    client = joined(document)
    client.fill()
    assert client.peer is not None
    client.inbox.clear()
    document.receive(client.peer, after(5, 1, 0, "b"), is_answer=False)
    assert not client.inbox
    client.drain()
    assert messages.step_1(document.replica.state_vector()) in client.inbox


async def test_a_slow_client_gets_one_diff(document: Document) -> None:
    """[S7] While its socket is full a client gets nothing; then one update with all, also if it joined meanwhile."""
    writer, slow, late = joined(document), joined(document), Client()
    slow.fill()
    late.connect(document)
    late.fill()
    late.send()
    for letter in "abcdef":
        writer.text += letter
        writer.send()
        await asyncio.sleep(0.005)
    for client in (slow, late):
        client.inbox.clear()
        client.drain()
        assert len([message for message in client.inbox if message[:2] == b"\x00\x01"]) == 1
        client.read()
        assert str(client.text) == "abcdef"


async def test_presence_of_a_returning_peer(document: Document) -> None:
    """[P2] [P4] A newcomer is shown who is there; who leaves is gone for all."""
    first, second = joined(document), joined(document)
    assert first.peer is not None
    document.show(first.peer, awareness.encode([State(7, 1, b"{}")]))
    await wait_until(lambda: any(m[:1] == b"\x01" for m in second.inbox), "presence")
    newcomer = Client()
    newcomer.connect(document)
    newcomer.send()
    assert messages.awareness(awareness.encode([State(7, 1, b"{}")])) in newcomer.inbox
    first.cut()
    gone = messages.awareness(awareness.encode([State(7, 2, b"null")]))
    await wait_until(lambda: gone in newcomer.inbox, "that it is gone")


async def test_a_large_room_is_shown_in_parts(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    """[P2] [L3] Old clients send back what they are sent: of no more states, or bytes, than the server takes."""
    rooms = [joined(document) for _ in range(9)]
    for number, client in enumerate(rooms):
        assert client.peer is not None
        document.show(client.peer, awareness.encode([State(number, 1, b'"%s"' % (b"x" * 20 * number))]))
    monkeypatch.setattr(awareness, "PRESENCE_STATES_MAX", 5)
    monkeypatch.setattr(awareness, "PRESENCE_MESSAGE_MAX", 400)
    newcomer = Client()
    newcomer.connect(document)
    newcomer.send()
    assert_shown(newcomer, 9)
    newcomer.inbox.clear()
    await wait_until(lambda: newcomer.inbox, "the same as news")
    assert_shown(newcomer, 9)


def assert_shown(client: Client, count: int) -> None:
    """Clients 0 to `count` were shown to it, in several messages that the server itself would take."""
    told = [message for message in map(ywebsocket.decode, client.inbox) if isinstance(message, AwarenessUpdate)]
    assert len(told) > 2
    assert {state.client for each in told for state in awareness.decode(each.update)} == set(range(count))
