"""What live documents need from outside, stated as Protocols. `gateway/sockets/wiring.py` plugs in the store."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from schemas.documents import DocumentName
from schemas.records import Commit, Loaded, Record


class Append(NamedTuple):
    """Records of one document to commit together."""

    name: DocumentName
    known: int
    """The highest number known here; a log that is behind it has lost records and refuses."""
    records: Sequence[Record]


class Log(Protocol):
    """The documents' logs; all methods raise Unavailable."""

    async def append(self, batch: Sequence[Append]) -> list[int | None]:
        """Commit in order; the last number of each, or None where the log has lost records (see restore)."""

    async def read(self, name: DocumentName, after: int) -> Sequence[Commit]:
        """The commits behind number `after`. The first one may start later when the log was trimmed or restored."""

    async def restore(self, name: DocumentName, known: int, record: Record) -> int:
        """Begin a lost log anew, beyond every number ever given, with a full state; the last number of the log."""

    async def numbers(self, names: Sequence[DocumentName]) -> list[int | None]:
        """The last number of each log, None where it is lost."""

    async def announce_presence(self, batch: Sequence[tuple[DocumentName, bytes]]) -> None:
        """Tell other processes about presence; best effort."""


class Library(Protocol):
    """Where documents come from."""

    async def load(self, name: DocumentName) -> Loaded:
        """Snapshot and tail; creates the document where it is new. Raises Unavailable."""

    async def follow(self, name: DocumentName) -> None:
        """From now on, announcements of this document reach the process; they may come before load returns."""

    async def unfollow(self, name: DocumentName) -> None:
        """No more of them."""


class Past(Protocol):
    """What documents were, from their stores; all methods raise Unavailable."""

    async def now(self, name: DocumentName) -> Loaded:
        """All that is committed."""

    async def at(self, name: DocumentName, number: int) -> Loaded | None:
        """The records up to this number, no more and no less; None where that number is not known (any more)."""

    async def authors(self, name: DocumentName) -> tuple[int, bytes]:
        """Who brought what (rooms/authors.py), as it was last kept, and up to which record."""

    async def records(self, name: DocumentName, after: int, number: int) -> Sequence[Commit]:
        """Those behind `after` up to `number`, as far as they are kept."""


class Leases(Protocol):
    """Whose turn it is, among all processes."""

    def lease(self, name: DocumentName) -> AbstractAsyncContextManager[Callable[[], None]]:
        """Waits for its turn to change this document as a whole; raises Unavailable.

        What it gives is called right before the change, and raises Unavailable when the turn is over too early.
        """


class Outlet(Protocol):
    """A peer's connection, as far as a document knows it. None of these may raise; only `broken` calls back at once."""

    def durable(self, count: int, updates: Sequence[bytes]) -> None:
        """`count` more of its messages are durable; `updates` are its edits in them, empty where it had none."""

    def refused(self, reason: str) -> None:
        """It wrote something that it may not write. The connection stays."""

    def broken(self, reason: str) -> None:
        """The document is given up: the connection ends, and leaves it at once. The client may come back."""
