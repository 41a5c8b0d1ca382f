"""SIGTERM to a gateway under load: its clients are asked to come back, and find everything elsewhere ([D4], [N5])."""

import asyncio
import signal
import time

import psutil
import pytest

from tests.faults.stock import StockWriter, stock_writers
from tests.support.stack import Stack
from tests.support.waiting import wait_until
from tests.support.writers import Writers

CLIENTS, STOCK = 200, 45
DOCUMENTS = 20
RAW_EACH = (CLIENTS - STOCK) // DOCUMENTS
PACE = 1.0
"""Seconds between two edits of one client."""
BACK = 5.0
"""Seconds after SIGTERM within which everybody is served by another gateway."""
GONE = 10.0
"""Seconds after which the stopped gateway has ended by itself."""
Y_WEBSOCKET = [["close", 1012], ["disconnected"], ["connecting"], ["connected"], ["synced"]]
RECONNECT = {
    "y-websocket-3": Y_WEBSOCKET,
    "y-websocket-2": Y_WEBSOCKET,
    "hocuspocus": [
        ["disconnected"],
        ["close", 1012],
        ["connecting"],
        *([["connected"]] * 2),  # the socket, then the first message
        ["authenticated", "read-write"],
        ["synced"],
    ],
}
"""What a stock client tells its application meanwhile, and nothing else."""


@pytest.mark.js
async def test_n5_gateway_stopped_under_load(atrium: Stack) -> None:
    """[N5] [D4] 200 clients type, stock clients among them, and a gateway stops: its own are told 1012 and are back
    within 5 s, without any other sign; the others notice nothing; nothing is lost."""
    async with (
        Writers(atrium, documents=DOCUMENTS, each=RAW_EACH, pace=PACE) as writers,
        stock_writers(writers, STOCK, PACE) as stock,
    ):
        await writers.progress(2)
        victims = [client for client in writers.clients if client.url.startswith(atrium.ws_urls[0])]
        assert len(victims) + len(stock.at(0)) > CLIENTS // 4
        await stock.send_elsewhere(0, (1, 2))
        ended = atrium.up_output().count("gateway-1 ended with status 0")
        old, began = atrium.kill("gateway-1", signal.SIGTERM), time.monotonic()
        stock_back = asyncio.gather(*(back(each) for each in stock.at(0)))

        def all_back() -> bool:
            return all(client.connections == 2 and client.synced.is_set() for client in victims)

        await wait_until(all_back, "everybody elsewhere", within=BACK)
        await stock_back
        assert {client.codes[-1] for client in victims} == {1012}
        await wait_until(
            lambda: atrium.up_output().count("gateway-1 ended with status 0") > ended,
            "the gateway's own end",
            within=GONE - (time.monotonic() - began),
        )
        await writers.progress(2)
        await stock.check(writers)
        assert all(client.connections <= 2 for client in writers.clients)
        assert atrium.status().get("gateway-1") != old
        for each in stock.all:
            events = await each.session.see("events")
            after = events[events.index(["synced"]) + 1 :]
            assert after == (RECONNECT[each.kind] if each.gateway == 0 else []), each.kind


@pytest.mark.parametrize("how", ["frozen", "dead"])
async def test_d5_gateway_stopped_while_redis_is_away(atrium: Stack, how: str) -> None:
    """[D5] [D1] DRAIN_COMMIT: a gateway that cannot make its last edits durable says so and ends in time all the same;
    none of them was acknowledged, so their writers send them again."""
    async with Writers(atrium, documents=2, each=3) as writers:
        await writers.progress()
        if how == "frozen":
            atrium.pause("valkey")
        else:
            atrium.pause_restarts()
            atrium.kill("valkey")
        await writers.typed()
        logged = len(atrium.logs("gateway-1"))
        old = atrium.kill("gateway-1", signal.SIGTERM)
        await wait_until(lambda: has_ended(old), "the gateway's own end", within=GONE)
        said = atrium.logs("gateway-1")[logged:]
        assert "edits were not durable in time" in said, said
        if how == "frozen":
            atrium.resume("valkey")
        else:
            atrium.resume_restarts()
        await writers.progress(2)
        await writers.check()


def has_ended(pid: int) -> bool:
    """Whether a process has ended; its parent need not have noticed."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def back(each: StockWriter) -> None:
    """Until the client has synced a second time."""
    await each.session.see("syncs", equals=2, seconds=BACK)
