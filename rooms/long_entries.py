"""Live entries of maps that have several clocks: y-py writes attributes of XML elements as strings, Yjs never does.

Nobody honest splits one, and it must not be split: see places.py.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from rooms.codec.lib0 import var_uint
from rooms.delete_set import DeleteSet

Span = tuple[bytes, int, int]
"""Clocks of a client (its lib0 bytes): the first, and the one behind the last."""


class LongEntries:
    """By client, ascending."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._starts: dict[bytes, array[int]] = {}
        self._ends: dict[bytes, array[int]] = {}
        self.add(spans)

    def __bool__(self) -> bool:
        return bool(self._starts)

    def add(self, spans: Iterable[Span]) -> None:
        """These come behind those of their clients that are here."""
        for client, start, end in spans:
            self._starts.setdefault(client, array("I")).append(start)
            self._ends.setdefault(client, array("I")).append(end)

    def forget(self, deletes: DeleteSet) -> None:
        """Those of them that are deleted: they have no value to split any more."""
        for client, ranges in deletes.items():
            starts, ends = self._starts.get(key := var_uint(client)), self._ends.get(key)
            if starts is None or ends is None:
                continue
            for start, end in ranges:
                first, behind = bisect_left(starts, start), bisect_right(ends, end)
                if first < behind:
                    del starts[first:behind], ends[first:behind]
            if not starts:
                del self._starts[key], self._ends[key]

    def around(self, client: bytes, clock: int) -> Span | None:
        """The one that a struct would split that begins with this clock."""
        starts = self._starts.get(client)
        if starts is None:
            return None
        at = bisect_left(starts, clock) - 1
        if at < 0 or clock >= self._ends[client][at]:
            return None
        return client, starts[at], self._ends[client][at]

    def __iter__(self) -> Iterator[Span]:
        for client, starts in self._starts.items():
            for start, end in zip(starts, self._ends[client], strict=True):
                yield client, start, end
