"""Sending the clients of a stopping gateway away (gateway/sockets/drain.py), with sockets in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from gateway.launch.limits import STOP_GATEWAY
from gateway.sockets import drain as drain_module
from gateway.sockets.connection import Connection
from gateway.sockets.drain import drain
from gateway.sockets.limits import DRAIN_COMMIT, DRAIN_SPREAD, FAREWELL
from tests.hostile.attacker import update
from tests.hostile.desk import Desk, desk, say
from tests.rooms.test_replica import text
from tests.support.waiting import wait_until

CLIENTS = 400
SPREAD = 0.8
"""Seconds instead of DRAIN_SPREAD."""


@pytest.fixture
async def gateway() -> AsyncIterator[Desk]:
    async with desk() as made:
        yield made


async def test_drain_spread(gateway: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """[N5] DRAIN_SPREAD: clients are sent away one after the other over this time, so that not all return at once."""
    monkeypatch.setattr(drain_module, "DRAIN_SPREAD", SPREAD)
    times: list[float] = []
    close = Connection.close

    def noted(self: Connection, code: int, reason: str) -> None:
        assert code == 1012
        times.append(asyncio.get_running_loop().time())
        close(self, code, reason)
        self.connection_lost(None)  # the client goes at once

    monkeypatch.setattr(Connection, "close", noted)
    for _ in range(CLIENTS):
        gateway.connect()
    began = asyncio.get_running_loop().time()
    await drain(gateway.hall, gateway.process.committer)
    assert len(times) == CLIENTS
    assert times[-1] - began > SPREAD / 2
    most = max(sum(at <= other < at + SPREAD / 8 for other in times) for at in times)
    assert most < CLIENTS / 3, "that many at once"
    assert gateway.connect()[0].close_code == 1012, "nobody comes in any more"


async def test_drain_commit(gateway: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """[D1] DRAIN_COMMIT: edits that cannot be made durable are waited for so long, and then given up with a line."""
    transport, connection = await gateway.collab(acks=True)
    await wait_until(lambda: not gateway.process.committer._pending, "quiet")
    gateway.process.log.away = True
    say(connection, update(text(1, 0, "x")))
    monkeypatch.setattr(drain_module, "DRAIN_COMMIT", 0.2)
    connection.connection_lost(None)
    with capture_logs() as lines:
        await drain(gateway.hall, gateway.process.committer)
    (line,) = [line for line in lines if line["log_level"] == "error"]
    assert line["oldest_seconds"] >= 0.2
    assert b"\x7f\x01" not in transport.messages


async def test_drain_waits_for_what_becomes_durable(gateway: Desk) -> None:
    """[D1] Edits that become durable in time are waited for."""
    _, connection = await gateway.collab(acks=True)
    gateway.process.log.away = True
    say(connection, update(text(1, 0, "x")))
    connection.connection_lost(None)
    draining = asyncio.create_task(drain(gateway.hall, gateway.process.committer))
    await wait_until(lambda: gateway.hall.draining, "the beginning")
    assert not draining.done()
    gateway.process.log.away = False
    with capture_logs() as lines:
        await draining
    assert not [line for line in lines if line["log_level"] == "error"]
    assert [record for record in gateway.process.log.ever if record.update]


def test_all_of_it_ends_before_the_supervisor_loses_patience() -> None:
    """[N5] Whoever stops the process waits for longer than all these waits together."""
    assert 2 * FAREWELL + DRAIN_SPREAD + DRAIN_COMMIT < STOP_GATEWAY
