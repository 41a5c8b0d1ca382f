"""A client that stops reading while a room is busy: the gateway's memory, the others, what it finds later ([S7])."""

import time
from contextlib import AsyncExitStack

import pytest

from tests.faults.stores import memory
from tests.support.dialects import BOTH, Speaks
from tests.support.line import Line
from tests.support.raw_client import RawClient
from tests.support.stack import Stack
from tests.support.waiting import wait_until
from tests.support.writers import Writers

PIECE = 400_000
"""Characters of one large edit, which is deleted again: the room is busy, the document stays small."""
PIECES = 150
"""60 MB of edits: far more than the kernel's socket buffers hold."""
GROWTH = 50 << 20
"""Bytes by which a gateway may grow meanwhile: 60 MB for each of its peers would be more."""
PROMPT = 5.0
"""Seconds within which the others' edits arrive everywhere; the machine may be busy."""
READERS = 4
BALLAST = 6_000_000
"""Bytes of a document whose step 2 a socket cannot take at once."""
ROUNDS = 25
AT_ONCE = 10
"""Who types at the same moment."""


@pytest.mark.parametrize("speaks", BOTH)
async def test_s7_client_that_stops_reading(atrium: Stack, speaks: Speaks) -> None:
    """[S7] [D4] What a client does not read is not kept for it; others notice nothing; later it has it all, in every
    document of its socket, and all that it typed meanwhile is there."""
    gateway = atrium.pid("gateway-1")
    async with Writers(atrium, documents=3, each=3, pace=0.1) as writers, AsyncExitStack() as lines:
        path = writers.paths[0]
        slow = [client for _ in range(READERS) for client in await joined(writers, lines, speaks)]
        busy = await writers.join(path)
        await writers.progress(3, of=[*writers.clients[:9]])
        await wait_until(lambda: all(reader.synced.is_set() for reader in slow), "the readers' first state")
        for reader in slow:
            reader.reading.clear()
        most = before = memory(gateway)
        for _ in range(PIECES):
            busy.insert(0, "x" * PIECE)
            busy.delete(0, PIECE)
            for reader in slow:
                reader.type()
            await wait_until(lambda: busy.all_acknowledged, "the acknowledgement of a large edit")
            most = max(most, memory(gateway))
        assert most - before < GROWTH, f"the gateway grew by {(most - before) >> 20} MB"
        await arrives_promptly(writers.clients[0], writers.clients[1:3])
        assert float(metric(atrium, "atrium_slow_peers")) >= READERS
        assert all(reader.connections == 1 for reader in slow)
        await writers.check()
        assert all(reader.connections == 1 for reader in slow)


async def joined(writers: Writers, lines: AsyncExitStack, speaks: Speaks) -> list[RawClient]:
    """One that will not read: in the first document, or in Hocuspocus on one socket in all of them."""
    if speaks == "y-websocket":
        return [await writers.join(writers.paths[0])]
    line = await lines.enter_async_context(Line(writers.http, writers.project.hocuspocus_urls()[:1]))
    return [await writers.join(path, line=line) for path in writers.paths]


@pytest.mark.parametrize("speaks", BOTH)
async def test_s7_slow_client_that_types(atrium: Stack, speaks: Speaks) -> None:
    """[S7] [S3] Who types at the very moment at which its socket fills up gets all that others typed at that moment."""
    async with Writers(atrium, documents=1, each=0, dialects=[speaks]) as writers:
        (path,) = writers.paths
        clients = [await writers.join(path, speaks) for _ in range(AT_ONCE)]
        await wait_until(lambda: all(client.synced.is_set() for client in clients), "everybody's first state")
        clients[0].insert(0, "x" * BALLAST, root="ballast")
        await wait_until(lambda: clients[0].all_acknowledged, "the acknowledgement of a large edit")
        first, slow, *others = clients
        for _ in range(ROUNDS):
            first.ask()  # the gateway is busy with it, and finds together all that comes meanwhile
            for other in others[::2]:
                other.type()
            slow.ask()
            slow.type()
            for other in others[1::2]:
                other.type()
            # Before anybody asks again: that would bring what was left out.
            await wait_until(lambda: len({client.text for client in clients}) == 1, "the same text everywhere")
        await writers.check()


async def arrives_promptly(author: RawClient, others: list[RawClient]) -> None:
    """What one types, the others see, while somebody does not read."""
    began = time.monotonic()
    author.type()
    token = author.tokens[-1]
    await wait_until(lambda: all(token in other.text for other in others), "an edit at the others", within=PROMPT)
    assert time.monotonic() - began < PROMPT


def metric(stack: Stack, name: str, gateway: int = 0) -> str:
    """A figure of a gateway."""
    lines = stack.call("/metrics", gateway=gateway).body.splitlines()
    return next(str(line.split()[1]) for line in lines if line.startswith(f"{name} "))
