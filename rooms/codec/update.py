"""A strict reader of Yjs updates (encoding v1), run over what clients send before the CRDT sees it.

    update   varUint(n), n × { varUint(structs), varUint(client), varUint(clock), structs × struct }, deletes
    struct   info, [origin], [right origin], [parent, [parent key]], content      info = flags | kind
    deletes  varUint(n), n × { varUint(client), varUint(ranges), ranges × { varUint(clock), varUint(length) } }

pycrdt checks most of this itself, but not all: a value nested 40,000 deep (80 kB) overflows its stack and ends the
process; a count of 2**28 in five bytes costs 500 MB and half a second; and some of what it takes, stock clients throw
at. Here every count is met by bytes, every length is positive, every clock fits 31 bits, and nothing is of a kind that
Yjs 13.6 does not know. What the update depends on is told as well, for rooms/replica.py, and where its structs lie, for
rooms/parts.py.

A struct takes 2 to 4 us, so the reader stops after every READ_SLICE bytes, and whoever reads in slices lets others run.

Source: yjs 13.6, `src/utils/encoding.js` and `src/structs`; lib0, `decoding.js`.
"""

from array import array
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

from rooms.codec.content import read_content, read_values_of
from rooms.codec.lib0 import client_key, read_var_string, read_var_uint
from rooms.errors import Malformed
from rooms.limits import PART_STRUCTS, READ_SLICE

CLOCK_END = 1 << 31
"""Clocks and lengths stay below this: the CRDT computes them in 32 bits."""
GC, DELETED, STRING, TYPE, ANY, DOCUMENT, SKIP = 0, 1, 4, 7, 8, 9, 10
ORIGIN, RIGHT_ORIGIN, PARENT_KEY = 0x80, 0x40, 0x20


@dataclass(slots=True)
class Structs:
    """Where the structs of one client lie in the update, and what they need of other clients."""

    client: int
    starts: "array[int]" = field(default_factory=lambda: array("I"))
    """Offset of each struct, and behind the last."""
    clocks: "array[int]" = field(default_factory=lambda: array("I"))
    """First clock of each struct, and behind the last."""
    needs: "array[int]" = field(default_factory=lambda: array("Q"))
    """Triples (which struct, client, clock), ascending; none where an earlier struct needs as much."""


@dataclass(slots=True)
class Claims:
    """What an update brings and what it needs, by client."""

    sections: list[tuple[int, int, int]] = field(default_factory=list)
    """(client, first clock, clock behind the last)."""
    needs: dict[int, int] = field(default_factory=dict)
    """Something of another client with this clock is referred to; of several the highest."""
    deletes: dict[int, int] = field(default_factory=dict)
    """Everything deleted lies before this clock."""
    is_nested: bool = False
    """Whether something in it says that it stands in a type inside of a type, or under a key."""
    has_subdocuments: bool = False
    end_of_structs: int = 0
    """Where in the update its deletes begin."""
    layout: list[Structs] | None = None
    """In the order of the update, where it was asked for."""
    ranges: list[tuple[int, int, int, int]] = field(default_factory=list)
    """With the layout: (client, how many deleted ranges, offset, offset behind), up to PART_STRUCTS at a time."""

    def are_met(self, clocks: Mapping[bytes, int]) -> bool:
        """Whether all that the update depends on is in a state vector (clients by their lib0 bytes) or in itself."""
        ends: dict[int, int] = {}
        for client, begin, end in self.sections:
            known = ends[client] if client in ends else clocks.get(client_key(client), 0)
            if begin > known:
                return False
            ends[client] = max(known, end)
        for client, clock in self.needs.items():
            if clock >= (ends[client] if client in ends else clocks.get(client_key(client), 0)):
                return False
        for client, end in self.deletes.items():
            if end > (ends[client] if client in ends else clocks.get(client_key(client), 0)):
                return False
        return True


Reading = Generator[None, None, Claims]


def read(update: bytes) -> Claims:
    """What an update claims, read in one go; raises Malformed where a Yjs client could not read it."""
    reading = _read(update, Claims())
    while True:
        try:
            next(reading)
        except StopIteration as done:
            claims: Claims = done.value
            return claims


def read_in_slices(update: bytes) -> Reading:
    """The same with its layout, stopping every few milliseconds; raises Malformed."""
    return _read(update, Claims(layout=[]))


def _read(update: bytes, claims: Claims) -> Reading:
    try:
        at = yield from _read_structs(update, claims)
        claims.end_of_structs = at
        at = yield from _read_deletes(update, at, claims)
    except IndexError:
        raise Malformed("the update ends too early") from None
    if at != len(update):
        raise Malformed("the update is longer than it says")
    return claims


def _read_structs(update: bytes, claims: Claims) -> Generator[None, None, int]:
    clients, at = _read_count(update, 0, 3)
    pause = READ_SLICE
    for _ in range(clients):
        structs, at = _read_count(update, at, 2)
        if not structs:
            raise Malformed("a client's part of the update is empty")
        client, at = read_var_uint(update, at)
        clock, at = _read_clock(update, at)
        begin = clock
        needs: dict[int, int] = {}
        fresh: list[int] = []
        laid = Structs(client) if claims.layout is not None else None
        for index in range(structs):
            start = at
            kind, at = _read_place(update, at, client, clock, needs, fresh)
            info = update[start]
            if not info & (ORIGIN | RIGHT_ORIGIN) and kind not in (GC, SKIP):
                claims.is_nested |= bool(info & PARENT_KEY) or not update[start + 1]
            if laid is not None:
                laid.starts.append(start)
                laid.clocks.append(clock)
                for i in range(0, len(fresh), 2):
                    laid.needs.extend((index, fresh[i], fresh[i + 1]))
            fresh.clear()
            if kind in (ANY, DOCUMENT):
                claims.has_subdocuments |= kind == DOCUMENT
                length, at = yield from read_values_of(kind, update, at)
            else:
                length, at = _read_content(kind, update, at)
            if kind == SKIP:
                claims.sections.append((client, begin, clock))
                begin = clock + length
            clock += length
            if clock >= CLOCK_END:
                raise Malformed("a clock in the update is too high")
            if at > pause:
                pause = at + READ_SLICE
                yield
        claims.sections.append((client, begin, clock))
        for author, other in needs.items():
            claims.needs[author] = max(claims.needs.get(author, 0), other)
        if laid is not None and claims.layout is not None:
            laid.starts.append(at)
            laid.clocks.append(clock)
            claims.layout.append(laid)
    return at


def _read_deletes(update: bytes, at: int, claims: Claims) -> Generator[None, None, int]:
    clients, at = _read_count(update, at, 4)
    for _ in range(clients):
        client, at = read_var_uint(update, at)
        ranges, at = _read_count(update, at, 2)
        highest = claims.deletes.get(client, 0)
        while ranges:
            start, some = at, min(ranges, PART_STRUCTS)
            for _ in range(some):
                clock, at = _read_clock(update, at)
                length, at = _read_length(update, at)
                if clock + length > highest:
                    highest = clock + length
            ranges -= some
            if claims.layout is not None:
                claims.ranges.append((client, some, start, at))
            if ranges:
                yield
        claims.deletes[client] = highest
    return at


def _read_place(
    data: bytes, at: int, client: int, clock: int, needs: dict[int, int], fresh: list[int]
) -> tuple[int, int]:
    """The kind of the struct, and the offset of its content."""
    info = data[at]
    at += 1
    kind = info & 0x1F
    if kind in (GC, SKIP):
        return kind, at
    if info & ORIGIN:
        at = _read_id(data, at, client, clock, needs, fresh)
    if info & RIGHT_ORIGIN:
        at = _read_id(data, at, client, clock, needs, fresh)
    if not info & (ORIGIN | RIGHT_ORIGIN):
        is_root, at = read_var_uint(data, at)
        if is_root > 1:
            raise Malformed("a parent is neither a name nor an id")
        at = read_var_string(data, at)[1] if is_root else _read_id(data, at, client, clock, needs, fresh)
        if info & PARENT_KEY:
            _, at = read_var_string(data, at)
    return kind, at


def _read_content(kind: int, data: bytes, at: int) -> tuple[int, int]:
    """Its length in clocks, and the offset behind it."""
    if kind == STRING:
        text, at = read_var_string(data, at)
        length = len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
    elif kind in (DELETED, GC, SKIP):
        return _read_length(data, at)
    else:
        length, at = read_content(kind, data, at)
    if not length:
        raise Malformed("a struct in the update is empty")
    return length, at


def _read_id(data: bytes, at: int, client: int, clock: int, needs: dict[int, int], fresh: list[int]) -> int:
    author, at = read_var_uint(data, at)
    other, at = _read_clock(data, at)
    if author == client:
        if other >= clock:
            raise Malformed("a struct in the update depends on a later one of its own client")
    elif other > needs.get(author, -1):
        needs[author] = other
        fresh.append(author)
        fresh.append(other)
    return at


def _read_clock(data: bytes, at: int) -> tuple[int, int]:
    clock, at = read_var_uint(data, at)
    if clock >= CLOCK_END:
        raise Malformed("a clock in the update is too high")
    return clock, at


def _read_length(data: bytes, at: int) -> tuple[int, int]:
    length, at = _read_clock(data, at)
    if not length:
        raise Malformed("a length in the update is zero")
    return length, at


def _read_count(data: bytes, at: int, least: int) -> tuple[int, int]:
    """A number of things that take at least so many bytes each: memory is reserved for it, so it must be true."""
    count, at = read_var_uint(data, at)
    if count * least > len(data) - at:
        raise Malformed("the update claims more than it has bytes")
    return count, at
