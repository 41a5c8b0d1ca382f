"""Texts of documents in memory: what REST reads and writes, beside clients that type."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from rooms.document import Document
from rooms.replica import Replica
from rooms.text import read_content
from rooms.texts import Text, Texts
from schemas.documents import DocumentName
from schemas.records import Commit, Loaded
from store.document_past import up_to
from tests.rooms.peers import Client
from tests.rooms.twins import NAME, Log, Process, processes

ALICE = b"alice".ljust(16)
TURNS_MAX = 400
"""Of the loop, until all that was sent has arrived."""


class Shelves:
    """What documents were, and whose turn it is: the ports of rooms/texts.py on the shared log."""

    def __init__(self, process: Process, locks: dict[DocumentName, asyncio.Lock]) -> None:
        self._process = process
        self._locks = locks
        self.rebuilt = 0

    async def now(self, name: DocumentName) -> Loaded:
        return await self._process.load(name)

    async def at(self, name: DocumentName, number: int) -> Loaded | None:
        self.rebuilt += 1
        commits = await self._process.read(name, 0)
        tail = up_to(commits, 0, number)
        return None if tail is None else Loaded(number, b"", tail)

    async def authors(self, name: DocumentName) -> tuple[int, bytes]:
        return 0, b""

    async def records(self, name: DocumentName, after: int, number: int) -> list[Commit]:
        commits = await self._process.read(name, after)
        return [commit for commit in commits if commit.first <= number]

    @asynccontextmanager
    async def lease(self, name: DocumentName) -> AsyncIterator[Callable[[], None]]:
        async with self._locks[name]:
            yield lambda: None


def texts_of(made: list[Process]) -> list[Texts]:
    """What REST does in each of the processes."""
    locks: dict[DocumentName, asyncio.Lock] = defaultdict(asyncio.Lock)
    return [Texts(process.documents, (shelves := Shelves(process, locks)), shelves) for process in made]


async def settle(clients: list[Client], documents: list[Document]) -> None:
    """Everything that was typed is everywhere, and durable."""
    quiet = 0
    for _ in range(TURNS_MAX):
        moved = False
        for client in clients:
            moved |= bool(client.outbox or client.inbox)
            client.send()
            client.read()
        await asyncio.sleep(0.001 if not moved else 0)
        still = not moved and all(document.exact is not None for document in documents)
        quiet = quiet + 1 if still else 0
        if quiet > 10 and len({document.tail.known for document in documents}) == 1:
            return
    raise AssertionError("it did not come to rest")


class Session:
    """One seeded interleaving: two clients type while somebody puts a text by REST.

    Every character is used once, so that what is lost, doubled or back again is seen.
    """

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.fresh = iter(range(0x4E00, 0xFFFF * 3))
        self.gone: set[str] = set()
        self.typed: set[str] = set()

    def letters(self, most: int) -> str:
        """Characters that nobody has used; some of them beyond the basic plane."""
        count = self.chance.randint(1, most)
        return "".join(chr(next(self.fresh) + (0x1B000 if self.chance.random() < 0.2 else 0)) for _ in range(count))

    def type(self, client: Client) -> None:
        """A keystroke, or the deletion of one character, somewhere."""
        text = str(client.text)
        at = self.chance.randint(0, len(text))
        if text and self.chance.random() < 0.2:
            at = min(at, len(text) - 1)
            start = len(text[:at].encode())
            self.gone.add(text[at])
            del client.text[start : start + len(text[at].encode())]
            return
        letters = self.letters(2)
        self.typed.update(letters)
        client.text.insert(len(text[:at].encode()), letters)

    def rewritten(self, text: str) -> str:
        """What somebody makes of a text: words inserted, removed and replaced."""
        for _ in range(self.chance.randint(1, 4)):
            start = self.chance.randint(0, len(text))
            stop = min(len(text), start + self.chance.choice((0, 0, 1, 3, 10)))
            letters = self.letters(4) if self.chance.random() < 0.8 else ""
            self.typed.update(letters)
            # Also what somebody typed may be removed by who saw it; a letter of the writer's own is not there yet.
            self.gone.update(text[start:stop])
            text = text[:start] + letters + text[stop:]
        return text

    async def run(self) -> None:
        async with processes(self.chance.randint(1, 2)) as (log, made):
            documents = [await process.documents.open(NAME) for process in made]
            clients = [Client() for _ in range(2)]
            for client in clients:
                client.connect(self.chance.choice(documents))
            clients[0].text.insert(0, first := self.letters(40))
            self.typed.update(first)
            await settle(clients, documents)
            put = asyncio.create_task(self.put(texts_of(made)))
            while not put.done():
                await self.step(clients)
            await put
            for _ in range(self.chance.randint(0, 5)):
                await self.step(clients)
            await settle(clients, documents)
            self.check(clients, documents, log)

    async def step(self, clients: list[Client]) -> None:
        """Something that a client, or the network, does next."""
        client = self.chance.choice(clients)
        for _ in range(self.chance.randint(0, 3)):
            self.type(client)
        if self.chance.random() < 0.6:
            client.send(self.chance.randint(1, 4))
        if self.chance.random() < 0.6:
            client.read(self.chance.randint(1, 4))
        for _ in range(self.chance.randint(1, 6)):
            await asyncio.sleep(0)

    async def put(self, texts: list[Texts]) -> None:
        """Reads and writes, as an editor does that knows only REST, sometimes on the ground of an old text."""
        seen: Text | None = None
        for _ in range(self.chance.randint(1, 3)):
            if seen is None or self.chance.random() < 0.5:
                seen = await self.chance.choice(texts).read(NAME, to_write=self.chance.random() < 0.5)
            for _ in range(self.chance.randint(0, 20)):
                await asyncio.sleep(0)
            wanted = self.rewritten(seen.text)
            now = await self.chance.choice(texts).write(NAME, ALICE, wanted, seen.number)
            missing = set(wanted) - self.gone - set(now.text)
            assert not missing, f"what was put is not there: {missing}"
            if self.chance.random() < 0.3:
                again = await self.chance.choice(texts).write(NAME, ALICE, wanted, seen.number)
                assert Counter(again.text).most_common(1)[0][1] == 1, "put twice, there twice"
            seen = now if self.chance.random() < 0.7 else seen

    def check(self, clients: list[Client], documents: list[Document], log: Log) -> None:
        """All are equal, and hold exactly what was typed or put and not deleted by somebody."""
        texts = {str(client.text) for client in clients}
        texts |= {read_content(document.replica.doc).text for document in documents}
        logged = Replica()
        for record in log.ever:
            logged.absorb(record.update)
        texts.add(read_content(logged.doc).text)
        assert len(texts) == 1, "the replicas differ"
        (text,) = texts
        assert not [letter for letter, count in Counter(text).items() if count > 1], "something is there twice"
        assert set(text) == self.typed - self.gone, (
            f"lost: {self.typed - self.gone - set(text)}, back again: {set(text) & self.gone}"
        )
