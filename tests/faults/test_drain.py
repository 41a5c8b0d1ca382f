"""SIGTERM to a gateway under load: its clients are asked to come back, and find everything elsewhere ([D4], [N5])."""

import signal
import time

from tests.support.stack import Stack
from tests.support.waiting import wait_until
from tests.support.writers import Writers

CLIENTS = 200
BACK = 5.0
"""Seconds after SIGTERM within which everybody is served by another gateway."""
GONE = 10.0
"""Seconds after which the stopped gateway has ended by itself."""


async def test_n5_gateway_stopped_under_load(atrium: Stack) -> None:
    """[N5] [D4] 200 clients type, a gateway stops: its own are told 1012 and are back within 5 s; nothing is lost."""
    async with Writers(atrium, documents=20, each=CLIENTS // 20, pace=1.0) as writers:
        await writers.progress(2)
        victims = [client for client in writers.clients if client.url.startswith(atrium.ws_urls[0])]
        assert len(victims) > CLIENTS // 4
        ended = atrium.up_output().count("gateway-1 ended with status 0")
        old, began = atrium.kill("gateway-1", signal.SIGTERM), time.monotonic()

        def all_back() -> bool:
            return all(client.connections == 2 and client.synced.is_set() for client in victims)

        await wait_until(all_back, "everybody elsewhere", within=BACK)
        assert {client.codes[-1] for client in victims} == {1012}
        await wait_until(
            lambda: atrium.up_output().count("gateway-1 ended with status 0") > ended,
            "the gateway's own end",
            within=GONE - (time.monotonic() - began),
        )
        await writers.progress(2)
        await writers.check()
        assert all(client.connections <= 2 for client in writers.clients)
        assert atrium.status().get("gateway-1") != old
