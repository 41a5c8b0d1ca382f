"""Stock clients that type beside the raw ones, in Node, and what they saw of it. Used by tests that break a stack."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import cycle
from typing import Any

from tests.clients.peer import Peer, Session, node_peer
from tests.clients.project import Project
from tests.support.writers import Writers

KINDS = ("y-websocket-3", "y-websocket-2", "hocuspocus")


class StockWriter:
    """A provider in a document of `writers`, that types `<label:1>`, `<label:2>`, … at the start of the text."""

    def __init__(self, session: Session, kind: str, path: str, gateway: int) -> None:
        self.session = session
        self.kind = kind
        self.path = path
        self.gateway = gateway
        """Where it began; 0 is gateway-1."""
        self.typed = 0

    @property
    def tokens(self) -> list[str]:
        return [f"<{self.session.name}:{number}>" for number in range(1, self.typed + 1)]

    async def type(self) -> None:
        """The next token."""
        self.typed += 1
        await self.session.insert(0, self.tokens[-1])

    async def settled(self) -> None:
        """Until it says that it is connected, has all that the server has, and that all of its own is saved."""
        await self.session.see("connected", equals=True)
        await self.session.see("synced", equals=True)
        if self.kind == "hocuspocus":
            await self.session.see("unsynced", equals=False)


class StockWriters:
    """Their typing, and where a load balancer sends them."""

    def __init__(self, project: Project, all_of_them: Sequence[StockWriter], pace: float) -> None:
        self.all = all_of_them
        self._project = project
        self._pace = pace
        self._stopped = asyncio.Event()
        self._typing: list[asyncio.Task[None]] = []

    def at(self, gateway: int) -> list[StockWriter]:
        """Those that began at this gateway."""
        return [each for each in self.all if each.gateway == gateway]

    def start(self) -> None:
        """Everybody types."""
        self._typing = [asyncio.create_task(self._type(each)) for each in self.all]

    async def stop(self) -> None:
        """Nobody types any more. Raises what a client said when it could not."""
        self._stopped.set()
        await asyncio.gather(*self._typing)

    async def send_elsewhere(self, gateway: int, others: Sequence[int]) -> None:
        """From now on a load balancer would send those of this gateway to others, the next time that they connect."""
        for each, other in zip(self.at(gateway), cycle(others)):
            how = opening(self._project, each.kind, each.path, other)
            await each.session.do("setUrl", url=how["url"])

    async def check(self, writers: Writers) -> None:
        """Stop, wait until all say that all is saved, and count: in `writers`, and that everybody has the same text."""
        await self.stop()
        for each in self.all:
            await each.settled()
            writers.beside[each.path].update(each.tokens)
        await writers.check()
        for each in self.all:
            await each.session.see("text", equals=writers.text(each.path))

    async def _type(self, each: StockWriter) -> None:
        while not self._stopped.is_set():
            await each.type()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pace):
                    await self._stopped.wait()


@asynccontextmanager
async def stock_writers(writers: Writers, count: int, pace: float) -> AsyncIterator[StockWriters]:
    """`count` stock clients, of all kinds in turn, over all documents and gateways. At the end none has complained."""
    project = Project(writers.project.stack.urls, writers.project.id, "", {"editor": writers.project.token})
    async with node_peer() as one, node_peer() as other:
        opened = [await open_one(writers, project, (one, other)[n % 2], n) for n in range(count)]
        stock = StockWriters(project, opened, pace)
        for each in opened:
            await each.session.synced()
        stock.start()
        try:
            yield stock
        finally:
            await stock.stop()
        assert [*one.warnings, *other.warnings] == []


async def open_one(writers: Writers, project: Project, peer: Peer, number: int) -> StockWriter:
    kind, path = KINDS[number % len(KINDS)], writers.paths[number % len(writers.paths)]
    gateway = number // len(KINDS) % len(project.gateways)
    session = await peer.open(f"stock {number}", **opening(project, kind, path, gateway))
    return StockWriter(session, kind, path, gateway)


def opening(project: Project, kind: str, path: str, gateway: int) -> dict[str, Any]:
    """How a client of this kind opens the document; those of Hocuspocus share one socket for each gateway."""
    if kind == "hocuspocus":
        return project.hocuspocus(path, gateway=gateway, socket=f"gateway-{gateway + 1}")
    return project.y_websocket(path, gateway=gateway, version=int(kind[-1]))
