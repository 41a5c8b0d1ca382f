"""Yjs updates without a CRDT: authors whose edits are bytes made by hand, and a reader of what servers make of them.

Every author appends single characters to a run of its own in the root text `content`. Its first item names the root,
each later one names its own previous character as left origin; so whatever order the server applies them in, nothing
conflicts:

    first   01 01 client 00      04 01 07 "content" 01 "a"   00    one client, one struct: a string in the root
    later   01 01 client clock   84 client clock-1  01 "a"   00    a string with a left origin; 00: no deletions

Servers merge edits: several structs, several clients, and neighbouring characters joined into one longer string.
`runs` tells which characters an update holds, whatever it was merged from. Format (update v1):
https://github.com/yjs/yjs/blob/main/INTERNALS.md
"""

from collections.abc import Iterator
from typing import NamedTuple

from loadtest.varint import Reader, write_bytes, write_string, write_uint

ROOT = "content"
EMPTY_UPDATE = b"\x00\x00"
EMPTY_VECTOR = b"\x00"

#: Client ids of authors start here: as many bytes on the wire as the random 32-bit ids of real clients have.
FIRST_CLIENT_ID = 1 << 29

_HAS_LEFT, _HAS_RIGHT, _HAS_KEY, _CONTENT = 0x80, 0x40, 0x20, 0x1F
_GC, _DELETED, _STRING, _SKIP = 0, 1, 4, 10
_LETTERS = b"abcdefghijklmnopqrstuvwxyz"


class Run(NamedTuple):
    """Characters `first` to `end` (exclusive) of one author, by their clocks."""

    author: int
    first: int
    end: int


class UnreadableUpdate(Exception):
    """The update holds content that no author of the load generator writes: something else typed into the document."""


def edit(author: int, clock: int) -> bytes:
    """The update with which `author` types its character number `clock`."""
    client = write_uint(FIRST_CLIENT_ID + author)
    head = b"\x01\x01" + client + write_uint(clock)
    character = write_bytes(_LETTERS[clock % 26 : clock % 26 + 1])
    if clock == 0:
        item = bytes((_STRING, 1)) + write_string(ROOT)
    else:
        item = bytes((_STRING | _HAS_LEFT,)) + client + write_uint(clock - 1)
    return head + item + character + b"\x00"


def runs(update: bytes) -> tuple[Run, ...]:
    """The characters that an update holds. Raises UnreadableUpdate or IndexError."""
    return tuple(_runs(Reader(update)))


def _runs(reader: Reader) -> Iterator[Run]:
    for _ in range(reader.uint()):
        structs, client, clock = reader.uint(), reader.uint(), reader.uint()
        author = client - FIRST_CLIENT_ID
        first = clock
        for _ in range(structs):
            info = reader.byte()
            if info == _SKIP:
                if clock > first:
                    yield Run(author, first, clock)
                clock += reader.uint()
                first = clock
                continue
            clock += _item_length(reader, info)
        if clock > first:
            yield Run(author, first, clock)


def _item_length(reader: Reader, info: int) -> int:
    content = info & _CONTENT
    if content == _GC:
        return reader.uint()
    if info & _HAS_LEFT:
        reader.uint()
        reader.uint()
    if info & _HAS_RIGHT:
        reader.uint()
        reader.uint()
    if not info & (_HAS_LEFT | _HAS_RIGHT):
        if reader.uint() == 1:
            reader.bytes()
        else:
            reader.uint()
            reader.uint()
        if info & _HAS_KEY:
            reader.bytes()
    if content == _DELETED:
        return reader.uint()
    if content != _STRING:
        raise UnreadableUpdate(f"content of kind {content} at byte {reader.position}")
    return len(reader.bytes())  # ASCII only, so bytes are the UTF-16 units in which Yjs counts
