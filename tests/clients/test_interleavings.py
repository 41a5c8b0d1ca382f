"""Two stock clients type while somebody puts texts by REST: 1,000 seeded interleavings, and no keystroke is lost.

The clients are one of each dialect, each behind a gateway of its own. Who puts texts knows only REST: reads, rewrites,
puts with `If-Match`, sometimes on the ground of an old text or twice. It removes only what it wrote itself, so every
character that was typed is there in the end, once, unless a typist deleted it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from tests.clients.peer import Peer, Session, all_see, node_peer
from tests.clients.project import Project, create_project
from tests.support.stack import Stack

pytestmark = pytest.mark.js

SEEDS = 1_000
BATCHES = 10
AT_ONCE = 8
"""Interleavings side by side, each in a document of its own: they disturb one another's timing, which is welcome."""
TEXTS = 3
"""That are put at most, while both type."""
KEYSTROKES = 500
"""Of each typist at most: more than they manage meanwhile."""
CUTS = 0.1
"""Of all interleavings: the y-websocket client loses its connection in the middle, and comes back."""
CHARACTERS = 0x4E00
"""The first of 20,992 assigned characters in a row, in Unicode's CJK ideographs; beyond the basic plane are more."""
LONGEST_PAUSE = 0.01
"""Seconds between two requests of the writer at most."""
DURABLE_WITHIN = 20.0
BEYOND = 0x20000 - CHARACTERS


@dataclass(frozen=True)
class Batch:
    """A project for the files of some seeds, its owner over REST, and the process with the typists."""

    project: Project
    http: aiohttp.ClientSession
    peer: Peer


@pytest.fixture
async def batch(stack: Stack) -> AsyncIterator[Batch]:
    """An empty batch."""
    project = await create_project(stack.urls)
    headers = {"Authorization": f"Bearer {project.access_token}"}
    async with node_peer() as peer, aiohttp.ClientSession(headers=headers, raise_for_status=True) as http:
        yield Batch(project, http, peer)


@pytest.mark.parametrize("number", range(BATCHES))
async def test_no_keystroke_is_lost(batch: Batch, number: int) -> None:
    """[T2] A text that is put while two stock clients type takes no keystroke of theirs, and is there itself, once."""
    lanes = asyncio.Semaphore(AT_ONCE)

    async def one(seed: int) -> None:
        async with lanes:
            try:
                await Interleaving(batch, seed).run()
            except Exception as error:
                error.add_note(f"seed {seed}")
                raise

    async with asyncio.TaskGroup() as group:
        for seed in range(number, SEEDS, BATCHES):
            group.create_task(one(seed))


class Interleaving:
    """One seed: a document, two typists, and somebody who puts texts."""

    def __init__(self, batch: Batch, seed: int) -> None:
        self.batch, self.seed = batch, seed
        self.chance = random.Random(seed)
        self._fresh = self._characters()
        self.own: set[str] = set()
        """Characters that the writer brought."""
        self.typed: set[str] = set()
        self.gone: set[str] = set()
        """What typists deleted, and the writer of its own."""
        self.path, self.file = f"{seed}.txt", ""

    def _characters(self) -> Iterator[str]:
        for number in range(CHARACTERS, CHARACTERS + 20_000):
            yield chr(number + (BEYOND if self.chance.random() < 0.2 else 0))

    def letters(self, count: int) -> str:
        """Characters that nobody has used."""
        return "".join(next(self._fresh) for _ in range(count))

    async def run(self) -> None:
        await self.make()
        typists = [await self.open("y-websocket", "ann"), await self.open("hocuspocus", "bob")]
        cut = self.chance.randrange(10) if self.chance.random() < CUTS else -1
        typing = [self.type(typists[0], cut), self.type(typists[1], -1)]
        await self.rewrite(typing)
        await asyncio.gather(*(typist.do("stopTyping") for typist in typists))
        for typist in typing:
            done = await typist
            self.typed |= set(done["typed"])
            self.gone |= set(done["deleted"])
        await self.check(typists, (self.own | self.typed) - self.gone)

    async def make(self) -> None:
        """The file of this seed."""
        first = self.letters(self.chance.randint(0, 20))
        self.own.update(first)
        url = f"{self.gateway()}/api/projects/{self.batch.project.id}/files"
        async with self.batch.http.post(url, json={"path": self.path, "content": first}) as answer:
            self.file = (await answer.json())["id"]

    async def open(self, dialect: str, who: str) -> Session:
        """A client of that dialect, synced. Somebody's documents in Hocuspocus share a socket to each gateway."""
        project, gateway = self.batch.project, self.chance.randrange(len(self.batch.project.gateways))
        if dialect == "hocuspocus":
            how = project.hocuspocus(self.path, gateway=gateway, socket=f"{who}-{gateway}")
        else:
            how = project.y_websocket(self.path, gateway=gateway)
        session = await self.batch.peer.open(f"{who}-{self.seed}", **how)
        return await session.synced()

    def type(self, typist: Session, cut: int) -> asyncio.Task[Any]:
        """Let somebody type, until they are told to stop."""
        how = {"seed": self.chance.getrandbits(31), "fresh": self.letters(KEYSTROKES), "cut": cut}
        return asyncio.create_task(typist.do("typeBySeed", **how))

    async def rewrite(self, typing: list[asyncio.Task[Any]]) -> None:
        """Read and put, while both type."""
        text, etag = await self.read()
        for _ in range(self.chance.randint(1, TEXTS)):
            wanted = self.rewritten(text)
            answer = await self.write(wanted, etag)
            if self.chance.random() < 0.2:
                answer = await self.write(wanted, etag)  # as after an answer that got lost
            await asyncio.sleep(self.chance.random() * LONGEST_PAUSE)
            match self.chance.random():
                case often if often < 0.5:
                    text, etag = await self.read()
                case sometimes if sometimes < 0.8:
                    text, etag = answer["content"] if answer["merged"] else wanted, answer["etag"]
                case _:
                    pass  # the same old ground again
        assert not any(typist.done() for typist in typing), "they ended before the writer did"

    def rewritten(self, text: str) -> str:
        """What the writer makes of a text: characters inserted, and own ones removed or replaced."""
        for _ in range(self.chance.randint(1, 3)):
            start = stop = self.chance.randint(0, len(text))
            while stop < len(text) and text[stop] in self.own and self.chance.random() < 0.6:
                stop += 1
            letters = self.letters(self.chance.randint(0, 3))
            self.own.update(letters)
            self.gone.update(text[start:stop])
            text = text[:start] + letters + text[stop:]
        return text

    async def read(self) -> tuple[str, str]:
        """The text and its ETag, from any gateway."""
        async with self.batch.http.get(self.content()) as answer:
            return await answer.text(), answer.headers["ETag"].strip('"')

    async def write(self, text: str, etag: str) -> Any:
        """Put a text on the ground of another; the answer."""
        headers = {"Content-Type": "text/plain", "If-Match": f'"{etag}"'}
        async with self.batch.http.put(self.content(), data=text.encode(), headers=headers) as answer:
            return await answer.json()

    async def check(self, typists: list[Session], wanted: set[str]) -> None:
        """Both replicas, a reader who comes now and REST agree, on exactly these characters."""
        await all_see(typists, "characters", equals="".join(sorted(wanted, key=lambda one: one.encode("utf-16-be"))))
        text = await typists[0].text()
        await typists[1].see("text", equals=text)
        reader = await self.open(self.chance.choice(["y-websocket", "hocuspocus"]), "reader")
        await reader.see("text", equals=text)
        # What was typed is shown to the others before it is durable, and read by REST from then on.
        deadline = time.monotonic() + DURABLE_WITHIN
        while (read := (await self.read())[0]) != text:
            assert time.monotonic() < deadline, f"REST reads {read!r}, the clients {text!r}"
            await asyncio.sleep(LONGEST_PAUSE)
        for session in (*typists, reader):
            await session.do("destroy")

    def gateway(self) -> str:
        return self.chance.choice(self.batch.project.gateways)

    def content(self) -> str:
        return f"{self.gateway()}/api/files/{self.file}/content"
