"""The smallest edit between two texts: right whatever they are, bounded, and never in the middle of a character."""

import random
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from rooms.graphemes import clusters, is_break
from rooms.sequence_diff import Budget, common
from rooms.slices import Slices, at_once
from rooms.text_diff import EDITS_MAX, Edit, diff

PIECES = st.sampled_from(
    [
        *"aab \n",
        "\r\n",
        "é",
        "e\u0301",
        "👍🏽",
        "👩\u200d👩\u200d👧",
        "🇩🇪",
        "🇫🇷",
        "한",
        "\u1112\u1161\u11ab",
        "\u0301",
        "😀",
        "\u2028",
    ]
)
TEXTS = st.lists(PIECES, max_size=30).map("".join)


def apply(text: str, edits: list[Edit]) -> str:
    """The text after the edits."""
    pieces, at = [], 0
    for start, deleted, inserted in edits:
        pieces += [text[at:start], inserted]
        at = start + deleted
    return "".join([*pieces, text[at:]])


def found(old: str, new: str) -> list[Edit]:
    return at_once(diff(old, new))


@settings(max_examples=1_000)
@given(TEXTS, TEXTS)
def test_edits_make_the_new_text(old: str, new: str) -> None:
    """The edits turn the old text into the new one, in ascending order, without touching one another."""
    edits = found(old, new)
    assert apply(old, edits) == new
    ends = [0]
    for start, deleted, inserted in edits:
        assert start >= ends[-1]
        assert deleted or inserted
        ends.append(start + deleted)


@settings(max_examples=1_000)
@given(TEXTS, TEXTS)
def test_no_character_is_cut(old: str, new: str) -> None:
    """Every edit begins and ends where a reader sees a character begin or end, in the old text and in the new."""
    shift = 0
    for start, deleted, inserted in found(old, new):
        assert is_break(old, start), (old, start)
        assert is_break(old, start + deleted)
        assert is_break(new, start + shift)
        assert is_break(new, start + shift + len(inserted))
        shift += len(inserted) - deleted


@given(TEXTS)
def test_clusters_are_the_text(text: str) -> None:
    """Cutting a text into its characters loses nothing."""
    assert "".join(clusters(text)) == text


@settings(max_examples=500)
@given(st.text("abc", max_size=12), st.text("abc", max_size=12))
def test_common_is_longest(a: str, b: str) -> None:
    """Within the budget as many elements stay as can stay."""
    runs = at_once(common(a, b, Budget(10_000)))
    assert all(a[run.a : run.a + run.size] == b[run.b : run.b + run.size] for run in runs)
    assert sum(run.size for run in runs) == longest(a, b)


@given(st.text("abcdefgh", max_size=40), st.text("abcdefgh", max_size=40))
def test_common_without_budget(a: str, b: str) -> None:
    """Beyond the budget the runs are still equal and in order."""
    runs = at_once(common(a, b, Budget(-1_000_000)))
    at = (0, 0)
    for run in runs:
        assert run.a >= at[0] and run.b >= at[1] and run.size > 0
        assert a[run.a : run.a + run.size] == b[run.b : run.b + run.size]
        at = run.a + run.size, run.b + run.size


def longest(a: str, b: str) -> int:
    """Length of the longest common subsequence, by the book."""
    row = [0] * (len(b) + 1)
    for x in a:
        above = row[:]
        for j, y in enumerate(b):
            row[j + 1] = above[j] + 1 if x == y else max(above[j + 1], row[j])
    return row[-1]


def test_one_word_is_one_edit() -> None:
    """What changed in one place is one small edit, however long the text is."""
    old = "The quick brown fox.\n" * 10_000
    at = len("The quick brown fox.\n") * 5_000 + 4
    new = old[:at] + "slow" + old[at + 5 :]
    edits = found(old, new)
    assert sum(edit.deleted + len(edit.inserted) for edit in edits) <= 9
    assert apply(old, edits) == new


def longest_slice(work: Slices[list[Edit]]) -> tuple[list[Edit], float, float]:
    """What the work gives, its longest slice, and all of it, in seconds of CPU."""
    worst = total = 0.0
    while True:
        began = time.process_time()
        try:
            next(work)
        except StopIteration as done:
            edits: list[Edit] = done.value
            return edits, worst, total
        took = time.process_time() - began
        worst, total = max(worst, took), total + took


def test_work_is_bounded() -> None:
    """Texts of 2 MB that have little in common are compared in bounded time, in slices that let others run."""
    chance = random.Random(1)
    words = ["alpha", "beta", "gamma", "x", "😀", "\n", " ", "."]
    texts = [
        ["".join(chance.choices(words, k=600_000)) for _ in range(2)],
        ["".join(chance.choices("ab", k=2_000_000)) for _ in range(2)],
        ["".join(f"{chance.randrange(1_000)}\n" for _ in range(400_000)) for _ in range(2)],
        ["\u0301" * 1_000_000, "\u0301" * 900_000 + "a"],
    ]
    for old, new in texts:
        edits, worst, total = longest_slice(diff(old, new))
        assert apply(old, edits) == new
        assert len(edits) <= EDITS_MAX
        print(f"{worst * 1000:.1f} ms of {total * 1000:.0f} ms")
        assert worst < 1.0 and total < 10.0  # wide: the machine is shared; some 20 ms and 1 s are usual
