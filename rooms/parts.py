"""A large update cut into parts that apply one after the other, so that whoever applies them can pause in between.

    update ──read──► layout ──plan──► which bytes make up each part ──part──► updates of their own (encoding v1)

A part holds up to PART_STRUCTS structs, of each client those that follow the ones before, in an order in which nothing
comes before what it refers to: the order in which Yjs itself integrates. What is deleted follows in parts of its own.

The worker plans once, when it stores a snapshot (cut.py); the gateway only copies bytes. A client's large update is
planned by the gateway (large_update.py).

Source of the order: yjs 13.6, `integrateStructs` in `src/utils/encoding.js`.
"""

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple
from zlib import crc32

import msgspec

from rooms.codec.halves import Pairs
from rooms.codec.lib0 import var_uint
from rooms.codec.update import Claims, Structs
from rooms.errors import Malformed
from rooms.limits import PART_BYTES, PART_STRUCTS
from rooms.places import Packed, Places
from rooms.slices import Slices

STEPS = 500
"""Of the search for an order in one go (2 us each)."""


class Piece(NamedTuple):
    """Structs, or deleted ranges, of one client: so many, in these bytes of the update."""

    client: int
    size: int
    start: int
    end: int
    clock: int
    """Of the first struct; unused for ranges."""


class Part(NamedTuple):
    """Structs or deleted ranges, never both."""

    structs: list[Piece]
    deletes: list[Piece]


Plan = list[Part]


class _Packed(msgspec.Struct, array_like=True):
    checksum: int
    cuts: list[Part]
    pairs: Pairs | None = None
    places: Packed | None = None


class Unpacked(NamedTuple):
    """How to open a state."""

    parts: Iterator[bytes]
    pairs: Pairs | None
    """The characters that halves.py wants to know of, None where they have to be looked for."""
    places: Places | None
    """The same of places.py."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Packed)


def plan(claims: Claims) -> Slices[Plan]:
    """How to cut the update that was read with its layout; raises Malformed where no order exists."""
    assert claims.layout is not None
    order = _Order(claims.layout)
    yield from order.find()
    return order.parts + list(_deletes(claims.ranges))


def part(update: bytes, cut: Part) -> bytes:
    """This part as an update."""
    out = [var_uint(len(cut.structs))]
    for client, count, start, end, clock in cut.structs:
        out += (var_uint(count), var_uint(client), var_uint(clock), update[start:end])
    out.append(var_uint(len(cut.deletes)))
    for client, count, start, end, _ in cut.deletes:
        out += (var_uint(client), var_uint(count), update[start:end])
    return b"".join(out)


def pack(cuts: Plan, update: bytes, pairs: Pairs | None = None, places: Places | None = None) -> bytes:
    """A plan as bytes, to be stored beside its update, and what halves.py and places.py want to know of it.

    Without any cuts the update stays in one piece.
    """
    return _encoder.encode(_Packed(crc32(update), cuts, pairs, None if places is None else places.pack()))


def parts(update: bytes, packed: bytes) -> Iterator[bytes]:
    """The parts of an update by its packed plan; the update itself where there is none, or one of another update."""
    return unpack(update, packed).parts


def unpack(update: bytes, packed: bytes) -> Unpacked:
    """The same, and what else is known of it."""
    try:
        found = _decoder.decode(packed)
    except msgspec.DecodeError:
        return Unpacked(iter([update]), None, None)
    if found.checksum != crc32(update):
        return Unpacked(iter([update]), None, None)
    made = (part(update, cut) for cut in found.cuts) if found.cuts else iter([update])
    return Unpacked(made, found.pairs, None if found.places is None else Places(found.places))


class _Run:
    """One client's structs, and how many of them are in parts already."""

    __slots__ = ("at", "begun", "client", "clocks", "count", "need", "needs", "starts")

    def __init__(self, laid: Structs) -> None:
        self.client = laid.client
        self.starts, self.clocks, self.needs = laid.starts, laid.clocks, laid.needs
        self.count = len(laid.starts) - 1
        self.at = 0
        """The next struct."""
        self.begun = 0
        """The first struct of the part that is being filled."""
        self.need = 0
        """Index of what the next struct needs, or a later one."""


class _Order:
    """A depth-first search: before a struct comes what it needs."""

    def __init__(self, layout: list[Structs]) -> None:
        self.parts: Plan = []
        self._runs = {laid.client: _Run(laid) for laid in layout}
        if len(self._runs) < len(layout):
            raise Malformed("a client has two parts in the update")
        self._open: dict[int, _Run] = {}
        """The clients in the part that is being filled."""
        self._structs, self._bytes = PART_STRUCTS, PART_BYTES
        """How much it still takes."""

    def find(self) -> Slices[None]:
        steps = 0
        for run in self._runs.values():
            # Who waits for whom: each for a clock of the next one.
            chain = [(run, run.clocks[-1] - 1)]
            waiting = {run.client}
            while chain:
                steps += 1
                if not steps % STEPS:
                    yield
                top, until = chain[-1]
                missing = self._advance(top, until)
                if missing is None:
                    waiting.discard(chain.pop()[0].client)
                elif missing[0].client in waiting:
                    raise Malformed("structs in the update depend on one another in a circle")
                else:
                    chain.append(missing)
                    waiting.add(missing[0].client)
        self._close()

    def _advance(self, run: _Run, until: int) -> "tuple[_Run, int] | None":
        """Take this client's structs up to a clock, or tell which run has to come first, and up to which clock."""
        end = bisect_right(run.clocks, until, hi=run.count)
        needs = run.needs
        while run.at < end:
            stop = end
            while run.need < len(needs):
                index, author, clock = needs[run.need : run.need + 3]
                if index > run.at:
                    stop = min(end, index)
                    break
                other = self._runs.get(author)
                # What this update does not bring is there already, or nothing of it will be merged.
                if other is not None and other.clocks[other.at] <= clock < other.clocks[-1]:
                    return other, clock
                run.need += 3
            self._take(run, stop)
        return None

    def _take(self, run: _Run, stop: int) -> None:
        """Structs that need nothing more, as far as they fit."""
        fits = bisect_right(run.starts, run.starts[run.at] + self._bytes) - 1
        stop = min(stop, run.at + self._structs, max(fits, run.at + 1))
        if run.client not in self._open:
            self._open[run.client] = run
            run.begun = run.at
        self._structs -= stop - run.at
        self._bytes -= run.starts[stop] - run.starts[run.at]
        run.at = stop
        if self._structs <= 0 or self._bytes <= 0:
            self._close()

    def _close(self) -> None:
        if self._open:
            pieces = [
                Piece(run.client, run.at - run.begun, run.starts[run.begun], run.starts[run.at], run.clocks[run.begun])
                for run in self._open.values()
            ]
            self.parts.append(Part(pieces, []))
            self._open = {}
        self._structs, self._bytes = PART_STRUCTS, PART_BYTES


def _deletes(ranges: list[tuple[int, int, int, int]]) -> Iterator[Part]:
    pieces: list[Piece] = []
    room = PART_STRUCTS
    for client, count, start, end in ranges:
        if count > room:
            yield Part([], pieces)
            pieces, room = [], PART_STRUCTS
        pieces.append(Piece(client, count, start, end, 0))
        room -= count
    if pieces:
        yield Part([], pieces)
