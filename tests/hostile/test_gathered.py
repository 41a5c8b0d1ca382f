"""What all connections of a process gather together (gateway/sockets/gathered.py), in every way in which they can."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from gateway.sockets import gathered as gathered_module
from gateway.sockets import limits
from gateway.sockets.connection import Connection
from gateway.sockets.frames import CLOSE
from rooms.codec.lib0 import var_string
from schemas.documents import document_name
from tests.clients.project import create_project
from tests.faults.stores import memory
from tests.hostile.attacker import YWebsocket, step_1, update, upgraded
from tests.hostile.desk import PROJECT, Desk, Transport, desk, say
from tests.hostile.test_frames import frame
from tests.rooms.test_replica import text
from tests.support.stack import Stack
from tests.support.waiting import wait_until

MOST = 300_000
PART = 120_000
"""Bytes of one connection: two of them are within the budget, three are not."""
MAIN = document_name(str(PROJECT), "main")
NAME = var_string(MAIN)


@pytest.fixture
async def gateway(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr(gathered_module, "GATHERED_MAX", MOST)
    monkeypatch.setattr(gathered_module, "AT_WORK_MAX", MOST)
    async with desk() as made:
        yield made


async def begins_frame(gateway: Desk) -> tuple[Transport, Connection]:
    """The first part of a message that is one large frame."""
    transport, connection = await gateway.collab()
    connection.data_received(frame(bytes(4 * PART), mask=bytes(4))[:PART])
    return transport, connection


async def sends_fragments(gateway: Desk) -> tuple[Transport, Connection]:
    """Whole frames, of which none is the last of its message."""
    transport, connection = await gateway.collab()
    for number in range(6):
        connection.data_received(frame(bytes(PART // 6), 0 if number else 2, final=False, mask=bytes(4)))
    return transport, connection


async def shows_no_token(gateway: Desk) -> tuple[Transport, Connection]:
    """Hocuspocus messages that wait for a token."""
    transport, connection = gateway.connect()
    for number in range(6):
        say(connection, NAME + update(text(number + 1, 0, "x" * (PART // 6))))
    return transport, connection


Gathers = Callable[[Desk], Awaitable[tuple[Transport, Connection]]]
WAYS: list[Gathers] = [begins_frame, sends_fragments, shows_no_token]


@pytest.mark.parametrize("gathers", WAYS)
async def test_gathered_max(gateway: Desk, gathers: Gathers) -> None:
    """[L6] GATHERED_MAX: who has gathered for longest is told to come back, 1013; what it had is forgotten."""
    crowd = [await gathers(gateway) for _ in range(3)]
    assert [transport.close_code for transport, _ in crowd] == [1013, None, None]
    assert 2 * PART * 0.9 < gateway.hall.gathered.waiting < 2 * PART * 1.1
    assert gateway.process.figures.refused["gathered bytes"] == 1
    for _, connection in crowd:
        connection.connection_lost(None)
    assert gateway.hall.gathered.waiting == 0


async def test_what_an_evicted_client_still_sends_is_not_kept(gateway: Desk) -> None:
    """[L6] [N5] Its message's rest is passed over, and its close frame behind that is still understood."""
    message = frame(bytes(4 * PART), mask=bytes(4))
    transport, connection = await gateway.collab()
    connection.data_received(message[:PART])
    for _ in range(2):
        await begins_frame(gateway)
    assert transport.close_code == 1013
    for at in range(PART, len(message), PART):
        connection.data_received(message[at : at + PART])
        assert connection._reader.held == 0
    connection.data_received(message[: len(message) - 5])  # another one, whole but for its end
    assert connection._reader.held == 0 and not transport.closed
    connection.data_received(message[-5:] + frame(b"\x03\xf5", CLOSE))
    assert transport.closed


async def test_honest_clients_are_done_before_their_turn(gateway: Desk) -> None:
    """[L6] Those that never end give way one after the other; a message that is completed is taken and acknowledged."""
    document = await gateway.process.documents.open(MAIN)
    for number in range(5):
        await begins_frame(gateway)
        transport, connection = await gateway.collab(acks=True)
        say(connection, step_1(b"\x00"))
        whole = frame(update(text(number + 1, 0, "x" * PART)), mask=bytes(4))
        connection.data_received(whole[: PART // 2])
        await begins_frame(gateway)
        connection.data_received(whole[PART // 2 :])
        await wait_until(lambda transport=transport: b"\x7f\x01" in transport.messages, "it to be durable")  # type: ignore[misc]
    assert len(document.replica.encode()) > 5 * PART
    assert gateway.hall.gathered.working == 0


async def test_at_work_max(gateway: Desk) -> None:
    """[L6] AT_WORK_MAX: while too much waits to be merged another large update is refused, 1013; small ones are not."""
    document = await gateway.process.documents.open(MAIN)
    await document.one_by_one.acquire()
    crowd = []
    for number in range(3):
        transport, connection = await gateway.collab(acks=True)
        say(connection, update(text(number + 1, 0, "x" * PART)))
        crowd.append(transport)
    assert [transport.close_code for transport in crowd] == [None, None, 1013]
    typing, typist = await gateway.collab(acks=True)
    say(typist, update(text(9, 0, "small")))
    await wait_until(lambda: b"\x7f\x01" in typing.messages, "the small one")
    document.one_by_one.release()
    await wait_until(lambda: all(b"\x7f\x01" in each.messages for each in crowd[:2]), "the large ones")
    assert gateway.hall.gathered.working == gateway.hall.gathered.waiting == 0


async def test_early_frames_count_until_they_were_taken_up(gateway: Desk) -> None:
    """[L6] What waited for a token counts until it is merged, refused or given up, and then no more."""
    waiting = gateway.hall.gathered
    document = await gateway.process.documents.open(MAIN)
    await document.one_by_one.acquire()
    transport, connection = await shows_no_token(gateway)
    say(connection, NAME + b"\x02\x00" + var_string("good"))
    await wait_until(lambda: any(m.startswith(NAME + b"\x02\x02") for m in transport.messages), "the seat")
    assert waiting.waiting > PART * 0.9
    document.one_by_one.release()
    await wait_until(lambda: not waiting.waiting, "them to be merged")
    assert len(document.replica.encode()) > PART * 0.9
    transport, connection = await shows_no_token(gateway)
    say(connection, NAME + b"\x02\x00" + var_string("bad"))
    await wait_until(lambda: not waiting.waiting, "them to be refused")
    _, connection = await shows_no_token(gateway)
    assert waiting.waiting > PART * 0.9
    say(connection, NAME + b"\x07")
    assert not waiting.waiting


async def test_gathered_least(gateway: Desk) -> None:
    """GATHERED_LEAST: what nearly every connection holds now and then does not count."""
    _, connection = await gateway.collab()
    connection.data_received(frame(bytes(limits.GATHERED_LEAST + 100), mask=bytes(4))[: limits.GATHERED_LEAST])
    assert gateway.hall.gathered.waiting == 0
    connection.data_received(b"more")
    assert gateway.hall.gathered.waiting == limits.GATHERED_LEAST + 4


async def test_a_gateway_under_many_large_messages(stack: Stack) -> None:
    """[L6] Ten guests who each send most of a message of 32 MiB cost a gateway four of them, not ten."""
    project = await create_project(stack.urls)
    speak = YWebsocket(stack.ws_urls[1], f"{project.id}/main", project.tokens["editor"])
    size = 32 << 20
    head = b"\x82\xff" + size.to_bytes(8, "big") + bytes(4)
    before = memory(stack.pid("gateway-2"))
    async with AsyncExitStack() as exits:
        crowd = []
        for _ in range(10):
            guest = await exits.enter_async_context(upgraded(speak.url))
            await speak.enter(guest)
            await guest.send(head)
            for _ in range(31):
                await guest.send(bytes(1 << 20))
            crowd.append(guest)
        assert (await crowd[0].closed())[0] == 1013
        assert memory(stack.pid("gateway-2")) - before < 2 * limits.GATHERED_MAX
        figures = stack.call("/metrics", gateway=1).body
        waiting = next(float(line.split()[1]) for line in figures.splitlines() if line.startswith("atrium_gathered"))
        assert limits.GATHERED_MAX / 2 < waiting <= limits.GATHERED_MAX
        assert 'atrium_refused_total{reason="gathered bytes"}' in figures
