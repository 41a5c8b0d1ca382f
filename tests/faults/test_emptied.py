"""Redis comes back empty, or without its last moments: gateways and snapshots restore what they have ([D6], [D7])."""

import pytest

from store import keys
from tests.faults.stores import (
    all_snapshotted,
    log_numbers,
    parked,
    snapshot_numbers,
    snapshots_made,
    valkey,
)
from tests.support.dialects import BOTH, Speaks
from tests.support.stack import Stack
from tests.support.waiting import wait_until
from tests.support.writers import Writers

alone = pytest.mark.parametrize("speaks", BOTH)
"""Documents with one dialect only: where both are, what one client sends again could make up for another's loss."""
NOTICED = 10.0
"""Seconds until idle documents are back in Redis: a gateway looks every two seconds."""


def empty(stack: Stack) -> None:
    with valkey(stack) as client:
        client.flushall()


@alone
async def test_d6_emptied_while_documents_are_busy(atrium: Stack, speaks: Speaks) -> None:
    """[D6] [D7] Redis loses everything, twice, while people type: nothing is lost, and numbers go on upwards."""
    async with Writers(atrium, dialects=[speaks]) as writers:
        names = [writers.project.name(path) for path in writers.paths]
        for _ in range(2):
            await writers.progress(20)
            numbers = log_numbers(atrium, names)
            empty(atrium)
            await writers.progress(20)
            assert all(number > numbers[name] for name, number in log_numbers(atrium, names).items())
        await writers.check(may_ask_again=True)


@alone
async def test_d6_emptied_while_documents_are_idle(atrium: Stack, speaks: Speaks) -> None:
    """[D6] [D7] Documents that are open, and that nobody edits, are written back when Redis lost them."""
    async with Writers(atrium, dialects=[speaks]) as writers:
        names = [writers.project.name(path) for path in writers.paths]
        await writers.progress()
        await writers.check()
        numbers = log_numbers(atrium, names)
        empty(atrium)
        await wait_until(lambda: len(log_numbers(atrium, names)) == len(names), "the logs", within=NOTICED)
        assert all(number > numbers[name] for name, number in log_numbers(atrium, names).items())
        await writers.check(may_ask_again=True)


async def test_d6_emptied_after_documents_were_closed(atrium: Stack) -> None:
    """[D6] [D7] Documents that nobody has open come back from their snapshots, and their numbers go on upwards."""
    async with Writers(atrium) as writers:
        names = [writers.project.name(path) for path in writers.paths]
        await writers.progress()
        await writers.check()
        await wait_until(lambda: all_snapshotted(atrium, names), "snapshots of everything", within=60)
        numbers = snapshot_numbers(atrium, names)
        for client in writers.clients:
            await client.end()
        await writers.unloaded()
        empty(atrium)
        for path in writers.paths:
            await writers.check_document(path)
        assert all(number > numbers[name] for name, number in log_numbers(atrium, names).items())


async def test_documents_that_were_only_opened_after_a_loss_leave_redis(atrium: Stack) -> None:
    """[D7] A document that is opened after Redis lost it, and not edited, leaves Redis like any other; it comes back
    whole, and its numbers go on upwards."""
    async with Writers(atrium, documents=2, each=1) as writers:
        names = [writers.project.name(path) for path in writers.paths]
        await writers.progress()
        await writers.check()
        await wait_until(lambda: all_snapshotted(atrium, names), "snapshots of everything", within=60)
        for client in writers.clients:
            await client.end()
        await writers.unloaded()
        made = [snapshots_made(atrium, name) for name in names]
        empty(atrium)
        for path in writers.paths:
            await writers.check_document(path)
        numbers = log_numbers(atrium, names)
        assert numbers.keys() == set(names)
        await wait_until(lambda: parked(atrium, names) == set(names), "logs that left Redis", within=60)
        ends = snapshot_numbers(atrium, names)  # beyond, where one was opened again meanwhile
        assert all(ends[name] >= numbers[name] for name in names)
        assert [snapshots_made(atrium, name) for name in names] == made, "no snapshot was needed for it"
        for path in writers.paths:
            await writers.check_document(path)
        assert all(number >= ends[name] for name, number in log_numbers(atrium, names).items())


@alone
async def test_d6_opened_elsewhere_before_the_loss_is_noticed(atrium: Stack, speaks: Speaks) -> None:
    """[D6] Redis loses an idle document, and another gateway opens it before its own gateway has looked."""
    async with Writers(atrium, documents=1, each=1, roam=False, dialects=[speaks]) as writers:
        await writers.progress()
        await writers.stop()
        await wait_until(lambda: all(client.all_acknowledged for client in writers.clients), "acknowledgements")
        empty(atrium)
        await writers.join(writers.paths[0], speaks, first=1)
        await writers.check(may_ask_again=True)


@alone
async def test_d6_redis_lost_its_last_moments(atrium: Stack, speaks: Speaks) -> None:
    """[D6] [D7] Redis restarts with an older file: an open, idle document is written back, above all numbers."""
    async with Writers(atrium, documents=1, dialects=[speaks]) as writers:
        name = writers.project.name(writers.paths[0])
        await writers.progress()
        await writers.check()
        before = log_numbers(atrium, [name])[name]
        with valkey(atrium) as client:
            # As a file without its last second would: fewer records, a lower number, and all connections broken.
            client.xtrim(keys.log(name), maxlen=0)
            client.set(keys.number(name), before - 5)
            client.client_kill_filter(_type="pubsub")
            client.client_kill_filter(_type="normal", skipme=True)
        await wait_until(lambda: log_numbers(atrium, [name])[name] > before, "the log", within=NOTICED)
        await writers.check(may_ask_again=True)
