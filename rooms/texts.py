"""Texts of documents as REST reads and writes them: whole, with the number of the record up to which they go.

    read    open ──► wait until the replica is what the log says ──► (number, text)
    write   what the writer saw (by its number) ──copy──► smallest edit in the copy ──update──► live one ──► durable

The CRDT merges the edit with whatever others wrote since the writer read, so nothing of theirs is overwritten. The
copy's client id is derived from what was seen and what was written: sent twice, by any processes, it is the same
update, and has its effect once. Who says not what it saw writes on the ground of what is there at its turn.

Called by gateway/routes/content.py and versions.py.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from rooms.authors import Authors
from rooms.blame import Run, blame
from rooms.crdt import EMPTY_UPDATE, read_state_vector
from rooms.document import Document
from rooms.errors import RoomsError
from rooms.open_documents import OpenDocuments
from rooms.ports import Leases, Past
from rooms.restore import restore
from rooms.scratch import Scratch
from rooms.slices import Result, Slices
from rooms.text import change_content, read_content
from rooms.text_bases import STATE_MAX, Bases
from rooms.text_diff import diff
from rooms.unified import unified
from schemas.documents import DocumentName
from schemas.records import Loaded
from schemas.unavailable import Unavailable

SETTLE: Final = 0.1
"""Seconds that a reader waits for the live replica to be exactly what the log says; then the stores are read."""
EDIT_RULES: Final = b"atrium edit 1"
"""Changes with text_diff.py: two processes of different versions must not make different edits under one client id."""

Edit = Callable[[Scratch], Slices[None]]
"""Changes a copy of a document."""


class Gone(RoomsError):
    """The number is none that this document had, or one that nobody can rebuild any more. Read it again."""


@dataclass(frozen=True, slots=True)
class Text:
    """A document's main text, as of a record."""

    number: int
    text: str


class Texts:
    """One per gateway."""

    def __init__(self, documents: OpenDocuments, past: Past, leases: Leases) -> None:
        self._documents = documents
        self._past = past
        self._leases = leases
        self._bases = Bases()

    async def read(self, name: DocumentName, *, to_write: bool = False) -> Text:
        """The text now; `to_write`: the reader may come back with a changed one. Raises NotText, Unavailable."""
        try:
            document = await self._current(name)
        except Unavailable:
            document = await self._documents.open(name)
            if document.exact is None:
                raise
            # Redis is away, so nobody else commits anything either.
        number = await self._settled(document)
        if number is None:
            number, state = await self._committed(name)
            return Text(number, state)
        if to_write and document.size <= STATE_MAX and not self._bases.knows(name, number):
            self._bases.keep(name, number, document.replica.encode())
        return Text(number, read_content(document.replica.doc).text)

    async def write(self, name: DocumentName, author: bytes, text: str, seen: int | None) -> Text:
        """Make it this text, as somebody who saw record `seen`, or what is there now; what it is then, durably.

        Raises NotText, Gone, TooLarge, Unavailable.
        """

        def edit(scratch: Scratch) -> Slices[None]:
            content = read_content(scratch.doc)
            edits = yield from diff(content.text, text)
            yield from change_content(scratch, content, edits)

        await self.change(name, author, text.encode(), edit, seen)
        return await self.read(name, to_write=True)

    async def state(self, name: DocumentName, seen: int | None = None) -> Loaded:
        """All of the document as it is now, or was as of record `seen`, whatever it holds: one state, as of a record.

        Raises Gone, Unavailable.
        """
        loaded = await self._state(name, seen)
        if not loaded.tail:
            return loaded
        with Scratch() as scratch:
            await self._documents.turns.run(scratch.load(loaded))
            return Loaded(loaded.number, scratch.encode(), ())

    async def number(self, name: DocumentName) -> int | None:
        """The last record of its log, None where it has left Redis; raises Unavailable."""
        return (await self.numbers([name]))[0]

    async def numbers(self, names: Sequence[DocumentName]) -> list[int | None]:
        """The same for many."""
        return await self._documents.numbers(names)

    async def blame(self, name: DocumentName) -> tuple[int, list[Run]]:
        """Who wrote which part of the text, as of a record. Raises NotText, Unavailable."""
        state = await self.state(name)
        known, packed = await self._past.authors(name)
        authors = Authors(packed)
        if known < state.number:
            later = await self._past.records(name, known, state.number)
            await self._documents.turns.run(authors.add(later))
        runs, _ = await self._documents.turns.run(blame(state.state, authors))
        return state.number, runs

    async def text_in(self, state: Loaded) -> str:
        """The main text of a state. Raises NotText."""
        with Scratch() as scratch:
            await self._documents.turns.run(scratch.load(state))
            return read_content(scratch.doc).text

    async def run(self, work: Slices[Result]) -> Result:
        """Other long work on texts, in slices, at its turn."""
        return (await self._documents.turns.run(work))[0]

    async def compare(self, old: str, new: str, names: tuple[str, str]) -> str:
        """A unified diff of two texts."""
        compared, _ = await self._documents.turns.run(unified(old, new, names))
        return compared

    async def restore(self, name: DocumentName, author: bytes, state: Loaded) -> None:
        """Make it what it was, as an edit that everybody sees; returns when it is durable.

        Raises CannotRestore, TooLarge, Unavailable, and then nothing has changed.
        """

        def edit(scratch: Scratch) -> Slices[None]:
            with Scratch() as wanted:
                yield from wanted.load(state)
                yield from restore(scratch.doc, wanted.doc)

        await self.change(name, author, b"restore" + state.state, edit, None)

    async def change(self, name: DocumentName, author: bytes, what: bytes, edit: Edit, seen: int | None) -> None:
        """Edit a copy as of record `seen`, or as of now, and merge that; returns when it is durable.

        `what` is the same for the same edit. Raises what `edit` raises, Gone, TooLarge, Unavailable.
        """
        if seen is not None:
            await self._change(name, author, what, edit, seen, _always)
            return
        # Two who write the whole at the same moment would otherwise both insert the same.
        async with self._leases.lease(name) as check:
            await self._change(name, author, what, edit, None, check)

    async def _change(
        self, name: DocumentName, author: bytes, what: bytes, edit: Edit, seen: int | None, check: Callable[[], None]
    ) -> None:
        loaded = await self._state(name, seen)
        digest = hashlib.sha256(b"\0".join((EDIT_RULES, name.encode(), b"%d" % loaded.number, what))).digest()
        with Scratch(int.from_bytes(digest[:8], "big") >> 11) as scratch:
            await self._documents.turns.run(_made(scratch, loaded, edit))
            update, begin = scratch.take(), read_state_vector(scratch.begin)
        # Opened again: it may have been unloaded meanwhile.
        document = await self._current(name)
        here = read_state_vector(document.replica.state_vector())
        if any(here.get(client, 0) < clock for client, clock in begin.items()):
            raise Gone("what If-Match names was lost with the log; read the text again")
        if update != EMPTY_UPDATE:
            check()
            await document.edit(author, update)

    async def _state(self, name: DocumentName, seen: int | None) -> Loaded:
        """The document as of `seen`, or as of now."""
        if seen is not None and (state := self._bases.find(name, seen)) is not None:
            return Loaded(seen, state, ())
        document = await self._current(name)
        number = document.exact if seen is not None else await self._settled(document)
        if number is not None and seen in (number, None) and document.size <= STATE_MAX:
            return Loaded(number, document.replica.encode(), ())
        if seen is None:
            return await self._past.now(name)
        loaded = await self._past.at(name, seen)
        if loaded is None:
            raise Gone("the version that If-Match names is none of this text, or too old; read the text again")
        return loaded

    async def _current(self, name: DocumentName) -> Document:
        """The open document with all that is committed by now."""
        document = await self._documents.open(name)
        await self._documents.refresh(document)
        return document

    async def _settled(self, document: Document) -> int | None:
        """The record up to which the replica is what the log says; None where it is too busy to be ever so."""
        try:
            async with asyncio.timeout(SETTLE):
                while (number := document.exact) is None:
                    await document.saved()
                    if document.is_durable:
                        await asyncio.sleep(SETTLE / 20)  # records of others are on their way
        except TimeoutError:
            return None
        return number

    async def _committed(self, name: DocumentName) -> tuple[int, str]:
        loaded = await self._past.now(name)
        with Scratch() as scratch:
            await self._documents.turns.run(scratch.load(loaded))
            return loaded.number, read_content(scratch.doc).text


def _always() -> None:
    """An edit on the ground of a known state merges whenever it comes."""


def _made(scratch: Scratch, loaded: Loaded, edit: Edit) -> Slices[None]:
    yield from scratch.load(loaded)
    yield from edit(scratch)
