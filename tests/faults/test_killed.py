"""kill -9 of each process under load: nothing acknowledged is lost, nothing is there twice ([D4], [D8])."""

import asyncio
import signal
from functools import partial

import pytest

from tests.faults.conftest import wait_whole
from tests.faults.stores import all_snapshotted, log_numbers
from tests.support.stack import Stack
from tests.support.waiting import wait_until
from tests.support.writers import Writers

KILL, TERM = signal.SIGKILL, signal.SIGTERM
SNAPSHOT_LOGGED = '"event": "snapshot"'
LARGE = 10_000
"""Tokens that make a snapshot take long enough to be interrupted."""


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("gateway-1", KILL),
        ("gateway-2", KILL),
        ("gateway-3", KILL),
        ("valkey", KILL),
        ("valkey", TERM),
        ("postgres", KILL),
    ],
)
async def test_d4_one_process_killed(atrium: Stack, name: str, number: signal.Signals) -> None:
    """[D4] [D8] A killed process takes nothing with it that was acknowledged, and its writers go on."""
    async with Writers(atrium) as writers:
        await writers.progress()
        others = {other: pid for other, pid in atrium.status().items() if other != name}
        old = atrium.kill(name, number)
        await writers.progress()
        await asyncio.to_thread(atrium.wait_restarted, name, old)
        await writers.progress()
        await writers.check()
        assert atrium.status().items() >= others.items(), atrium.up_output()[-2000:]


async def test_d1_gateway_killed_while_redis_hangs(atrium: Stack) -> None:
    """[D1] [D4] [D8] What the log could not take yet was acknowledged to nobody, so it may die with its gateway."""
    async with Writers(atrium) as writers:
        await writers.progress()
        atrium.pause("valkey")
        await writers.typed()
        for client in [client for client in writers.clients if client.url.startswith(atrium.ws_urls[0])]:
            await client.end()  # or it would bring back what was lost
        old = atrium.kill("gateway-1")
        atrium.resume("valkey")
        await writers.progress(of=[client for client in writers.clients if client.here])
        await asyncio.to_thread(atrium.wait_restarted, "gateway-1", old)
        await writers.check()


async def test_a_restarted_redis_costs_nobody_a_request(atrium: Stack) -> None:
    """The first request after Redis was killed and came back is answered, also where nothing goes without Redis."""
    for gateway in range(atrium.gateways):
        atrium.guest(gateway=gateway)
    old = atrium.kill("valkey")
    await asyncio.to_thread(atrium.wait_restarted, "valkey", old)
    for gateway in range(atrium.gateways):
        atrium.guest(gateway=gateway)


async def test_d5_redis_that_keeps_dying(atrium: Stack) -> None:
    """[D4] [D5] Redis dies again as soon as it is back: nobody dies with it, and nothing is lost."""
    async with Writers(atrium) as writers:
        names = [writers.project.name(path) for path in writers.paths]
        await writers.progress()
        others = {other: pid for other, pid in atrium.status().items() if other != "valkey"}
        for _ in range(4):  # each time it stays away for longer: up to 1.6 s, beyond what a worker waits
            old = atrium.kill("valkey")
            await asyncio.to_thread(atrium.wait_restarted, "valkey", old)
        await writers.progress()
        await writers.check()
        await wait_until(lambda: all_snapshotted(atrium, names), "snapshots of everything", within=60)
        assert atrium.status().items() >= others.items(), atrium.up_output()[-2000:]


async def test_d4_worker_killed_in_the_middle_of_snapshots(atrium: Stack) -> None:
    """[D4] A worker may die at any point of a snapshot: the next one makes it good, and nothing is lost or doubled."""
    async with Writers(atrium, documents=10, each=1, pace=0.1) as writers:
        names = [writers.project.name(path) for path in writers.paths]
        for client in writers.clients:
            client.type(LARGE)
        for _ in range(4):
            seen = atrium.logs("worker-1").count(SNAPSHOT_LOGGED)
            await wait_until(partial(snapshots_beyond, atrium, seen), "a snapshot")
            old = atrium.kill("worker-1")
            await asyncio.to_thread(atrium.wait_restarted, "worker-1", old)
        await writers.stop()
        await wait_until(lambda: all_snapshotted(atrium, names), "snapshots of everything", within=60)
        await writers.check()


async def test_d4_four_kinds_killed_in_one_run(atrium: Stack) -> None:
    """[D4] A gateway, the worker, Redis and PostgreSQL die while people type; then any two of them at once."""
    kinds = ["gateway-2", "worker-1", "valkey", "postgres"]
    async with Writers(atrium) as writers:
        await writers.progress()
        for name in kinds:
            atrium.kill(name)
            await writers.typed(10)
        await writers.progress()
        for pair in [("gateway-1", "valkey"), ("postgres", "gateway-3"), ("valkey", "worker-1")]:
            await asyncio.to_thread(wait_whole, atrium)
            for name in pair:
                atrium.kill(name)
            await writers.progress()
        await asyncio.to_thread(wait_whole, atrium)
        await writers.check()


@pytest.mark.parametrize("everything", [False, True])
async def test_d4_up_killed_and_started_again(atrium: Stack, everything: bool) -> None:
    """[D4] [D7] `up` killed, alone or with all that it started, goes on with all data when it is started again."""
    async with Writers(atrium) as writers:
        names = [writers.project.name(path) for path in writers.paths]
        await writers.progress()
        numbers = log_numbers(atrium, names)
        if everything:
            await asyncio.to_thread(atrium.kill_all)
        else:
            atrium.kill_up()
        await writers.typed()
        await asyncio.to_thread(atrium.start)
        await writers.progress()
        await writers.check()
        assert all(number > numbers[name] for name, number in log_numbers(atrium, names).items())


def snapshots_beyond(stack: Stack, seen: int) -> bool:
    """Whether the worker has logged more snapshots than that."""
    return stack.logs("worker-1").count(SNAPSHOT_LOGGED) > seen
