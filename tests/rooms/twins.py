"""In-memory twins of what live documents need: a log that processes share, and a process with its open documents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from rooms.committer import Committer
from rooms.document import Document
from rooms.figures import Figures
from rooms.open_documents import OpenDocuments
from rooms.ports import Append
from rooms.presence_relay import PresenceRelay
from schemas.documents import DocumentName
from schemas.records import Commit, Loaded, Record, number_after_loss
from schemas.unavailable import Unavailable

NAME = DocumentName("00000000-0000-0000-0000-000000000001/main")


@dataclass
class Log:
    """Numbered commits of each document, as Redis keeps them. It may be away, lose everything, or stay unheard."""

    commits: dict[DocumentName, list[Commit]] = field(default_factory=dict)
    numbers_given: dict[DocumentName, int] = field(default_factory=dict)
    restores: int = 0
    processes: list[Process] = field(default_factory=list)
    away: bool = False
    deaf: bool = False
    """Announcements get lost."""
    ever: list[Record] = field(default_factory=list)
    """All records that were ever committed."""

    def lose(self) -> None:
        """Redis comes back empty."""
        self.commits.clear()
        self.numbers_given.clear()

    def check(self) -> None:
        if self.away:
            raise Unavailable("the log is away")

    def put(self, process: Process | None, name: DocumentName, records: Sequence[Record]) -> int:
        """Commit and announce."""
        last = self.numbers_given.get(name, 0) + len(records)
        commit = Commit(last, tuple(records))
        self.commits.setdefault(name, []).append(commit)
        self.numbers_given[name] = last
        self.ever.extend(records)
        for other in self.processes:
            if other is not process and name in other.followed and not self.deaf:
                asyncio.get_running_loop().call_soon(other.documents.hear_commit, name, commit, commit.first, last)
        return last


class Process:
    """One gateway's rooms, wired to the shared log. It is the rooms' Log and Library at once."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.followed: set[DocumentName] = set()
        self.figures = Figures()
        self.committer = Committer(self, self.figures)
        relay = PresenceRelay(self.announce_presence, asyncio.get_running_loop(), self.figures)
        self.documents = OpenDocuments(self, self, self.committer, relay, self.figures)
        log.processes.append(self)

    async def append(self, batch: Sequence[Append]) -> list[int | None]:
        await asyncio.sleep(0)
        self.log.check()
        return [
            self.log.put(self, append.name, append.records)
            if self.log.numbers_given.get(append.name, -1) >= append.known
            else None
            for append in batch
        ]

    async def read(self, name: DocumentName, after: int) -> Sequence[Commit]:
        await asyncio.sleep(0)
        self.log.check()
        return [commit for commit in self.log.commits.get(name, []) if commit.last > after]

    async def restore(self, name: DocumentName, known: int, record: Record) -> int:
        await asyncio.sleep(0)
        self.log.check()
        if self.log.numbers_given.get(name, -1) < known:
            self.log.restores += 1  # its clock: no two losses within one second
            self.log.numbers_given[name] = number_after_loss(known, self.log.restores)
        return self.log.put(self, name, [record])

    async def numbers(self, names: Sequence[DocumentName]) -> list[int | None]:
        await asyncio.sleep(0)
        self.log.check()
        return [self.log.numbers_given.get(name) for name in names]

    async def announce_presence(self, batch: Sequence[tuple[DocumentName, bytes]]) -> None:
        for name, update in batch:
            for other in self.log.processes:
                if other is not self and name in other.followed:
                    other.documents.hear_presence(name, str(id(self)), update)

    async def load(self, name: DocumentName) -> Loaded:
        await asyncio.sleep(0)
        self.log.check()
        number = self.log.numbers_given.setdefault(name, 0)
        return Loaded(number, b"", tuple(self.log.commits.get(name, [])))

    async def follow(self, name: DocumentName) -> None:
        await asyncio.sleep(0)
        self.followed.add(name)

    async def unfollow(self, name: DocumentName) -> None:
        await asyncio.sleep(0)
        self.followed.discard(name)


@asynccontextmanager
async def processes(count: int) -> AsyncIterator[tuple[Log, list[Process]]]:
    """So many processes on one log, with their committers running."""
    log = Log()
    made = [Process(log) for _ in range(count)]
    tasks = [asyncio.create_task(process.committer.run()) for process in made]
    try:
        yield log, made
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for process in made:
            for document in process.documents:
                document.close()


@dataclass
class Shelf:
    """A committer that keeps what it is given until the test commits it."""

    waiting: list[tuple[Document, Record]] = field(default_factory=list)
    last: int = 0

    def add(self, document: Document, record: Record) -> None:
        self.waiting.append((document, record))

    def commit(self, most: int | None = None) -> list[Record]:
        """The first `most` records are durable now, or all."""
        now, self.waiting = self.waiting[:most], self.waiting[most:] if most is not None else []
        for document, _ in now:
            self.last += 1
            document.committed(1, self.last, self.last)
        return [record for _, record in now]
