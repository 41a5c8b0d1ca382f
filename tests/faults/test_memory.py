"""Redis' memory and the gateways' stay bounded: what nobody uses leaves, and is back when it is opened (issue 2, 3)."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest
from yarl import URL

from tests.faults.stores import log_numbers, memory, parked
from tests.support.raw_client import RawClient
from tests.support.stack import Stack
from tests.support.waiting import wait_until
from tests.support.writers import Project

STAYING = 520
"""Documents that stay open and idle: more than one sweep looks at (workers/sweep.py, BATCH)."""
LEAVING = 50
MANY = 10_000
"""Documents that are opened and closed."""
BATCH = 1_000
AT_ONCE = 50
"""Of these, how many are on their way at the same time."""
GROWTH = 1.2
"""What resident memory may be afterwards, as a multiple of what it was before."""


@asynccontextmanager
async def opened(project: Project, paths: Iterable[str]) -> AsyncIterator[list[RawClient]]:
    """Clients that each have one of these documents open, through the gateways in turn."""
    async with AsyncExitStack() as stack:
        connector = aiohttp.TCPConnector(limit=0)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        clients = []
        for number, path in enumerate(paths):
            urls = project.urls(path, number % project.stack.gateways)
            clients.append(await stack.enter_async_context(RawClient(http, urls)))
        await wait_until(lambda: all(client.synced.is_set() for client in clients), "open documents", within=60)
        yield clients


async def test_idle_logs_leave_redis_and_come_back(atrium: Stack) -> None:
    """Logs of closed documents leave Redis, however many idle ones stay open, and the documents open as they were."""
    project = Project(atrium)
    staying = [f"open/{number}" for number in range(STAYING)]
    leaving = [f"shut/{number}" for number in range(LEAVING)]
    names = [project.name(path) for path in leaving]
    async with opened(project, staying):
        async with opened(project, leaving) as clients:
            for client in clients:
                client.type()
            await wait_until(lambda: all(client.all_acknowledged for client in clients), "acknowledgements")
            written = [client.text for client in clients]
            numbers = log_numbers(atrium, names)
        await wait_until(lambda: parked(atrium, names) == set(names), "parked logs", within=90)
        assert len(log_numbers(atrium, [project.name(path) for path in staying])) == STAYING
    async with opened(project, leaving) as clients:
        assert [client.text for client in clients] == written
        assert log_numbers(atrium, names) == numbers


@pytest.mark.timeout(600)  # 10,000 openings: minutes where others work too
async def test_closed_documents_leave_the_gateways(atrium: Stack) -> None:
    """10,000 documents are opened and closed, and each gateway's memory is back within 20 % of what it was."""
    project = Project(atrium)
    pids = [atrium.pid(f"gateway-{number + 1}") for number in range(atrium.gateways)]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        await open_and_close(http, project, range(BATCH))
        await wait_until(lambda: not documents(atrium), "unloaded documents", within=60)
        before = [memory(pid) for pid in pids]
        for first in range(BATCH, MANY + BATCH, BATCH):
            await open_and_close(http, project, range(first, first + BATCH))
        await wait_until(lambda: not documents(atrium), "unloaded documents", within=60)
    after = [memory(pid) for pid in pids]
    assert all(now <= then * GROWTH for now, then in zip(after, before, strict=True)), f"{before} → {after}"


async def open_and_close(http: aiohttp.ClientSession, project: Project, numbers: range) -> None:
    """Open each of these documents once, some at a time, and leave it as soon as the server has spoken."""
    waiting = list(numbers)

    async def work() -> None:
        while waiting:
            number = waiting.pop()
            url = project.urls(f"many/{number}", number % project.stack.gateways)[0]
            async with http.ws_connect(URL(url, encoded=True)) as socket:
                message = await socket.receive()
            if message.type is not aiohttp.WSMsgType.BINARY:
                assert message.data == 1013, message  # opening took too long, on a busy machine: come back
                waiting.append(number)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


def documents(stack: Stack) -> int:
    """Documents that gateways have open, by their own word."""
    lines = [line for n in range(stack.gateways) for line in stack.call("/metrics", gateway=n).body.splitlines()]
    return sum(int(float(line.split()[1])) for line in lines if line.startswith("atrium_documents "))
