"""Every limit of connections (gateway/sockets/limits.py) is passed once, and gives its answer."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from gateway.sockets import connection as connection_module
from gateway.sockets import hall as hall_module
from gateway.sockets import hocuspocus as session_module
from gateway.sockets import limits
from gateway.sockets.connection import Connection
from gateway.sockets.frames import PING
from gateway.sockets.hocuspocus_seat import Seat
from rooms.codec.lib0 import var_bytes, var_string, var_uint
from rooms.limits import PRESENCE_MESSAGE_MAX, PRESENCE_STATES_MAX, PRESENCE_STATES_PER_FRAME
from tests.hostile.attacker import awareness, reason_in, step_1, step_2, update
from tests.hostile.desk import PROJECT, Desk, Transport, desk, say, settled
from tests.hostile.test_frames import frame
from tests.rooms.test_replica import text


@pytest.fixture
async def gateway() -> AsyncIterator[Desk]:
    async with desk() as made:
        yield made


def address(path: str = "main", session: str = "") -> bytes:
    """What stands before a Hocuspocus message."""
    return var_string(f"{PROJECT}/{path}" + (f"\0{session}" if session else ""))


def token(value: str = "good", where: bytes = b"") -> bytes:
    """A Hocuspocus token."""
    return (where or address()) + b"\x02\x00" + var_string(value) + var_string("4.8.0")


def has(transport: Transport, start: bytes) -> bool:
    """Whether a message that begins so was sent."""
    return any(message.startswith(start) for message in transport.messages)


def seated_at(transport: Transport, where: bytes) -> Callable[[], bool]:
    return lambda: has(transport, where + b"\x02\x02")


def said(transport: Transport, count: int) -> Callable[[], bool]:
    return lambda: len(transport.messages) == count


def grown(transport: Transport, size: int) -> Callable[[], bool]:
    return lambda: len(transport.written) > size


def ended(transport: Transport) -> Callable[[], bool]:
    return lambda: transport.close_code is not None


async def test_frame_max(gateway: Desk) -> None:
    """[L2] FRAME_MAX: 1009 for a message, at its head."""
    transport, connection = await gateway.collab()
    connection.data_received(b"\x82\xff" + (limits.FRAME_MAX + 1).to_bytes(8, "big") + b"mask")
    assert transport.close_code == 1009


async def test_before_auth_bytes(gateway: Desk) -> None:
    """[L5] BEFORE_AUTH_BYTES: 1009, in one message or in many; with a valid token messages may be larger."""
    transport, connection = gateway.connect()
    connection.data_received(b"\x82\xff" + (limits.BEFORE_AUTH_BYTES + 1).to_bytes(8, "big") + b"mask")
    assert transport.close_code == 1009
    transport, connection = gateway.connect()
    for _ in range(6):
        say(connection, address() + update(bytes(1 << 20)))
    assert transport.close_code == 1009
    transport, connection = gateway.connect()
    say(connection, token())
    await settled(lambda: has(transport, address() + b"\x02\x02"), "the seat")
    say(connection, address() + update(text(1, 0, "x" * (limits.BEFORE_AUTH_BYTES + 1))))
    assert transport.close_code is None


async def test_before_auth_frames(gateway: Desk) -> None:
    """[L5] BEFORE_AUTH_FRAMES: 4429; what reached its document counts no more."""
    transport, connection = gateway.connect()
    for number in range(limits.BEFORE_AUTH_FRAMES + 1):
        assert transport.close_code is None, number
        say(connection, address() + b"\x03")
    assert transport.close_code == 4429
    transport, connection = gateway.connect()
    for round_ in range(4):
        where = address(f"document {round_}")
        for _ in range(limits.BEFORE_AUTH_FRAMES // 2):
            say(connection, where + b"\x03")
        say(connection, token(where=where))
        await settled(seated_at(transport, where), "the seat")
    assert transport.close_code is None


async def test_refused_tokens_are_counted(gateway: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """[L5] [W2] A refused token may be followed by a good one, but not by another one for ever: 4429."""
    monkeypatch.setattr(session_module, "BEFORE_AUTH_FRAMES", 5)
    transport, connection = gateway.connect()
    for number in range(5):
        say(connection, token("bad"))
        await settled(said(transport, number + 1), "the refusal")
        assert reason_in(transport.messages[-1]) == "not a token"
    say(connection, token("bad"))
    await settled(lambda: transport.close_code is not None, "the end")
    assert transport.close_code == 4429


async def test_documents_per_socket(gateway: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """[L5] DOCUMENTS_PER_SOCKET: permission denied for this document; the others stay."""
    monkeypatch.setattr(session_module, "DOCUMENTS_PER_SOCKET", 2)
    transport, connection = gateway.connect()
    for path in "abc":
        say(connection, token(where=address(path)))
    await settled(lambda: has(transport, address("b") + b"\x02\x02"), "the seats")
    assert has(transport, address("a") + b"\x02\x02")
    assert has(transport, address("c") + b"\x02\x01")
    assert transport.close_code is None


async def test_auth_seconds(gateway: Desk) -> None:
    """[L5] AUTH_SECONDS: 4408 without any open document for so long; closing the last one does not end it at once."""
    silent, silent_connection = gateway.connect()
    transport, connection = gateway.connect()
    say(connection, token())
    await settled(lambda: has(transport, address() + b"\x02\x02"), "the seat")
    for moment in (limits.AUTH_SECONDS / 2, limits.AUTH_SECONDS + 1):
        assert silent.close_code is None
        gateway.clock.time = moment
        for each in (silent_connection, connection):
            each.tick(moment)
    assert silent.close_code == 4408
    say(connection, address() + b"\x07")
    connection.tick(gateway.clock.time + limits.TICK)
    assert transport.close_code is None
    connection.tick(gateway.clock.time + limits.AUTH_SECONDS + limits.TICK)
    assert transport.close_code == 4408


async def test_token_grace(gateway: Desk) -> None:
    """[N6] TOKEN_GRACE: when a token has ended another is asked for; without one its document is closed after that."""
    gateway.tokens.lives = -1.0
    transport, connection = gateway.connect()
    say(connection, token())
    await settled(lambda: has(transport, address() + b"\x02\x02"), "the seat")
    connection.tick(0)
    assert has(transport, address() + b"\x02\x00") and not has(transport, address() + b"\x07")
    (seat,) = [place for place in connection.session._places.values() if isinstance(place, Seat)]  # type: ignore[attr-defined]
    seat.access = replace(seat.access, expires_at=time.time() - limits.TOKEN_GRACE - 1)
    connection.tick(0)
    assert has(transport, address() + b"\x07") and transport.close_code is None


async def test_connections_per_address(gateway: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """[N4] CONNECTIONS_PER_ADDRESS: 4429; one that ends makes room."""
    monkeypatch.setattr(hall_module, "CONNECTIONS_PER_ADDRESS", 2)
    _, first = gateway.connect()
    gateway.connect()
    assert gateway.connect()[0].close_code == 4429
    assert gateway.connect("5.6.7.8")[0].close_code is None
    first.connection_lost(None)
    for connection in [c for c in gateway.hall.connections if c.closing]:
        connection.connection_lost(None)
    assert gateway.connect()[0].close_code is None


DIALECTS = ("y-websocket", "hocuspocus")


async def seated(gateway: Desk, dialect: str) -> tuple[Transport, Connection]:
    """A connection in the document `main`."""
    if dialect == "y-websocket":
        return await gateway.collab()
    transport, connection = gateway.connect()
    say(connection, token())
    await settled(seated_at(transport, address()), "the seat")
    return transport, connection


def spoken(dialect: str, body: bytes) -> bytes:
    """A message about the document `main`."""
    return body if dialect == "y-websocket" else address() + body


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_presence_message_max(gateway: Desk, dialect: str) -> None:
    """[L2] PRESENCE_MESSAGE_MAX: 1009 before any of its states is looked at: they are not even states."""
    transport, connection = await seated(gateway, dialect)
    say(connection, spoken(dialect, awareness(b"\x01" + b"\xff" * PRESENCE_MESSAGE_MAX)))
    assert transport.close_code == 1009


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_presence_states_max(gateway: Desk, dialect: str) -> None:
    """[L3] PRESENCE_STATES_MAX: 4400, and the reason shows that none was looked at; as many pass."""
    transport, connection = await seated(gateway, dialect)
    one = b"\x01\x01\x02{}"
    say(connection, spoken(dialect, awareness(var_uint(PRESENCE_STATES_MAX) + one * PRESENCE_STATES_MAX)))
    assert not ended(transport)()
    say(connection, spoken(dialect, awareness(var_uint(PRESENCE_STATES_MAX + 1) + b"\xff" * 3 * PRESENCE_STATES_MAX)))
    assert transport.close_code == 4400
    assert str(PRESENCE_STATES_MAX) in transport.frames()[-1][1].decode(errors="replace")


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_presence_states_per_frame(gateway: Desk, dialect: str) -> None:
    """[L4] PRESENCE_STATES_PER_FRAME: messages with many states use up what a connection may say in a second."""
    transport, connection = await seated(gateway, dialect)
    many = spoken(dialect, awareness(var_uint(PRESENCE_STATES_MAX) + b"\x01\x01\x02{}" * PRESENCE_STATES_MAX))
    most = limits.FRAMES_BURST // (PRESENCE_STATES_MAX // PRESENCE_STATES_PER_FRAME)
    readings = []
    for _ in range(most + 1):
        say(connection, many)
        readings.append(transport.reading)
    assert readings[most // 2] and not readings[most]
    assert transport.close_code is None


@pytest.mark.parametrize("kind", ["messages", "pings"])
async def test_frames_per_second(gateway: Desk, kind: str) -> None:
    """[L4] FRAMES_PER_SECOND, FRAMES_BURST: who is faster for long is read more slowly, and loses nothing."""
    transport, connection = await gateway.collab(acks=True)
    one = frame(b"\x03", mask=bytes(4)) if kind == "messages" else frame(b"", PING, mask=bytes(4))
    connection.data_received(one * limits.FRAMES_BURST)
    readings = [transport.reading]
    connection.data_received(one * 2)
    readings.append(transport.reading)
    ((seconds, go_on),) = gateway.clock.calls
    assert 0 < seconds < 1
    gateway.clock.time += seconds
    go_on()
    assert [*readings, transport.reading] == [True, False, True]
    assert transport.close_code is None


async def test_write_high(gateway: Desk) -> None:
    """[S7] WRITE_HIGH: a client that does not read costs so much and one frame; then it gets one diff."""
    slow, slow_connection = await gateway.collab()
    say(slow_connection, step_1(b"\x00"))
    slow.is_read = False
    writing, writer = await gateway.collab()
    size = 50_000
    for number in range(40):
        say(writer, update(text(number + 1, 0, "x" * size)))
        await settled(lambda: writing.reading, "it to be merged")
    assert limits.WRITE_HIGH < slow.unread < limits.WRITE_HIGH + 30 * size
    slow.read_on()
    diff = slow.messages[-1]
    assert diff.startswith(b"\x00\x01") or slow.messages[-2].startswith(b"\x00\x01")


async def test_replies_max(gateway: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """REPLIES_MAX: 1008 for a client that asks and asks, and does not read; until then no answer is left out."""
    transport, connection = gateway.connect()
    say(connection, token())
    await settled(lambda: has(transport, address() + b"\x02\x02"), "the seat")
    say(connection, address() + step_1(b"\x00"))
    transport.is_read = False
    say(connection, address() + update(text(1, 0, "x" * limits.WRITE_HIGH * 2)))
    say(connection, address("main", "again") + b"\x03")
    transport.write(bytes(2) * limits.WRITE_HIGH)
    assert connection.full
    before = len(transport.written)
    say(connection, token(where=address("other")))
    await settled(lambda: len(transport.written) > before, "the second document's seat")
    say(connection, address("other") + step_1(b"\x00"))
    assert address("other") + b"\x02\x02" in bytes(transport.written[before:])
    long = address("x" * 900)
    monkeypatch.setattr(connection_module, "REPLIES_MAX", 20_000)
    for _ in range(30):
        if connection.closing:
            break
        say(connection, token("bad", long))
        size = len(transport.written)
        await settled(grown(transport, size), "an answer")
    assert connection.closing


async def test_a_second_document_on_a_full_socket(gateway: Desk) -> None:
    """[S7] A document that is opened while the socket is full is synchronised when it has drained."""
    transport, connection = gateway.connect()
    transport.is_read = False
    transport.write(bytes(limits.WRITE_HIGH + 1))
    assert connection.full
    say(connection, token())
    say(connection, address() + step_1(b"\x00"))
    await settled(lambda: address() + b"\x02\x02" in bytes(transport.written), "the seat")
    say(connection, address() + step_2(b"\x00\x00"))
    del transport.written[: limits.WRITE_HIGH + 1]
    transport.read_on()
    assert transport.close_code is None
    assert has(transport, address() + b"\x00\x01")
    await settled(lambda: has(transport, address() + b"\x08\x01"), "the acknowledgement")


async def test_silence(gateway: Desk) -> None:
    """[S9] TICK, SILENCE_MAX: a sign of life every 15 s; a client without any for 120 s is cut."""
    transport, connection = await gateway.collab()
    ticks = int(limits.SILENCE_MAX / limits.TICK)
    for _ in range(ticks):
        connection.tick(0)
    assert transport.messages.count(b"\x01\x01\x00") == ticks and not transport.aborted
    connection.tick(0)
    assert transport.aborted


async def test_close_seconds(gateway: Desk) -> None:
    """CLOSE_SECONDS: who does not answer a close frame is cut."""
    transport, connection = await gateway.collab()
    connection.close(4400, "enough")
    ((seconds, cut),) = gateway.clock.calls
    assert seconds == limits.CLOSE_SECONDS
    cut()
    assert transport.aborted


async def test_unknown_bytes(gateway: Desk) -> None:
    """[L1] An address that is not UTF-8, or too long, is malformed."""
    for bad in (var_bytes(b"\xff") + b"\x02\x00\x01t", var_bytes(b"a" * 2049) + b"\x03"):
        transport, connection = gateway.connect()
        say(connection, bad)
        await settled(ended(transport), "the end")
        assert transport.close_code == 4400
