"""The relay of presence: what is merged, and what becomes of it while no other process can be told."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from typing import Any

from structlog.testing import capture_logs

from rooms.codec import awareness, ywebsocket
from rooms.codec.awareness import State
from rooms.codec.messages import AwarenessUpdate
from rooms.document import Document
from rooms.figures import Figures
from rooms.limits import PRESENCE_WINDOW
from rooms.presence_relay import PresenceRelay
from rooms.replica import Replica
from schemas.documents import DocumentName
from schemas.unavailable import Unavailable
from tests.rooms.peers import Client
from tests.rooms.twins import NAME, Shelf
from tests.support.waiting import wait_until


class Others:
    """The other processes, as far as a relay knows them."""

    def __init__(self) -> None:
        self.away = False
        self.tries = 0
        self.heard: list[tuple[DocumentName, bytes]] = []

    async def announce(self, batch: Sequence[tuple[DocumentName, bytes]]) -> None:
        self.tries += 1
        if self.away:
            raise Unavailable("Redis is away")
        self.heard += batch


def opened(others: Others) -> Document:
    """A document whose presence the others hear of."""
    loop, figures = asyncio.get_running_loop(), Figures()
    relay = PresenceRelay(others.announce, loop, figures)
    return Document(NAME, Replica(), 0, loop=loop, committer=Shelf(), relay=relay, figures=figures)


def seated(document: Document) -> Client:
    client = Client()
    client.connect(document)
    client.send()
    client.inbox.clear()
    return client


def show(document: Document, client: Client, clock: int) -> None:
    assert client.peer is not None
    document.show(client.peer, awareness.encode([State(7, clock, b'{"at":%d}' % clock)]))


def told(client: Client) -> list[list[State]]:
    """The states in each of the presence messages that it got."""
    decoded = map(ywebsocket.decode, client.inbox)
    return [awareness.decode(message.update) for message in decoded if isinstance(message, AwarenessUpdate)]


async def test_presence_window() -> None:
    """[P1] PRESENCE_WINDOW: whatever comes within it leaves as one frame, with the latest state alone."""
    document = opened(Others())
    mover, watcher = seated(document), seated(document)
    began = asyncio.get_running_loop().time()
    clock = 0
    while asyncio.get_running_loop().time() < began + 10 * PRESENCE_WINDOW:
        clock += 1
        show(document, mover, clock)
        await asyncio.sleep(PRESENCE_WINDOW / 20)
    await wait_until(lambda: told(watcher)[-1] == [State(7, clock, b'{"at":%d}' % clock)], "the latest state")
    windows = (asyncio.get_running_loop().time() - began) / PRESENCE_WINDOW
    assert 2 <= len(told(watcher)) <= windows + 2
    assert clock > len(told(watcher))
    assert all(len(states) == 1 for states in told(watcher))


async def test_others_cannot_be_told() -> None:
    """[D5] While Redis is away presence goes on within the process, and the log has one line about it, not a flood."""
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context))
    others = Others()
    document = opened(others)
    mover, watcher = seated(document), seated(document)
    await wait_until(lambda: others.heard, "the question who else is there")
    with capture_logs() as lines:
        others.away = True
        for clock in range(1, 5):
            tries = others.tries
            show(document, mover, clock)
            await wait_until(lambda tries=tries: others.tries > tries, "a try")  # type: ignore[misc]
        await wait_until(lambda: len(told(watcher)) >= 4, "what the mover shows")
        gc.collect()  # an error that nobody retrieved is told when its task goes
        others.away = False
        show(document, mover, 5)
        await wait_until(lambda: len(others.heard) > 1, "the others to be told again")
    assert not reported
    assert len([line for line in lines if line["log_level"] == "warning"]) == 1
    (shown,) = awareness.unpack(others.heard[-1][1])
    assert shown[1].clock == 5
