"""People who type into documents of a running Atrium while a test breaks it, and the count afterwards.

    async with Writers(stack, documents=2, each=3) as writers:
        await writers.progress()
        … break something …
        await writers.check()

`check` is the promise of SPEC [D4]: every acknowledged token stands in every reader's document exactly once. Used by
tests/faults.
"""

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import Self

import aiohttp

from tests.support.dialects import BOTH, Hocuspocus, Speaks
from tests.support.line import Line
from tests.support.raw_client import RawClient
from tests.support.stack import Stack
from tests.support.waiting import wait_until

PACE = 0.03
"""Seconds between two tokens of one writer: a fast typist's keystrokes, three at a time."""
QUIET = 60.0
"""Seconds until everything is acknowledged, and equal everywhere: the machine may be busy, servers may be starting."""


class Project:
    """A project of its own in a stack, and the addresses of its documents."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.owner = stack.guest()
        self.id = stack.project(self.owner)
        self.token = stack.room_token(self.owner, self.id).token

    def name(self, path: str) -> str:
        """A document's name in Redis and PostgreSQL."""
        return f"{self.id}/{path}"

    def bases(self, first: int = 0) -> list[str]:
        """The WebSocket base of every gateway, beginning with gateway number `first` (0 is gateway-1)."""
        bases = self.stack.ws_urls
        return bases[first:] + bases[:first]

    def urls(self, path: str, first: int = 0) -> list[str]:
        """The document's address at every gateway, for y-websocket."""
        return [f"{base}/collab/{self.id}/{path}?token={self.token}&acks=1" for base in self.bases(first)]

    def hocuspocus_urls(self, first: int = 0) -> list[str]:
        """The address of all documents at every gateway."""
        return [f"{base}/hocuspocus" for base in self.bases(first)]

    def hocuspocus(self, path: str) -> Hocuspocus:
        """How a Hocuspocus client names the document."""
        return Hocuspocus(self.name(path), self.token)

    def client(
        self,
        http: aiohttp.ClientSession,
        path: str,
        speaks: Speaks = "y-websocket",
        *,
        first: int = 0,
        roam: bool = True,
        label: str = "",
        line: Line | None = None,
    ) -> RawClient:
        """A client of the document that begins at gateway number `first`, and with `roam` goes on to the others; or one
        on a line that others have."""
        if line is not None:
            return RawClient(http, dialect=self.hocuspocus(path), line=line)
        most = None if roam else 1
        if speaks == "y-websocket":
            return RawClient(http, self.urls(path, first)[:most], label=label)
        return RawClient(http, self.hocuspocus_urls(first)[:most], label=label, dialect=self.hocuspocus(path))


class Writers:
    """`documents` × `each` writers at a steady pace.

    Those of a document start at different gateways and speak different dialects; at each gateway both are spoken.
    """

    def __init__(
        self,
        stack: Stack,
        *,
        documents: int = 2,
        each: int = 3,
        pace: float = PACE,
        roam: bool = True,
        dialects: Sequence[Speaks] = BOTH,
    ) -> None:
        """With `roam` a writer whose gateway fails goes to the next one, else it waits for its own."""
        self.project = Project(stack)
        self.paths = [f"faults/{number}" for number in range(documents)]
        self.clients: list[RawClient] = []
        self.beside: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """Tokens that others typed into these documents, and that must be there at the end."""
        self._stack = stack
        self._each = each
        self._pace = pace
        self._roam = roam
        self._dialects = dialects
        self._of: dict[str, list[RawClient]] = {path: [] for path in self.paths}
        self._typing: list[asyncio.Task[None]] = []
        self._exit = AsyncExitStack()

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0)
        self.http = await self._exit.enter_async_context(aiohttp.ClientSession(connector=connector))
        for place, path in enumerate(self.paths):
            for number in range(self._each):
                first = (place + number) % self._stack.gateways
                await self.join(path, self._speaks(place + first), first=first)
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        await self._exit.aclose()

    def _speaks(self, number: int) -> Speaks:
        return self._dialects[number % len(self._dialects)]

    async def join(
        self, path: str, speaks: Speaks = "y-websocket", *, first: int = 0, line: Line | None = None
    ) -> RawClient:
        """One more writer (it types after the next `start`)."""
        client = self.project.client(self.http, path, speaks, first=first, roam=self._roam, line=line)
        self._of[path].append(client)
        self.clients.append(client)
        return await self._exit.enter_async_context(client)

    def start(self) -> None:
        """Everybody types who does not yet."""
        for client in self.clients[len(self._typing) :]:
            self._typing.append(asyncio.create_task(self._type(client)))

    async def stop(self) -> None:
        """Nobody types any more."""
        for task in self._typing:
            task.cancel()
        await asyncio.gather(*self._typing, return_exceptions=True)
        self._typing.clear()

    async def _type(self, client: RawClient) -> None:
        await asyncio.sleep(random.uniform(0, self._pace))
        while True:
            client.type()
            await asyncio.sleep(self._pace)

    def text(self, path: str) -> str:
        """A document's text, as one of its writers has it."""
        return self._of[path][0].text

    # -- signals to wait for -----------------------------------------------------------------------

    async def progress(self, tokens: int = 10, *, of: list[RawClient] | None = None, within: float = QUIET) -> None:
        """Until each of these writers (or all) has so many more edits acknowledged than now."""
        before = {client: len(client.acknowledged_tokens) for client in of or self.clients}

        def all_went_on() -> bool:
            return all(len(client.acknowledged_tokens) >= before[client] + tokens for client in before)

        await wait_until(all_went_on, f"{tokens} more acknowledged edits of each writer", within=within)

    async def typed(self, tokens: int = 20) -> None:
        """Until each writer has typed so many more tokens than now, acknowledged or not."""
        before = {client: client.typed for client in self.clients}
        await wait_until(lambda: all(c.typed >= before[c] + tokens for c in before), f"{tokens} more typed tokens")

    async def unloaded(self) -> None:
        """Until the gateways have closed these documents, some time after the last client left."""
        for path in self.paths:
            line = f'"project": "{self.project.id}", "document": "{path}"'
            for number in range(self._stack.gateways):
                name = f"gateway-{number + 1}"
                await wait_until(partial(self._unloaded_at, name, line), f"{path} unloaded")

    def _unloaded_at(self, gateway: str, document: str) -> bool:
        lines = [line for line in self._stack.logs(gateway).splitlines() if document in line]
        opened, unloaded = (sum(event in line for line in lines) for event in ("document opened", "document unloaded"))
        return opened == unloaded

    # -- the count ---------------------------------------------------------------------------------

    async def check(self, *, may_ask_again: bool = False) -> int:
        """Stop typing, wait for quiet, and count in every replica and in fresh ones; the number of tokens.

        With `may_ask_again` the server may have forgotten acknowledged edits for a moment (Redis was emptied), as
        long as they are there at the end.
        """
        await self.stop()
        for client in self.clients:
            client.reading.set()
        await wait_until(self._quiet, "an acknowledgement of every edit", within=QUIET)
        complaints = [line for client in self.clients for line in client.wrong]
        if not may_ask_again:
            complaints += [line for client in self.clients for line in client.asked_again]
        assert not complaints, "\n".join(complaints)
        async with asyncio.TaskGroup() as checks:
            for path in self.paths:
                checks.create_task(self.check_document(path))
        return sum(client.typed for client in self.clients)

    def _quiet(self) -> bool:
        return all(client.synced.is_set() and client.all_acknowledged for client in self.clients if client.here)

    async def check_document(self, path: str) -> None:
        """Every acknowledged token exactly once in each writer's and each fresh replica; what a writer that left had
        typed without an acknowledgement, at most once."""
        expected = Counter(token for client in self._of[path] for token in client.acknowledged_tokens)
        allowed = Counter(token for client in self._of[path] for token in client.tokens) - expected
        expected += self.beside[path]
        async with AsyncExitStack() as stack:
            readers = [client for client in self._of[path] if client.here]
            for number in range(self._stack.gateways):
                speaks, label = self._speaks(number), f"reader at {number + 1}"
                reader = self.project.client(self.http, path, speaks, first=number, roam=False, label=label)
                readers.append(await stack.enter_async_context(reader))
            deadline = time.monotonic() + QUIET
            while complaint := disagreement(readers, expected, allowed):
                assert time.monotonic() < deadline, f"{path}: {complaint}"
                await asyncio.sleep(0.05)


def disagreement(readers: list[RawClient], expected: Counter[str], allowed: Counter[str]) -> str:
    """How these replicas differ from what was typed, or from each other; empty when they do not."""
    for reader in readers:
        if not reader.synced.is_set():
            return f"{reader.label} is not connected; its connections ended with {reader.codes}"
        seen = Counter(f"<{part}>" for part in reader.text.strip("<>").split("><") if part)
        if missing := expected - seen:
            return f"{reader.label} lacks {len(missing)} of {len(expected)} tokens: {sorted(missing)[:5]}…"
        if extra := seen - expected - allowed:
            return f"{reader.label} has tokens too often or damaged: {sorted(extra)[:5]}…"
    if len({reader.text for reader in readers}) > 1:
        return "the replicas have the same tokens in different orders"
    return ""
