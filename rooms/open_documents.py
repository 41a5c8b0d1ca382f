"""The open documents of one process: opening, following the log, catching up, unloading.

    open:    follow ──► load snapshot and tail ──► replica ──► read what was committed meanwhile ──► Document
    follow:  announcement in turn ──► Document.follow          announcement with a gap ──► read the log

Following before loading closes the race between the two: what is announced in between is read once more.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import nullcontext

import structlog

from rooms import large_update
from rooms.committer import Committer
from rooms.document import Document
from rooms.errors import Unreadable
from rooms.figures import Figures
from rooms.filled import filled
from rooms.limits import CATCH_UP_AT_ONCE, GAP_PATIENCE, LARGE_AT_ONCE, OPEN_TIMEOUT, PART_BYTES, UNLOAD_AFTER
from rooms.peer import Peer
from rooms.ports import Library, Log
from rooms.presence_relay import PresenceRelay
from rooms.slices import Slices, Turns
from rooms.tail import Verdict
from schemas.documents import DocumentName, named
from schemas.records import Commit
from schemas.unavailable import Unavailable

logger = structlog.get_logger("rooms")


class OpenDocuments:
    """One per process; `run` is its task."""

    def __init__(
        self, log: Log, library: Library, committer: Committer, relay: PresenceRelay, figures: Figures
    ) -> None:
        self._log = log
        self._library = library
        self._committer = committer
        self._relay = relay
        self._figures = figures
        self.turns = Turns()
        """For all long work of this process."""
        self._open: dict[DocumentName, Document] = {}
        self._opening: dict[DocumentName, asyncio.Task[Document]] = {}
        self._behind: dict[Document, int] = {}
        """Documents that ended before their log at the last check, and where."""
        self._catching_up: dict[DocumentName, asyncio.Task[None]] = {}
        self._reading = asyncio.Semaphore(CATCH_UP_AT_ONCE)
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Document]:
        return iter(list(self._open.values()))

    def find(self, name: DocumentName) -> Document | None:
        """The document, if it is open."""
        return self._open.get(name)

    async def open(self, name: DocumentName) -> Document:
        """The document, loaded once for all who wait for it; raises Unavailable or TimeoutError."""
        document = self._open.get(name)
        if document is not None and name not in self._opening and not document.broken:
            document.idle_since = self._relay.loop.time()
            return document
        task = self._opening.get(name)
        if task is None:
            task = asyncio.create_task(self._load(name))
            self._opening[name] = task
            task.add_done_callback(lambda _: self._opening.pop(name, None))
        # Who waits may go away; the others still want the document.
        return await asyncio.shield(task)

    async def _load(self, name: DocumentName) -> Document:
        async with asyncio.timeout(OPEN_TIMEOUT):
            if (broken := self._open.pop(name, None)) is not None:
                broken.close()
                await broken.saved()
            await self._library.follow(name)
            try:
                loaded = await self._library.load(name)
                replica, stall = await self.turns.run(filled(loaded))
                self._figures.open_stall.observe(stall)
                self._figures.worst_stall = max(self._figures.worst_stall, stall)
                if replica.left_out:
                    logger.error("records left out", **named(name), count=replica.left_out)
                document = Document(
                    name,
                    replica,
                    loaded.number,
                    loop=self._relay.loop,
                    committer=self._committer,
                    relay=self._relay,
                    figures=self._figures,
                    size=len(loaded.state) + sum(len(r.update) for c in loaded.tail for r in c.records),
                )
                # Announcements count from here on; those that came earlier are read once more.
                self._open[name] = document
                await self._read_on(document)
                if document.broken:
                    raise Unreadable("what was committed in this document cannot be merged")
            except BaseException:
                self._open.pop(name, None)
                await self._library.unfollow(name)
                raise
        document.idle_since = self._relay.loop.time()
        logger.info("document opened", **named(name), record=document.tail.known, bytes=len(loaded.state))
        return document

    async def receive(self, document: Document, peer: Peer, update: bytes, *, is_answer: bool) -> None:
        """A large update for one of the documents, in slices; returns when it is merged, raises as Document.receive."""
        async with document.one_by_one, self._large if len(update) > PART_BYTES else nullcontext():
            self._figures.updates_in += 1
            await self.turns.run(large_update.receive(document, peer, update, is_answer=is_answer))

    # Following

    def hear_commit(self, name: DocumentName, commit: Commit | None, first: int, last: int) -> None:
        """Another process committed records `first` to `last`; `commit` is None if it is too large."""
        document = self._open.get(name)
        if document is None:
            return
        match document.tail.heard(first, last):
            case Verdict.NEXT if commit is not None:
                document.follow(commit)
            case Verdict.GAP if commit is not None and document.ahead.wait(commit):
                self._relay.loop.call_later(GAP_PATIENCE, self._look_for_gap, document)
            case Verdict.NEXT | Verdict.GAP:
                self._catch_up(document)
            case Verdict.OLD:
                pass

    def hear_presence(self, name: DocumentName, origin: str, update: bytes) -> None:
        """Another process announced presence."""
        if (document := self._open.get(name)) is not None:
            try:
                document.presence.hear(origin, update)
            except Exception as error:  # noqa: BLE001  whatever it is, presence is said again soon
                logger.error("presence is not understood", **named(name), origin=origin, reason=str(error))

    def missed_announcements(self) -> None:
        """The connection that announcements come by was interrupted: read all logs, and ask who is there."""
        for document in self._open.values():
            self._catch_up(document)
            document.presence.tell()

    async def check_all(self) -> None:
        """Redis may have lost records: look closer at each open document whose log does not end where it should."""
        documents = list(self._open.values())
        numbers = await self._log.numbers([document.name for document in documents])
        for document, number in zip(documents, numbers, strict=True):
            if number != document.tail.known:
                self._catch_up(document)

    async def check_behind(self) -> None:
        """Whatever was missed without a sign, as when a network swallows announcements: read on where a document has
        stood still behind its log since the last check."""
        documents = list(self._open.values())
        numbers = await self._log.numbers([document.name for document in documents])
        behind = {
            document: document.tail.known
            for document, number in zip(documents, numbers, strict=True)
            if number is not None and number > document.tail.known
        }
        for document, known in behind.items():
            if self._behind.get(document) == known:
                self._catch_up(document)
        self._behind = behind

    async def numbers(self, names: Sequence[DocumentName]) -> list[int | None]:
        """The last record of each log, None where it has left Redis; raises Unavailable."""
        return await self._log.numbers(names)

    async def refresh(self, document: Document) -> None:
        """Returns when it has all that its log held at the call; raises Unavailable."""
        async with self._reading:
            await self._read_once(document)

    def _look_for_gap(self, document: Document) -> None:
        if document.is_behind:
            self._catch_up(document)

    def _catch_up(self, document: Document) -> None:
        name = document.name
        if name not in self._catching_up:
            self._figures.resyncs += 1
            task = asyncio.create_task(self._read_on(document))
            self._catching_up[name] = task
            task.add_done_callback(lambda _: self._catching_up.pop(name, None))

    async def _read_on(self, document: Document) -> None:
        pause = 0.05
        while self._open.get(document.name) is document and not document.broken:
            try:
                async with self._reading:
                    if not await self._read_once(document):
                        return
            except Unavailable as error:
                logger.warning("cannot catch up yet", **named(document.name), reason=str(error))
                await asyncio.sleep(pause)
                pause = min(2.0, pause * 2)
            except Exception as error:  # noqa: BLE001  such as a record that nobody can decode
                document.break_off(error)

    async def _read_once(self, document: Document) -> bool:
        """Take in what is new in the log; False when there was nothing."""
        known = document.tail.known
        (number,) = await self._log.numbers([document.name])
        if number is None or number < known:
            await self._committer.restore(document)
            return True
        commits = await self._log.read(document.name, known)
        # Numbers beyond ours that no record has: the log was lost, and begun anew by somebody who opened it.
        if number > known if not commits else commits[0].first > document.tail.known + 1:
            await self._rejoin(document)
            return True
        await self.turns.run(_follow(document, commits))
        return bool(commits)

    async def _rejoin(self, document: Document) -> None:
        # The log was trimmed past us, or lost and written back by somebody who may lack what we have.
        loaded = await self._library.load(document.name)
        await self.turns.run(document.rejoin(loaded))
        logger.warning("log jumped, state written back", **named(document.name), record=document.tail.known)

    # Unloading

    async def tidy(self) -> None:
        """Forget presence that was not renewed, catch up where an own commit showed a gap, unload what is idle."""
        now = self._relay.loop.time()
        for document in list(self._open.values()):
            document.tidy(now)
            if document.is_behind:
                self._catch_up(document)
            if document.name in self._opening:
                continue  # those who wait for it are not its peers yet
            if not document.peers and document.is_durable and now - document.idle_since > UNLOAD_AFTER:
                del self._open[document.name]
                document.close()
                await self._library.unfollow(document.name)
                logger.info("document unloaded", **named(document.name), record=document.tail.known)


def _follow(document: Document, commits: Sequence[Commit]) -> Slices[None]:
    """Record by record: those of one commit may be the parts of a large update."""
    for commit in commits:
        for number, record in enumerate(commit.records, commit.first):
            document.follow(Commit(number, (record,)))
            yield
