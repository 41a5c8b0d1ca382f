"""Fixtures of these tests: client processes, and an Atrium that may be broken."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest

from tests.clients.peer import Peer, node_peer
from tests.support.stack import Stack
from tests.support.waiting import wait_for


@pytest.fixture
async def ann() -> AsyncIterator[Peer]:
    """A process of stock clients."""
    async with node_peer() as peer:
        yield peer


@pytest.fixture(scope="session")
def battered() -> Iterator[Stack]:
    """Two gateways and a worker. Use it through `atrium`."""
    stack = Stack(gateways=2, workers=1)
    try:
        stack.start()
        yield stack
    finally:
        stack.remove()


def lets_in(stack: Stack, gateway: int) -> bool:
    """Whether a gateway has found Redis again, after a test that killed it."""
    return stack.call("/api/auth/guest", gateway=gateway, method="POST", json_body={}).status == 201


@pytest.fixture
def atrium(battered: Stack) -> Iterator[Stack]:
    """The instance that may be broken: all its processes run when the test begins, and none is left frozen."""
    names = {"valkey", "postgres", "worker-1", "gateway-1", "gateway-2"}
    wait_for(lambda: names <= battered.status().keys(), "all processes", within=60)
    battered.wait_ready()
    for gateway in range(battered.gateways):
        wait_for(partial(lets_in, battered, gateway), f"gateway {gateway} to let guests in")
    yield battered
    battered.resume_restarts()
    for name in battered.status():
        battered.kill(name, signal.SIGCONT)
