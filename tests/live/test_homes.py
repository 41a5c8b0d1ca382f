"""Homes of projects, of the real processes: all gateways agree, homes move with gateways, and who lands elsewhere is
served all the same (ARCHITECTURE.md, Sharding)."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from typing import cast

import aiohttp
import pytest

from store import keys
from tests.faults.stores import valkey
from tests.support.dialects import BOTH, Speaks
from tests.support.raw_client import RawClient
from tests.support.stack import Stack
from tests.support.waiting import wait_for, wait_until
from tests.support.writers import Project

PROJECTS = 12
"""So many that each of two gateways is some project's home, but for once in 2,000 times."""
MOVED = 30.0
"""Seconds until a gateway's end is noticed: its time to live is 6, the machine may be busy."""


class Homes:
    """Some projects, and where each gateway says that they live."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.owner = stack.guest()
        self.projects = [stack.project(self.owner) for _ in range(PROJECTS)]

    def by(self, gateway: int) -> dict[str, str]:
        """The home's address of each project, by this gateway's word."""
        return {p: self.stack.room_token(self.owner, p, gateway=gateway).url for p in self.projects}

    def agreed(self) -> dict[str, str] | None:
        """The homes, where both gateways know each other and say the same."""
        first, second = self.by(0), self.by(1)
        return first if first == second and set(first.values()) == set(self.stack.ws_urls) else None


@pytest.fixture
def homes(atrium: Stack) -> Homes:
    return Homes(atrium)


def registered(stack: Stack) -> set[bytes]:
    """The gateways that Redis lists."""
    with valkey(stack) as client:
        return set(cast("list[bytes]", client.hkeys(keys.GATEWAYS)))


def test_gateways_agree(homes: Homes) -> None:
    """Whichever gateway is asked names the same home, one of them, and each is the home of some."""
    assert wait_for(homes.agreed, "gateways that agree", within=MOVED)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_homes_move_with_their_gateway(homes: Homes, number: signal.Signals) -> None:
    """The homes of a gateway that was killed, or stopped, move to another one, and back to it when it is there again;
    the others stay where they were. One that was stopped says so itself, one that was killed is missed."""
    stack = homes.stack
    before = wait_for(homes.agreed, "gateways that agree", within=MOVED)
    stack.pause_restarts()
    stack.wait_gone("gateway-2", stack.kill("gateway-2", number))
    assert (b"gateway-2" in registered(stack)) == (number == signal.SIGKILL)
    everything_here = dict.fromkeys(before, stack.ws_urls[0])
    wait_for(lambda: homes.by(0) == everything_here, "homes at the gateway that is left", within=MOVED)
    stack.resume_restarts()
    wait_for(lambda: stack.ready(1), "the gateway's return", within=60)
    wait_for(lambda: homes.agreed() == before, "homes where they were", within=MOVED)


@pytest.mark.parametrize("speaks", BOTH)
async def test_who_lands_elsewhere_is_served(atrium: Stack, speaks: Speaks) -> None:
    """[S3] A client that does not ask for the home and lands elsewhere types with those at home, before and after the
    home has moved to where it is."""
    project = await asyncio.to_thread(Project, atrium)
    room = await asyncio.to_thread(atrium.room_token, project.owner, project.id)
    home = atrium.ws_urls.index(room.url)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        here, there = [
            await stack.enter_async_context(project.client(http, "main", speaks, first=gateway))
            for gateway in (home, 1 - home)
        ]
        await type_together(here, there)
        atrium.pause_restarts()
        name = f"gateway-{home + 1}"
        await asyncio.to_thread(atrium.wait_gone, name, atrium.kill(name))
        await type_together(here, there)
        assert here.connections > 1 and there.connections == 1


async def type_together(*clients: RawClient) -> None:
    """Each types something; until all of it is saved, and everybody has all that anybody typed, once."""
    for client in clients:
        client.type()
    await wait_until(lambda: all(client.all_acknowledged for client in clients), "acknowledgements")
    tokens = [token for client in clients for token in client.tokens]
    await wait_until(lambda: all(c.text.count(token) == 1 for c in clients for token in tokens), "all edits")
