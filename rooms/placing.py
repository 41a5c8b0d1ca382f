"""Where the structs of an update would stand, found before they are merged; why and how it is told: places.py.

    struct ──names its parent──► one deeper than that                        with a key: in a map
           └─names neighbours──► where they stand (in the update itself, or in the replica's book)

What a struct with neighbours says of a key is not believed: merged updates lose it. Called by replica.py and cut.py.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from rooms.codec.halves import edges
from rooms.codec.lib0 import read_var_uint, var_uint
from rooms.codec.update import ANY, GC, ORIGIN, PARENT_KEY, RIGHT_ORIGIN, SKIP, STRING, TYPE, Claims, Structs
from rooms.delete_set import DeleteSet, is_covered, read_delete_set
from rooms.errors import Malformed, Unsound
from rooms.limits import TYPES_NESTED_MAX
from rooms.long_entries import LongEntries, Span
from rooms.slices import Slices

AT_ONCE: Final = 1_000
"""Structs in one slice, 2 us each."""
UNKNOWN: Final = -1


class Book(Protocol):
    """What is known of a replica."""

    @property
    def long(self) -> LongEntries:
        """Its entries of several clocks."""

    def of(self, client: bytes, clock: int) -> int:
        """The place of this clock."""


@dataclass(slots=True)
class Found:
    """What an update brings."""

    ranges: list[tuple[bytes, int, int, int]] = field(default_factory=list)
    """Of each client ascending: first clock, clock behind the last, place; without those whose place is 0."""
    long: list[Span] = field(default_factory=list)
    """Entries of several clocks that stay."""


def placed(
    update: bytes, claims: Claims, known: Mapping[bytes, int], book: Book, *, strict: bool = True
) -> Slices[Found]:
    """The places in an update that was read with its layout and trimmed (codec/trim.py); raises Unsound.

    `known`: the next clock of each client. All that the update depends on is there, or in itself.
    `strict`: False for what was merged by whatever rules.
    """
    placing = _Placing(update, claims, known, book, strict)
    yield from placing.settle_all()
    found = Found(placing.ranges(), placing.long)
    if strict and (placing.long or book.long):
        deletes = yield from read_delete_set(update, claims.end_of_structs)
        yield from _check_edges(update, claims, (book.long, LongEntries(placing.long)), deletes)
        found.long = [span for span in placing.long if not is_covered(deletes, *span)]
    return found


class _Run:
    """What one client brings."""

    __slots__ = ("begin", "clocks", "count", "end", "first", "key", "starts", "values")

    def __init__(self, laid: Structs, key: bytes, known: int) -> None:
        self.key, self.clocks, self.starts = key, laid.clocks, laid.starts
        self.count = len(laid.starts) - 1
        self.first = bisect_left(laid.clocks, known)
        """The first struct that is new."""
        self.begin = max(known, laid.clocks[0])
        self.end = laid.clocks[-1]
        self.values = [UNKNOWN] * self.count


class _Placing:
    def __init__(self, update: bytes, claims: Claims, known: Mapping[bytes, int], book: Book, strict: bool) -> None:
        assert claims.layout is not None
        self._update, self._book, self._strict = update, book, strict
        self._keys: dict[int, bytes] = {}
        self._runs: dict[int, _Run] = {}
        for laid in claims.layout:
            if laid.client in self._runs:
                raise Malformed("a client has two parts in the update")
            key = self._key(laid.client)
            self._runs[laid.client] = _Run(laid, key, known.get(key, 0))
        self.long: list[Span] = []
        """Entries of several clocks."""
        self._first: tuple[_Run, int]

    def settle_all(self) -> Slices[None]:
        steps = 0
        for run in self._runs.values():
            for index in range(run.first, run.count):
                if run.values[index] == UNKNOWN:
                    self._settle(run, index)
                steps += 1
                if not steps % AT_ONCE:
                    yield

    def ranges(self) -> list[tuple[bytes, int, int, int]]:
        """See Found."""
        ranges = []
        for run in self._runs.values():
            index = run.first
            while index < run.count:
                value, begin = run.values[index], index
                while index < run.count and run.values[index] == value:
                    index += 1
                if value:
                    ranges.append((run.key, run.clocks[begin], run.clocks[index], value))
        return ranges

    def _settle(self, run: _Run, index: int) -> None:
        # Depth first: before a struct come its neighbours and its parent.
        chain = [(run, index)]
        waiting = {(run.key, index)}
        while chain:
            run, index = chain[-1]
            value = self._value(run, index)
            if value != UNKNOWN:
                run.values[index] = value
                chain.pop()
                continue
            run, index = self._first
            if (run.key, index) in waiting:
                raise Malformed("structs in the update depend on one another in a circle")
            chain.append(self._first)
            waiting.add((run.key, index))

    def _value(self, run: _Run, index: int) -> int:
        """The struct's place, or UNKNOWN where another one has to be settled first."""
        update, at = self._update, run.starts[index]
        info = update[at]
        kind = info & 0x1F
        if kind in (GC, SKIP):
            return 0
        at += 1
        value = right = 0
        if info & ORIGIN:
            client, at = read_var_uint(update, at)
            clock, at = read_var_uint(update, at)
            value = self._of(client, clock)
        if info & RIGHT_ORIGIN:
            client, at = read_var_uint(update, at)
            right = self._of(client, read_var_uint(update, at)[0])
        elif not info & ORIGIN:
            value = self._below_parent(at, bool(info & PARENT_KEY))
        if UNKNOWN in (value, right):
            return UNKNOWN
        if info & RIGHT_ORIGIN:
            if self._strict and (value | right) & 1:
                raise Unsound("an item of a list stands next to an entry of a map")
            value = max(value, right) | right & 1
        if kind == TYPE and self._strict and value >> 1 >= TYPES_NESTED_MAX:
            raise Unsound(f"types are nested more than {TYPES_NESTED_MAX} deep")
        if value & 1 and kind in (STRING, ANY) and run.clocks[index + 1] - run.clocks[index] > 1:
            self.long.append((run.key, run.clocks[index], run.clocks[index + 1]))
        return value

    def _below_parent(self, at: int, has_key: bool) -> int:
        is_root, at = read_var_uint(self._update, at)
        if is_root:
            return int(has_key)
        client, at = read_var_uint(self._update, at)
        parent = self._of(client, read_var_uint(self._update, at)[0])
        return UNKNOWN if parent == UNKNOWN else (parent | 1) + 1 + has_key

    def _of(self, client: int, clock: int) -> int:
        """The place of this clock, or UNKNOWN, and `_first` is the struct that has it."""
        run = self._runs.get(client)
        if run is None or not run.begin <= clock < run.end:
            return self._book.of(self._key(client), clock)
        index = bisect_right(run.clocks, clock) - 1
        if (value := run.values[index]) == UNKNOWN:
            self._first = run, index
        return value

    def _key(self, client: int) -> bytes:
        key = self._keys.get(client)
        if key is None:
            key = self._keys[client] = var_uint(client)
        return key


def _check_edges(
    update: bytes, claims: Claims, entries: tuple[LongEntries, LongEntries], deletes: DeleteSet
) -> Slices[None]:
    """Nothing may come into the middle of an entry, unless the update deletes all of it."""
    for step, (client, clock) in enumerate(edges(update, claims)):
        for some in entries:
            span = some.around(var_uint(client), clock)
            if span is not None and not is_covered(deletes, *span):
                raise Unsound("the update would split an entry of a map")
        if not step % AT_ONCE:
            yield
