"""Two texts compared line by line, as `diff -u` writes it. Used by texts.py for versions.

Source of the format: POSIX diff, "Diff -u Output Format".
"""

from rooms.sequence_diff import Budget, common, gaps
from rooms.slices import Slices
from rooms.text_diff import BUDGET

CONTEXT = 3
"""Lines that are shown around what differs."""
Place = tuple[int, int, int, int]
"""From and to in the old lines, from and to in the new ones."""


def unified(old: str, new: str, names: tuple[str, str]) -> Slices[str]:
    """Empty where both are equal."""
    a, b = old.splitlines(keepends=True), new.splitlines(keepends=True)
    yield
    runs = yield from common(a, b, Budget(BUDGET))
    places = list(gaps(runs, len(a), len(b)))
    if not places:
        return ""
    out = [f"--- {names[0]}\n", f"+++ {names[1]}\n"]
    for hunk in _hunks(places):
        out += _lines(hunk, a, b)
        yield
    return "".join(out)


def _hunks(places: list[Place]) -> list[list[Place]]:
    """Places whose contexts touch belong together."""
    hunks = [[places[0]]]
    for place in places[1:]:
        if place[0] - hunks[-1][-1][1] <= 2 * CONTEXT:
            hunks[-1].append(place)
        else:
            hunks.append([place])
    return hunks


def _lines(hunk: list[Place], a: list[str], b: list[str]) -> list[str]:
    before = min(CONTEXT, hunk[0][0], hunk[0][2])
    after = min(CONTEXT, len(a) - hunk[-1][1], len(b) - hunk[-1][3])
    start_a, start_b, stop_a, stop_b = (
        hunk[0][0] - before,
        hunk[0][2] - before,
        hunk[-1][1] + after,
        hunk[-1][3] + after,
    )
    out = [f"@@ -{_range(start_a, stop_a)} +{_range(start_b, stop_b)} @@\n"]
    at = start_a
    for from_a, to_a, from_b, to_b in hunk:
        out += [_line(" ", line) for line in a[at:from_a]]
        out += [_line("-", line) for line in a[from_a:to_a]]
        out += [_line("+", line) for line in b[from_b:to_b]]
        at = to_a
    return out + [_line(" ", line) for line in a[at:stop_a]]


def _range(start: int, stop: int) -> str:
    count = stop - start
    return f"{start + 1}" if count == 1 else f"{start + 1 if count else start},{count}"


def _line(sign: str, line: str) -> str:
    return f"{sign}{line}" if line.endswith("\n") else f"{sign}{line}\n\\ No newline at end of file\n"
