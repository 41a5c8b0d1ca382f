"""The smallest edit that turns one text into another: lines first, then the characters of what differs.

    old, new ──same ends──► middle ──lines──► changed lines ──characters (or words)──► edits

Pure, in slices (slices.py), and bounded: past the budget edits get coarser, never wrong. What a reader sees as one
character is never cut in two (graphemes.py). Used by texts.py for what REST writes and restores.
"""

from collections.abc import Iterator
from itertools import islice, pairwise
from re import compile as pattern
from typing import Final, NamedTuple

from rooms.graphemes import CLUSTER_MAX, clusters, is_break
from rooms.sequence_diff import PAGE, Budget, common, gaps
from rooms.slices import Slices

BUDGET: Final = 500_000
"""Steps of one comparison, some 0.2 s in all."""
CHARACTERS_MAX: Final = 20_000
"""Characters of one place that are compared one by one; longer ones word by word."""
EDITS_MAX: Final = 1_000
"""Places that one edit touches: each is looked for from the document's beginning. More become fewer, wider ones."""
_WORDS: Final = pattern(r"\w+|\s+|[^\w\s]+")


class Edit(NamedTuple):
    """Replace `deleted` code points of the old text from `start` on by `inserted`."""

    start: int
    deleted: int
    inserted: str


def diff(old: str, new: str) -> Slices[list[Edit]]:
    """Edits in ascending order that do not touch one another."""
    begin, end = _same_ends(old, new)
    a, b = old[begin : len(old) - end], new[begin : len(new) - end]
    yield
    if not a or not b:
        found = [Edit(0, len(a), b)] if a or b else []
    else:
        found = yield from _by_lines(a, b, Budget(BUDGET))
    edits = [Edit(begin + start, deleted, inserted) for start, deleted, inserted in found]
    return _fewer(old, edits) if len(edits) > EDITS_MAX else edits


def _by_lines(a: str, b: str, budget: Budget) -> Slices[list[Edit]]:
    lines_a, lines_b = a.splitlines(keepends=True), b.splitlines(keepends=True)
    yield
    edits: list[Edit] = []
    for start, old, new in (yield from _compare(lines_a, lines_b, budget)):
        if not old or not new:
            edits.append(Edit(start, len(old), new))
            continue
        begin, end = _same_ends(old, new)
        inner_old, inner_new = old[begin : len(old) - end], new[begin : len(new) - end]
        places = yield from _by_characters(inner_old, inner_new, budget)
        edits += [Edit(start + begin + at, len(gone), come) for at, gone, come in places]
    return edits


def _by_characters(a: str, b: str, budget: Budget) -> Slices[list[tuple[int, str, str]]]:
    if budget.left > 0 and len(a) + len(b) <= CHARACTERS_MAX:
        return (yield from _compare(clusters(a), clusters(b), budget))
    yield
    places = []
    words_a = yield from _words(a)
    words_b = yield from _words(b)
    for start, old, new in (yield from _compare(words_a, words_b, budget)):
        begin, end = _same_ends(old, new)
        places.append((start + begin, old[begin : len(old) - end], new[begin : len(new) - end]))
    return places


def _compare(a: list[str], b: list[str], budget: Budget) -> Slices[list[tuple[int, str, str]]]:
    """Where they differ: (offset in code points, what is there, what is to be there)."""
    runs = yield from common(a, b, budget)
    places, offset, at = [], 0, 0
    for start_a, end_a, start_b, end_b in gaps(runs, len(a), len(b)):
        offset += sum(map(len, a[at:start_a]))
        at = start_a
        places.append((offset, "".join(a[start_a:end_a]), "".join(b[start_b:end_b])))
    return places


def _words(text: str) -> Slices[list[str]]:
    words: list[str] = []
    found = (match[0] for match in _WORDS.finditer(text))
    while page := list(islice(found, PAGE)):
        for word in page:
            # A mark may stand at the beginning of what the pattern takes for a word of its own.
            if word < "\x80" or not words or _is_apart(words[-1], word):
                words.append(word)
            else:
                words[-1] += word
        yield
    return words


def _is_apart(word: str, following: str) -> bool:
    end = word[-CLUSTER_MAX:]
    return is_break(end + following[0], len(end))


def _same_ends(a: str, b: str) -> tuple[int, int]:
    begin = _first_difference(a, b)
    for back in range(min(CLUSTER_MAX, begin) + 1):
        if is_break(a, begin - back) and is_break(b, begin - back):
            begin -= back
            break
    # What is the same at the beginning is not counted again at the end.
    longest = min(len(a), len(b)) - begin
    end = _last_difference(a, b, longest)
    for back in range(min(CLUSTER_MAX, end) + 1):
        if is_break(a, len(a) - end + back) and is_break(b, len(b) - end + back):
            end -= back
            break
    return begin, end


def _first_difference(a: str, b: str) -> int:
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _last_difference(a: str, b: str, longest: int) -> int:
    low, high = 0, longest
    while low < high:
        middle = (low + high + 1) // 2
        if a[len(a) - middle : len(a) - low] == b[len(b) - middle : len(b) - low]:
            low = middle
        else:
            high = middle - 1
    return low


def _fewer(old: str, edits: list[Edit]) -> list[Edit]:
    """The same with those joined that are closest to one another."""
    between = [after.start - before.start - before.deleted for before, after in pairwise(edits)]
    limit = sorted(between)[len(edits) - EDITS_MAX - 1]
    return list(_joined(old, edits, limit))


def _joined(old: str, edits: list[Edit], limit: int) -> Iterator[Edit]:
    start, stop, inserted = edits[0].start, edits[0].start + edits[0].deleted, [edits[0].inserted]
    for edit in edits[1:]:
        if edit.start - stop > limit:
            yield Edit(start, stop - start, "".join(inserted))
            start, stop, inserted = edit.start, edit.start, []
        inserted += [old[stop : edit.start], edit.inserted]
        stop = edit.start + edit.deleted
    yield Edit(start, stop - start, "".join(inserted))
