"""Connections with large updates: their messages keep their order, in both dialects, and they may end at any moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

import rooms.parts
import rooms.slices
from gateway.sockets import connection as connection_module
from gateway.sockets.connection import Connection
from rooms.codec import messages, ywebsocket
from rooms.codec.lib0 import var_bytes, var_string
from rooms.codec.messages import SyncStep2
from rooms.crdt import read_state_vector
from rooms.document import Document
from rooms.replica import Replica
from schemas.close_codes import CloseCode
from tests.hostile.desk import PROJECT, Desk, Transport, desk, settled
from tests.hostile.test_frames import frame
from tests.rooms.test_large_updates import scattered
from tests.rooms.test_replica import after, text

ADDRESS = var_string(f"{PROJECT}/main")
STEP_1 = b"\x00\x00" + var_bytes(b"\x00")
LARGE = 501
"""The client of the large update."""


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others run after each part."""
    monkeypatch.setattr(rooms.slices, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr(rooms.parts, "PART_STRUCTS", 100)


@pytest.fixture
async def gateway() -> AsyncIterator[Desk]:
    async with desk() as made:
        yield made


class Line:
    """A connection in its document, of either dialect."""

    def __init__(self, transport: Transport, connection: Connection, address: bytes) -> None:
        self.transport, self.connection, self.address = transport, connection, address

    def say(self, *bodies: bytes, opcode: int = 2) -> None:
        """Several messages that arrive together."""
        frames = b"".join(frame(self.address + body, opcode=opcode, mask=bytes(4)) for body in bodies)
        self.connection.data_received(frames)

    def answers(self) -> list[bytes]:
        """The step 2s that it got."""
        bodies = [message[len(self.address) :] for message in self.transport.messages]
        found = [ywebsocket.decode(body) for body in bodies if body[:1] == b"\x00"]
        return [body.update for body in found if isinstance(body, SyncStep2)]


@pytest.fixture(params=["y-websocket", "hocuspocus"])
async def line(request: pytest.FixtureRequest, gateway: Desk) -> Line:
    if request.param == "y-websocket":
        return Line(*await gateway.collab(acks=True), b"")
    transport, connection = gateway.connect()
    made = Line(transport, connection, ADDRESS)
    made.say(b"\x02\x00" + var_string("good") + var_string("4.8.0"))
    await settled(lambda: seated(transport), "its seat")
    return made


def seated(transport: Transport) -> bool:
    return any(message.startswith(ADDRESS + b"\x02\x02") for message in transport.messages)


def is_read(line: Line) -> bool:
    return line.transport.reading


def only(gateway: Desk) -> Document:
    (document,) = gateway.process.documents
    return document


def clocks(replica: Replica) -> dict[int, int]:
    return read_state_vector(replica.state_vector())


def acknowledged(line: Line, count: int) -> Callable[[], bool]:
    """Whether so many of its messages are durable."""
    saved = line.address + b"\x08\x01" if line.address else ywebsocket.acknowledged(count)
    return lambda: line.transport.messages.count(saved) == (count if line.address else 1)


async def test_messages_keep_their_order(gateway: Desk, line: Line) -> None:
    """[S10] [D2] [D3] What comes behind a large update is dealt with behind it, and acknowledged with it, in order."""
    update = scattered()
    dependent = after(9, 0, 0, "b").replace(b"\x84\x09\x00", b"\x84" + b"\xf5\x03\x00")
    line.say(messages.update(update), messages.update(dependent), STEP_1)
    line.say(messages.update(after(9, 1, 0, "c")))
    assert not is_read(line) and not line.answers() and not clocks(only(gateway).replica)
    await settled(lambda: line.answers(), "the answer")
    assert is_read(line)
    (answer,) = line.answers()
    assert clocks(Replica(answer)) == {LARGE: clocks(Replica(update))[LARGE], 9: 1}
    await settled(acknowledged(line, 3), "the acknowledgements")
    assert clocks(only(gateway).replica)[9] == 2


async def test_an_error_behind_it_comes_behind_it(gateway: Desk, line: Line) -> None:
    """[L1] A malformed message closes the connection, but not before the large update ahead of it was merged."""
    line.say(messages.update(scattered()), messages.update(b"\xff"), messages.update(text(9, 0, "never")))
    assert not line.connection.closing
    await settled(lambda: line.transport.close_code, "the close")
    assert line.transport.close_code == CloseCode.MALFORMED.value
    assert set(clocks(only(gateway).replica)) == {LARGE}


@pytest.mark.parametrize("how", ["malformed", "lost", "closed", "said goodbye"])
async def test_it_may_end_meanwhile(gateway: Desk, line: Line, how: str) -> None:
    """[L1] A connection whose large update is malformed, or that ends before it is merged, harms nobody."""
    update = scattered()
    line.say(messages.update(update[:-1] if how == "malformed" else update), messages.update(text(9, 0, "never")))
    match how:
        case "lost":
            line.connection.connection_lost(None)
        case "closed":
            line.connection.close(CloseCode.RESTART.value, "come back")
            assert line.transport.reading
            # Its own goodbye is still understood, behind all that it said before.
            line.connection.data_received(frame(b"\x03\xf4", opcode=8, mask=bytes(4)))
            assert line.transport.closed
        case "said goodbye":
            # Behind what it said, and that is merged.
            line.connection.data_received(frame(b"\x03\xe8", opcode=8, mask=bytes(4)))
    await settled(lambda: not gateway.hall._tasks, "the end of the work")
    assert line.connection.closing
    expected = {LARGE, 9} if how == "said goodbye" else set()
    assert set(clocks(only(gateway).replica)) == expected
    transport, _ = await gateway.collab("main")
    assert transport.close_code is None


async def test_two_reasons_not_to_read(gateway: Desk, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """[L4] A connection that is faster than allowed is not read when its large update is merged, until it may be."""
    monkeypatch.setattr(connection_module, "FRAMES_BURST", 0)
    line.connection._budget = 0
    line.say(messages.update(scattered()))
    await settled(lambda: not gateway.hall._tasks, "the work")
    assert not is_read(line)
    _, rested = gateway.clock.calls[-1]
    gateway.clock.time += 10
    rested()
    assert is_read(line)


async def test_what_waited_for_a_token(gateway: Desk) -> None:
    """[S10] Large updates that waited for a token keep their place among what waited, and before what comes then."""
    transport, connection = gateway.connect()
    line = Line(transport, connection, ADDRESS)
    dependent = after(9, 0, 0, "b").replace(b"\x84\x09\x00", b"\x84" + b"\xf5\x03\x00")
    line.say(messages.update(scattered()), messages.update(dependent))
    line.say(b"\x02\x00" + var_string("good") + var_string("4.8.0"))
    for _ in range(1000):
        await asyncio.sleep(0)
        if seated(transport):
            break
    line.say(STEP_1)
    assert not line.answers()
    await settled(lambda: line.answers(), "the answer")
    assert set(clocks(Replica(line.answers()[0]))) == {LARGE, 9}
    await settled(acknowledged(line, 2), "the acknowledgements")


async def test_its_echo(gateway: Desk) -> None:
    """[S5] A y-websocket client without acknowledgements gets its own large update back once it is durable."""
    transport, connection = await gateway.collab()
    line = Line(transport, connection, b"")
    line.say(messages.update(scattered()))
    await settled(lambda: any(len(message) > 10_000 for message in transport.messages), "the echo")
    (echo,) = [message for message in transport.messages if len(message) > 10_000]
    body = ywebsocket.decode(echo)
    assert isinstance(body, messages.Update) and clocks(Replica(body.update)) == clocks(only(gateway).replica)
