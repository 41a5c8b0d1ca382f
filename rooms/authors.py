"""Who brought which part of a document: by client and clock, from the records of its log.

    record (author, at, update) ──add──► client ──► [clock, end, author, at] …       one entry per client and burst
                                                          ──encode──► kept by the worker beside the snapshot

The author of a character is the author of the record that brought it first. A client id says nothing: whoever sends
what others typed offline has brought it, and what REST writes has a client id of its own. Used by blame.py and workers.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from rooms.codec.lib0 import read_var_uint
from rooms.codec.plain import read_keystroke
from rooms.codec.update import read, read_in_slices
from rooms.errors import Malformed
from rooms.limits import READ_SLICE
from rooms.slices import Slices
from schemas.records import Commit

BURST_MS: Final = 10 * 60 * 1000
"""Edits of one author and client within this time count as one, written at its beginning."""
AT_ONCE: Final = 200
"""Records that are taken in in one slice, 5 us each."""


class Entry(msgspec.Struct, array_like=True, gc=False):
    """Clocks of one client that one author brought in one burst."""

    clock: int
    end: int
    author: int
    """Which of the authors."""
    at: int
    """Unix time in milliseconds of the first record."""


class _Kept(msgspec.Struct, array_like=True):
    authors: list[bytes]
    clients: dict[int, list[Entry]]


class Authors:
    """Who brought what, up to one record."""

    def __init__(self, packed: bytes = b"") -> None:
        """`packed`: as `encode` gives it."""
        kept = msgspec.msgpack.decode(packed, type=_Kept) if packed else _Kept([], {})
        self.authors, self.clients = kept.authors, kept.clients
        self._index = {author: index for index, author in enumerate(self.authors)}

    def encode(self) -> bytes:
        """To be kept."""
        return msgspec.msgpack.encode(_Kept(self.authors, self.clients))

    def add(self, commits: Iterable[Commit]) -> Slices[None]:
        """Records that follow those that were added before."""
        count = 0
        for commit in commits:
            for record in commit.records:
                author = self._index.get(record.author)
                if author is None:
                    author = self._index[record.author] = len(self.authors)
                    self.authors.append(record.author)
                yield from self._add(record.update, author, record.at)
                count += 1
                if count % AT_ONCE == 0:
                    yield

    def _add(self, update: bytes, author: int, at: int) -> Slices[None]:
        keystroke = read_keystroke(update)
        if keystroke is not None:
            if keystroke.end > keystroke.clock:
                self._bring(read_var_uint(keystroke.client, 0)[0], keystroke.clock, keystroke.end, author, at)
            return
        try:
            claims = (yield from read_in_slices(update)) if len(update) > READ_SLICE else read(update)
        except Malformed:
            return  # by the rules of another version: it is nobody's
        for client, begin, end in claims.sections:
            self._bring(client, begin, end, author, at)

    def _bring(self, client: int, begin: int, end: int, author: int, at: int) -> None:
        entries = self.clients.setdefault(client, [])
        last = entries[-1] if entries else None
        if last is None:
            entries.append(Entry(begin, end, author, at))
            return
        # What is here already was brought by somebody else, or is a state that was written back after a loss.
        begin = max(begin, last.end)
        if begin >= end:
            return
        if begin == last.end and last.author == author and abs(at - last.at) < BURST_MS:
            last.end = end
        else:
            entries.append(Entry(begin, end, author, at))
