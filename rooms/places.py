"""Where each clock of a document stands, as far as it matters: how deep in nested types, and whether in a map.

    root text, nothing nested     0             (not kept: most documents have nothing else)
    in a map, under a key         odd
    in a type inside of a type    2 × its depth

Why: pycrdt 0.14.13 keeps what stands in a type by plain pointers, from the type to the first of a list, and to the
latest entry of each key. What these do not lead to is not freed with the type, points to freed memory, and ends the
process some time later. Yjs' clients never write such things; a hostile one can, with updates that are well formed:

- among the items of a list an entry of a map, so that it is in both,
- an entry of several clocks that is split, so that the key has two live values.

So they are refused before they are merged (placing.py). And types nested thousands deep end clients, which delete
them by recursion. Subdocuments are no attack, and still not safe to free (Crdt.keep_what_is_deleted).

This is the book of one replica; called by replica.py.
"""

from array import array
from bisect import bisect_right
from typing import Final, NamedTuple

from rooms.codec.plain import Keystroke
from rooms.codec.update import Claims, read, read_in_slices
from rooms.crdt import EMPTY_UPDATE
from rooms.delete_set import read_delete_set
from rooms.errors import Malformed
from rooms.long_entries import LongEntries, Span
from rooms.placing import Found, placed
from rooms.slices import Slices, at_once

Packed = tuple[dict[bytes, tuple[list[int], list[int], list[int]]], list[Span], bool]
"""By client (its lib0 bytes) where ranges of clocks begin and end, and their places; LongEntries; any subdocuments."""
UNFIT: Final = -1


class _Ranges(NamedTuple):
    """Of one client, ascending."""

    starts: "array[int]"
    ends: "array[int]"
    values: "array[int]"


class Places:
    """What is not in here is 0."""

    __slots__ = ("_latest", "_latest_place", "has_subdocuments", "known", "long")

    def __init__(self, packed: Packed = ({}, [], False)) -> None:
        ranges, long, self.has_subdocuments = packed
        self.known = {client: _Ranges(*(array("I", each) for each in some)) for client, some in ranges.items()}
        """Whether there ever was one."""
        self.long = LongEntries(long)
        self._latest: tuple[tuple[bytes, int], ...] = ()
        """Between what a keystroke would stand that goes on where the latest one was."""
        self._latest_place = 0

    def pack(self) -> Packed:
        """To be stored."""
        ranges = {
            client: (list(some.starts), list(some.ends), list(some.values)) for client, some in self.known.items()
        }
        return ranges, list(self.long), self.has_subdocuments

    def of(self, client: bytes, clock: int) -> int:
        """The place of this clock."""
        ranges = self.known.get(client)
        if ranges is None:
            return 0
        at = bisect_right(ranges.starts, clock) - 1
        return ranges.values[at] if at >= 0 and clock < ranges.ends[at] else 0

    def of_stroke(self, stroke: Keystroke) -> int:
        """Where this keystroke types, or UNFIT where it has to be looked at more closely."""
        needs = stroke.needs
        if stroke.deleted:
            return UNFIT if self.long else 0
        if needs == self._latest:
            return self._latest_place
        place = 0
        for client, clock in needs:
            value = self.of(client, clock)
            if value & 1:
                return UNFIT
            place = max(place, value)
        return place

    def learn_typed(self, stroke: Keystroke, place: int) -> None:
        """It was merged."""
        client, clock, end, needs = stroke[:4]
        if not end:
            return
        if place:
            self.add(client, clock, end, place)
        self._latest = ((client, end - 1), *needs[1:])
        self._latest_place = place

    def add(self, client: bytes, start: int, end: int, value: int) -> None:
        """Clocks that were merged, behind those of this client that are here."""
        ranges = self.known.get(client)
        if ranges is None:
            ranges = self.known[client] = _Ranges(array("I"), array("I"), array("I"))
        starts, ends, values = ranges
        if ends and ends[-1] == start and values[-1] == value:
            ends[-1] = end
        else:
            starts.append(start)
            ends.append(end)
            values.append(value)

    def learn(self, found: Found, delta: bytes) -> None:
        """All this was merged, and that is what became of it."""
        for client, start, end, value in found.ranges:
            self.add(client, start, end, value)
        if self.long or found.long:
            self.long.add(found.long)
            self.long.forget(at_once(read_delete_set(delta, read(delta).end_of_structs)))


def find_places(state: bytes) -> Slices[Places]:
    """Those of a state; none where it is from before updates were read so strictly, and cannot be read."""
    try:
        claims = yield from read_in_slices(state)
    except Malformed:
        return Places()
    return (yield from places_in(state, claims))


def places_in(state: bytes, claims: Claims) -> Slices[Places]:
    """Those of a state that was read with its layout."""
    places = Places(({}, [], claims.has_subdocuments))
    if claims.is_nested:
        found = yield from placed(state, claims, {}, places, strict=False)
        places.learn(found, EMPTY_UPDATE)
    return places
