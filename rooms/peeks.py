"""Documents as they are now, read from their stores without opening them: nobody follows, nothing stays in memory.

For whoever reads many one after the other: the export of a project, its duplicate. What others typed within the last
milliseconds, and is not in the log yet, is not in it.
"""

from typing import Protocol

from rooms.crdt import EMPTY_UPDATE
from rooms.scratch import Scratch
from rooms.slices import Turns
from rooms.text import read_content
from schemas.documents import DocumentName
from schemas.records import Loaded


class Peek(Protocol):
    """How a document is read; plugged in by gateway/sockets/wiring.py."""

    async def __call__(self, name: DocumentName) -> Loaded | None:
        """Snapshot and tail; None where there is no such document. Raises Unavailable."""


class Peeks:
    """One per gateway."""

    def __init__(self, peek: Peek, turns: Turns) -> None:
        self._peek = peek
        self._turns = turns

    async def text(self, name: DocumentName) -> str:
        """The main text; empty where there is no such document. Raises NotText, Unavailable."""
        loaded = await self._peek(name)
        if loaded is None:
            return ""
        with Scratch() as scratch:
            await self._turns.run(scratch.load(loaded))
            return read_content(scratch.doc).text

    async def state(self, name: DocumentName) -> bytes:
        """All of it as one Yjs update (v1), empty where nothing was ever written. Raises Unavailable."""
        loaded = await self._peek(name)
        if loaded is None:
            return b""
        if not loaded.tail:
            return loaded.state
        with Scratch() as scratch:
            await self._turns.run(scratch.load(loaded))
            state = scratch.doc.get_update()
        return b"" if state == EMPTY_UPDATE else state
