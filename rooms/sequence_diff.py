"""What two sequences have in common, in order: Myers' algorithm within a budget, anchors beyond it.

Elements that only one side has are left out first: they cannot be common, and mostly they are the whole difference.
Pure, and in slices (slices.py). Used by text_diff.py for lines, words and characters, and to restore arrays.

Source: E. Myers, "An O(ND) difference algorithm and its variations" (1986), the greedy algorithm; the anchors are
those of Bram Cohen's "patience diff".
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Final, NamedTuple

from rooms.slices import Slices

DISTANCE_MAX: Final = 800
"""Insertions and deletions that are looked for exactly: their square is the memory and the time."""
STEPS: Final = 2_000
"""Of the search between two pauses, less than a millisecond."""

PAGE: Final = 20_000
"""Elements that are looked at in one go, some 2 ms."""


class Budget:
    """Steps that one comparison may still take altogether, 0.3 us each."""

    def __init__(self, steps: int) -> None:
        self.left = steps


class Run(NamedTuple):
    """`size` elements that both have in a row, from `a` of the one and `b` of the other."""

    a: int
    b: int
    size: int


def common(a: Sequence[Hashable], b: Sequence[Hashable], budget: Budget) -> Slices[list[Run]]:
    """Runs in ascending order that are equal in both; as many elements as possible where the budget lasts."""
    begin, end = yield from _same_ends(a, b)
    middle_a, middle_b = range(begin, len(a) - end), range(begin, len(b) - end)
    pairs: list[tuple[int, int]] = []
    if middle_a and middle_b:
        yield
        left, right = yield from _shared(a, middle_a, b, middle_b)
        shared_a, shared_b = [a[i] for i in left], [b[j] for j in right]
        yield
        found = yield from _myers(shared_a, shared_b, budget)
        if found is None:
            found = yield from _anchored(shared_a, shared_b)
        yield
        pairs = [(left[i], right[j]) for i, j in found]
        yield
    return (yield from _runs(begin, pairs, (len(a) - end, len(b) - end, end)))


def gaps(runs: list[Run], a: int, b: int) -> Iterator[tuple[int, int, int, int]]:
    """What lies between the runs, in sequences of `a` and `b` elements: (start, end) in the one, then in the other."""
    at_a = at_b = 0
    for run in [*runs, Run(a, b, 0)]:
        if run.a > at_a or run.b > at_b:
            yield at_a, run.a, at_b, run.b
        at_a, at_b = run.a + run.size, run.b + run.size


def _same_ends(a: Sequence[Hashable], b: Sequence[Hashable]) -> Slices[tuple[int, int]]:
    shorter = min(len(a), len(b))
    begin = 0
    while begin < shorter and a[begin] == b[begin]:
        begin += 1
        if begin % PAGE == 0:
            yield
    end = 0
    while end < shorter - begin and a[-1 - end] == b[-1 - end]:
        end += 1
        if end % PAGE == 0:
            yield
    return begin, end


def _shared(
    a: Sequence[Hashable], middle_a: range, b: Sequence[Hashable], middle_b: range
) -> Slices[tuple[list[int], list[int]]]:
    """Where the elements stand that both sides have."""
    in_a: set[Hashable] = set()
    in_b: set[Hashable] = set()
    for values, middle, seen in ((a, middle_a, in_a), (b, middle_b, in_b)):
        for some in _pages(middle):
            seen.update(values[some.start : some.stop])
            yield
    left: list[int] = []
    right: list[int] = []
    for values, middle, seen, kept in ((a, middle_a, in_b, left), (b, middle_b, in_a, right)):
        for some in _pages(middle):
            kept += [i for i in some if values[i] in seen]
            yield
    return left, right


def _pages(whole: range) -> Iterator[range]:
    for start in range(whole.start, whole.stop, PAGE):
        yield range(start, min(start + PAGE, whole.stop))


def _runs(begin: int, pairs: list[tuple[int, int]], tail: tuple[int, int, int]) -> Slices[list[Run]]:
    runs: list[Run] = []
    a, b, size = 0, 0, begin
    for at, (i, j) in enumerate(pairs):
        if i == a + size and j == b + size:
            size += 1
        else:
            if size:
                runs.append(Run(a, b, size))
            a, b, size = i, j, 1
        if at % PAGE == 0:
            yield
    if tail[2] and (tail[0], tail[1]) == (a + size, b + size):
        size += tail[2]
        tail = (0, 0, 0)
    if size:
        runs.append(Run(a, b, size))
    if tail[2]:
        runs.append(Run(*tail))
    return runs


def _myers(a: list[Hashable], b: list[Hashable], budget: Budget) -> Slices[list[tuple[int, int]] | None]:
    """Pairs of equal elements, as many as possible, or None where that takes too long."""
    n, m = len(a), len(b)
    if abs(n - m) > DISTANCE_MAX:
        return None
    reach = {1: 0}
    """By diagonal (i - j): how far in `a` one gets with so many insertions and deletions."""
    trace: list[dict[int, int]] = []
    pause = STEPS
    for distance in range(min(n + m, DISTANCE_MAX) + 1):
        trace.append(reach)
        fresh: dict[int, int] = {}
        for diagonal in range(-distance, distance + 1, 2):
            if abs(diagonal) > max(n, m):
                continue
            down, right = reach.get(diagonal + 1, -1), reach.get(diagonal - 1, -2) + 1
            i = start = max(down, right)
            j = i - diagonal
            if i > n or j > m or i < 0 or j < 0:
                continue
            while i < n and j < m and a[i] == b[j]:
                i += 1
                j += 1
            fresh[diagonal] = i
            pause -= 1 + i - start
            if i >= n and j >= m:
                return (yield from _walk_back(a, b, [*trace, fresh]))
            if pause < 0:
                budget.left -= STEPS - pause
                pause = STEPS
                if budget.left < 0:
                    return None
                yield
        reach = fresh
    return None


def _walk_back(a: list[Hashable], b: list[Hashable], trace: list[dict[int, int]]) -> Slices[list[tuple[int, int]]]:
    i, j = len(a), len(b)
    pairs: list[tuple[int, int]] = []
    for reach in reversed(trace[1:-1]):
        diagonal = i - j
        down, right = reach.get(diagonal + 1, -1), reach.get(diagonal - 1, -2) + 1
        start = max(down, right)
        while i > start:
            i, j = i - 1, j - 1
            pairs.append((i, j))
            if len(pairs) % PAGE == 0:
                yield
        if down >= right:
            j -= 1
        else:
            i -= 1
    while i > 0 and j > 0:
        i, j = i - 1, j - 1
        pairs.append((i, j))
        if len(pairs) % PAGE == 0:
            yield
    pairs.reverse()
    return pairs


def _anchored(a: list[Hashable], b: list[Hashable]) -> Slices[list[tuple[int, int]]]:
    """Pairs of elements that are alone of their kind on both sides and keep their order, and what is equal around."""
    count_a: Counter[Hashable] = Counter()
    count_b: Counter[Hashable] = Counter()
    for values, count in ((a, count_a), (b, count_b)):
        for some in _pages(range(len(values))):
            count.update(values[some.start : some.stop])
            yield
    where: dict[Hashable, int] = {}
    for some in _pages(range(len(b))):
        where.update((b[j], j) for j in some if count_b[b[j]] == 1 == count_a[b[j]])
        yield
    candidates: list[tuple[int, int]] = []
    for some in _pages(range(len(a))):
        candidates += [(i, where[a[i]]) for i in some if a[i] in where]
        yield
    pairs: list[tuple[int, int]] = []
    low_a = low_b = 0
    chain = yield from _longest_ascending(candidates)
    for turn, (i, j) in enumerate([*chain, (len(a), len(b))]):
        end = 0
        while i - end > low_a and j - end > low_b and a[i - end - 1] == b[j - end - 1]:
            end += 1
        while low_a < i - end and low_b < j - end and a[low_a] == b[low_b]:
            pairs.append((low_a, low_b))
            low_a, low_b = low_a + 1, low_b + 1
        pairs += [(i - k, j - k) for k in range(end, 0, -1)]
        if i < len(a):
            pairs.append((i, j))
        low_a, low_b = i + 1, j + 1
        if turn % 1_000 == 0:
            yield
    return pairs


def _longest_ascending(pairs: list[tuple[int, int]]) -> Slices[list[tuple[int, int]]]:
    ends: list[int] = []
    """The lowest second value that a chain of each length can end with."""
    at: list[int] = []
    before: list[int] = []
    for index, (_, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        before.append(at[length - 1] if length else -1)
        if length == len(ends):
            ends.append(j)
            at.append(index)
        else:
            ends[length], at[length] = j, index
        if index % STEPS == 0:
            yield
    chain, index = [], at[-1] if at else -1
    while index >= 0:
        chain.append(pairs[index])
        index = before[index]
    return chain[::-1]
