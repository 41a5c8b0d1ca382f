"""Whose turn it is to change a document as a whole: one at a time, also when somebody dies in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from schemas.documents import DocumentName
from schemas.ids import new_id
from store import leases as module
from store.errors import StoreUnavailable
from store.leases import Leases
from store.redis import connect
from tests.support.stack import Stack


@pytest.fixture
async def two(stack: Stack) -> AsyncIterator[tuple[Leases, Leases]]:
    """The leases of two processes."""
    clients = [connect(stack.redis_url) for _ in range(2)]
    yield Leases(clients[0]), Leases(clients[1])
    for client in clients:
        await client.aclose()


@pytest.fixture
def name() -> DocumentName:
    return DocumentName(f"{new_id()}/text")


async def test_one_at_a_time(two: tuple[Leases, Leases], name: DocumentName) -> None:
    """However many want it in both processes, one has the turn, and each gets it."""
    inside: list[int] = []
    most = done = 0

    async def work(turn: int) -> None:
        nonlocal most, done
        async with two[turn % 2].lease(name) as check:
            inside.append(turn)
            most = max(most, len(inside))
            await asyncio.sleep(0.001)
            check()
            inside.remove(turn)
            done += 1

    await asyncio.gather(*(work(turn) for turn in range(12)))
    assert (most, done) == (1, 12)


async def test_who_dies_holds_nobody_up_for_ever(
    two: tuple[Leases, Leases], name: DocumentName, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn that is not given back ends by itself, and its holder is told to change nothing any more."""
    monkeypatch.setattr(module, "LEASE_SECONDS", 0.2)
    monkeypatch.setattr(module, "LEASE_MARGIN", 0.1)
    async with two[0].lease(name) as check:
        check()
        async with two[1].lease(name) as other:
            with pytest.raises(StoreUnavailable):
                check()
            other()
    # Giving back what was another's by then took nothing from anybody.
    async with two[1].lease(name):
        pass


async def test_no_turn_in_time(two: tuple[Leases, Leases], name: DocumentName, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits too long is told to try again."""
    monkeypatch.setattr(module, "LEASE_WAIT", 0.05)
    async with two[0].lease(name):
        with pytest.raises(StoreUnavailable):
            async with two[1].lease(name):
                raise AssertionError("both have the turn")
