"""Group commit: what all documents of a process produced since the last commit goes to the log in one call.

    Document.add ──► pending (in order, per document) ──one append──► log ──► Document.committed ──► acknowledgements

While the log is away editing goes on: records wait here, in order, and the same append is tried again. A repeated
append is harmless, since records are CRDT updates. A log that lost records is written back whole.
"""

import asyncio
import time
from dataclasses import dataclass

import structlog

from rooms.crdt import merge
from rooms.document import Document
from rooms.figures import Figures
from rooms.limits import COMMIT_RETRY_MAX, COMMIT_WINDOW, PENDING_MAX
from rooms.ports import Append, Log
from schemas.documents import named
from schemas.records import Record
from schemas.unavailable import Unavailable

logger = structlog.get_logger("rooms")


@dataclass(slots=True)
class _Waiting:
    """What one document handed over and is not durable yet."""

    records: list[Record]
    handed: int
    """How many records these are to the document: more than `records` when some were merged."""


class Committer:
    """One per process; `run` is its task."""

    def __init__(self, log: Log, figures: Figures) -> None:
        self._log = log
        self._figures = figures
        self._pending: dict[Document, _Waiting] = {}
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._since: float | None = None

    def add(self, document: Document, record: Record) -> None:
        """Commit this record after those that were added before."""
        waiting = self._pending.get(document)
        if waiting is not None:
            waiting.records.append(record)
            waiting.handed += 1
            return
        self._pending[document] = _Waiting([record], 1)
        if self._since is None:
            self._since = time.monotonic()
            self._empty.clear()
            self._wake.set()

    @property
    def oldest_unsaved(self) -> float:
        """Age in seconds of the oldest edit that is not durable yet, 0 when all are."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    async def drained(self) -> None:
        """Returns when everything that was added is durable."""
        await self._empty.wait()

    async def run(self) -> None:
        """Commit for ever; cancel to stop."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            flying, self._pending = self._pending, {}
            started = self._since or time.monotonic()
            await self._commit(flying)
            self._figures.durable.observe(time.monotonic() - started)
            if self._pending:
                self._since = time.monotonic()
                self._wake.set()
            else:
                self._since = None
                self._empty.set()
            await asyncio.sleep(COMMIT_WINDOW)

    async def _commit(self, flying: dict[Document, _Waiting]) -> None:
        pause = COMMIT_WINDOW
        while flying:
            try:
                await self._append(flying)
                for document, waiting in list(flying.items()):
                    # Only those are left whose log was lost; the full state has their records in it.
                    restored = await self._try_to_restore(document)
                    del flying[document]
                    if restored:
                        document.acknowledge(waiting.handed)
            except Unavailable as error:
                if pause == COMMIT_WINDOW:
                    logger.warning("log unavailable", reason=str(error), documents=len(flying))
                await asyncio.sleep(pause)
                pause = min(COMMIT_RETRY_MAX, pause * 2)
                self._squash()

    async def _append(self, flying: dict[Document, _Waiting]) -> None:
        batch = [Append(d.name, d.tail.highest, w.records) for d, w in flying.items()]
        numbers = await self._log.append(batch)
        self._figures.commits += 1
        for document, last in zip(list(flying), numbers, strict=True):
            if last is not None:
                waiting = flying.pop(document)
                document.committed(waiting.handed, last - len(waiting.records) + 1, last)

    async def _try_to_restore(self, document: Document) -> bool:
        """False where its state cannot be had; raises Unavailable."""
        if not document.broken:
            try:
                await self.restore(document)
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001  whatever it is, it holds up no other document
                document.break_off(error)
            else:
                return True
        logger.error("records lost with the log", **named(document.name))
        return False

    async def restore(self, document: Document) -> None:
        """Write the full state of a document into its log, which was lost; raises Unavailable."""
        known = document.tail.highest
        logger.warning("log lost, writing it back", **named(document.name), known=known)
        last = await self._log.restore(document.name, known, document.whole_record())
        self._figures.restored += 1
        # From its beginning: others may have appended below our number before the loss was noticed.
        for commit in await self._log.read(document.name, 0):
            document.follow(commit)
        document.tail.advance(last)

    def _squash(self) -> None:
        # What waits while Redis is away stays within the size of the documents themselves.
        for waiting in self._pending.values():
            records = waiting.records
            if len(records) > PENDING_MAX:
                waiting.records = [Record(b"", records[-1].at, merge([r.update for r in records]))]
