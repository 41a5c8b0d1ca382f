"""Delete sets of Yjs updates: which ranges of clocks are deleted, by client.

deletes   varUint(n), n × { varUint(client), varUint(ranges), ranges × { varUint(clock), varUint(length) } }
"""

from bisect import bisect_right

from rooms.codec.lib0 import read_var_uint
from rooms.codec.update import CLOCK_END
from rooms.limits import READ_SLICE
from rooms.slices import Slices

DeleteSet = dict[int, list[tuple[int, int]]]
"""Ranges [start, end) of clocks by client."""


def read_delete_set(update: bytes, at: int) -> Slices[DeleteSet]:
    """The delete set at offset `at`, the ranges of each client ascending; raises Malformed."""
    clients, at = read_var_uint(update, at)
    deletes: DeleteSet = {}
    pause = at + READ_SLICE
    for _ in range(clients):
        client, at = read_var_uint(update, at)
        count, at = read_var_uint(update, at)
        ranges = deletes.setdefault(client, [])
        for _ in range(count):
            clock, at = read_var_uint(update, at)
            length, at = read_var_uint(update, at)
            ranges.append((clock, clock + length))
            if at > pause:
                pause = at + READ_SLICE
                yield
    for ranges in deletes.values():
        ranges.sort()
    return deletes


def is_covered(deletes: DeleteSet, client: bytes, start: int, end: int) -> bool:
    """Whether one of the ranges has all these clocks of a client (its lib0 bytes)."""
    ranges = deletes.get(read_var_uint(client, 0)[0], ())
    at = bisect_right(ranges, (start, CLOCK_END)) - 1
    return at >= 0 and end <= ranges[at][1]


def is_known(deletes: DeleteSet, clocks: dict[int, int]) -> bool:
    """Whether all that is deleted was inserted before `clocks` ({client: next clock})."""
    return all(end <= clocks.get(client, 0) for client, ranges in deletes.items() for _, end in ranges)


def covers(all_deletes: DeleteSet, deletes: DeleteSet) -> Slices[bool]:
    """Whether `all_deletes` has every range of `deletes`."""
    for client, ranges in deletes.items():
        mine = all_deletes.get(client, [])
        starts = [start for start, _ in mine]
        for start, end in ranges:
            i = bisect_right(starts, start) - 1
            if i < 0 or mine[i][1] < end:
                return False
        yield
    return True
