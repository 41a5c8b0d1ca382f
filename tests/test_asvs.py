"""docs/asvs.md answers every requirement of levels 1 and 2 once, and what it names is there."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "asvs.md"

REQUIRED = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2,
    "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2,
    "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
    "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2,
    "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
    "9.1": 3, "9.2": 4,
    "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3,
    "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4,
    "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5,
    "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
    "17.1": 1, "17.2": 4, "17.3": 2,
}  # fmt: skip
"""Of version 5.0.0: how many requirements of each section are of level 1 or 2. They come before those of level 3."""

STATES = ("met", "part", "gap", "n/a")
NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
NAMED_FILE = re.compile(r"`([\w./-]+\.(?:py|md|html|toml|lock|yml|conf)|Dockerfile|\.dockerignore)`")
LINK = re.compile(r"\]\(([\w/.-]+\.md)(?:#([\w-]+))?\)")


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    ids: tuple[str, ...]
    state: str
    what: str
    shown_by: str


def ids_of(cell: str) -> Iterator[str]:
    """`3.3.1 to 3.3.4, 3.5.1` one by one."""
    for part in cell.split(", "):
        first, _, last = part.partition(" to ")
        section, _, number = first.rpartition(".")
        for each in range(int(number), int((last or first).rpartition(".")[2]) + 1):
            yield f"{section}.{each}"


def rows() -> list[Row]:
    found = []
    for line in PAGE.read_text().splitlines():
        if re.match(r"\| \d", line):
            ids, state, what, shown_by = (cell.strip() for cell in line.strip().strip("|").split("|"))
            found.append(Row(tuple(ids_of(ids)), state, what, shown_by))
    return found


ROWS = rows()


def test_every_requirement_is_answered_once() -> None:
    """None of level 1 or 2 is left out, none is made up, none has two answers."""
    wanted = {f"{section}.{number}" for section, count in REQUIRED.items() for number in range(1, count + 1)}
    assert len(wanted) == 253  # 70 of level 1, 183 of level 2
    answered = Counter(each for row in ROWS for each in row.ids)
    assert sorted(answered) == sorted(wanted)
    assert [each for each, times in answered.items() if times > 1] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.ids[0])
def test_a_row_is_honest(row: Row) -> None:
    """What is met is shown by something; what falls short says in bold how; what does not apply claims nothing."""
    assert row.state in STATES
    bold = "**" in row.what
    assert bold == (row.state in ("part", "gap"))
    shown = NAMED_TEST.search(row.shown_by) or NAMED_FILE.search(row.shown_by) or LINK.search(row.shown_by)
    if row.state == "met":
        assert shown, "nothing shows it"
    if row.state == "n/a":
        assert not row.shown_by


def test_every_test_named_exists() -> None:
    """What the page says is shown is shown by a test of that name."""
    named = NAMED_TEST.findall(PAGE.read_text())
    assert len(named) > 150
    for path, name in named:
        assert (ROOT / path).is_file(), path
        if name:
            assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE), f"{path}::{name}"


def test_everything_else_named_exists() -> None:
    """Files by their path in the repository; pages, and their headings, by links."""
    text = PAGE.read_text()
    for path in NAMED_FILE.findall(text):
        assert (ROOT / path).is_file(), path
    for path, anchor in LINK.findall(text):
        page = (PAGE.parent / path).read_text()
        headings = {
            re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", page, re.MULTILINE)
        }
        assert not anchor or anchor in headings, f"{path}#{anchor}"
