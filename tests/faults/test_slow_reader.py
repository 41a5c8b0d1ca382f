"""A client that stops reading while a room is busy: the gateway's memory, the others, what it finds later ([S7])."""

import time

from tests.faults.stores import memory
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


async def test_s7_client_that_stops_reading(atrium: Stack) -> None:
    """[S7] [D4] What a client does not read is not kept for it; others notice nothing; later it has it all."""
    gateway = atrium.pid("gateway-1")
    async with Writers(atrium, documents=1, each=3, pace=0.1) as writers:
        (path,) = writers.paths
        slow = [await writers.join(path) for _ in range(READERS)]
        busy = await writers.join(path)
        await writers.progress(3, of=[*writers.clients[:3]])
        await wait_until(lambda: all(reader.synced.is_set() for reader in slow), "the readers' first state")
        for reader in slow:
            reader.reading.clear()
        most = before = memory(gateway)
        for _ in range(PIECES):
            busy.insert(0, "x" * PIECE)
            busy.delete(0, PIECE)
            await wait_until(lambda: busy.all_acknowledged, "the acknowledgement of a large edit")
            most = max(most, memory(gateway))
        assert most - before < GROWTH, f"the gateway grew by {(most - before) >> 20} MB"
        await arrives_promptly(writers.clients[0], writers.clients[1:3])
        assert float(metric(atrium, "atrium_slow_peers")) >= READERS
        assert all(reader.connections == 1 for reader in slow)
        await writers.check()
        assert all(reader.connections == 1 for reader in slow)


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
