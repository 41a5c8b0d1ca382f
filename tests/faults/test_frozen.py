"""Processes that stop without dying, and servers that are away for long ([D4], [D5])."""

import asyncio
import time

from tests.faults.conftest import wait_whole
from tests.faults.stores import all_snapshotted, freeze
from tests.support.stack import Stack
from tests.support.waiting import wait_until
from tests.support.writers import Writers

FROZEN = 10.0
"""Seconds: longer than a gateway counts as live without a sign of life."""
FROZEN_STORES = 12.0
"""Seconds: longer than a gateway waits for one answer, so that it commits again what may be committed already."""
DEAD_STORES = 6.0
"""Seconds without a process of either: connections are refused at once, attempts follow one another."""
AWAY = 30.0
"""Seconds without PostgreSQL."""


async def test_d4_gateway_frozen(atrium: Stack) -> None:
    """[D4] A gateway that stood still while others went on catches up, and so do its clients."""
    async with Writers(atrium, roam=False) as writers:
        await writers.progress()
        atrium.pause("gateway-1")
        others = [client for client in writers.clients if not client.url.startswith(atrium.ws_urls[0])]
        until = time.monotonic() + FROZEN
        while time.monotonic() < until:
            await writers.progress(5, of=others)
        atrium.resume("gateway-1")
        await writers.progress()
        await writers.check()
        assert all(client.connections == 1 for client in writers.clients)


async def test_d5_postgresql_away(atrium: Stack) -> None:
    """[D5] PostgreSQL is frozen, killed and kept from starting: edits are acknowledged, and snapshots catch up."""
    async with Writers(atrium) as writers:
        names = [writers.project.name(path) for path in writers.paths]
        await writers.progress()
        old = atrium.pid("postgres")
        frozen = freeze(old)
        started = time.monotonic()
        while time.monotonic() < started + AWAY / 2:
            await writers.progress()
        atrium.kill("postgres")  # its frozen children hold its memory, so that no other can start
        while time.monotonic() < started + AWAY:
            await writers.progress()
        assert not any(client.connections > 1 for client in writers.clients)
        for process in frozen:
            if process.is_running():
                process.kill()
        await asyncio.to_thread(atrium.wait_restarted, "postgres", old)
        await asyncio.to_thread(wait_whole, atrium)
        await writers.check()
        await wait_until(lambda: all_snapshotted(atrium, names), "snapshots of everything", within=60)


async def test_d5_both_stores_away(atrium: Stack) -> None:
    """[D5] With Redis and PostgreSQL frozen editing goes on, acknowledgements wait, and all is committed on return."""
    async with Writers(atrium) as writers:
        await writers.progress()
        frozen = [*freeze(atrium.pid("postgres")), *freeze(atrium.pid("valkey"))]
        await nothing_is_saved(writers, FROZEN_STORES)
        for process in frozen:
            process.resume()
        await writers.progress()
        await writers.check()
        assert all(client.connections == 1 for client in writers.clients)


async def test_d5_both_stores_dead(atrium: Stack) -> None:
    """[D5] With Redis and PostgreSQL killed, and kept from starting for a while, it is the same."""
    async with Writers(atrium) as writers:
        await writers.progress()
        atrium.pause_restarts()
        try:
            old = {name: atrium.kill(name) for name in ("postgres", "valkey")}
            for name, pid in old.items():
                await asyncio.to_thread(atrium.wait_gone, name, pid)
            await nothing_is_saved(writers, DEAD_STORES)
        finally:
            atrium.resume_restarts()
        for name, pid in old.items():
            await asyncio.to_thread(atrium.wait_restarted, name, pid)
        await writers.progress()
        await asyncio.to_thread(wait_whole, atrium)
        await writers.check()
        assert all(client.connections == 1 for client in writers.clients)


async def nothing_is_saved(writers: Writers, seconds: float) -> None:
    """For so long everybody types, and nobody is told that it is saved."""
    # What was typed before may still be acknowledged: the answer may wait in a socket of a busy gateway.
    typed = [client.typed for client in writers.clients]
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        await writers.typed(5)
    for client, before in zip(writers.clients, typed, strict=True):
        assert len(client.acknowledged_tokens) <= before
