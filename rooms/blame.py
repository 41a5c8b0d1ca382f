"""Who wrote which part of a text: its state is painted, each character with a colour for who brought it when.

    state ──read──► layout ──paint──► the same structs, texts replaced by colours of the same length
                                          └──load into the CRDT──► its text: the colours in the order of the characters

So the CRDT itself says what is deleted and what comes where. A colour is one character of the basic plane for each
UTF-16 unit, which is how Yjs counts. Called by texts.py.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from rooms.authors import BURST_MS, Authors
from rooms.codec.lib0 import read_var_uint, var_uint
from rooms.codec.update import ORIGIN, PARENT_KEY, RIGHT_ORIGIN, STRING, read_in_slices
from rooms.scratch import Scratch
from rooms.slices import Slices
from rooms.text import PLACEHOLDER, read_content
from schemas.records import Loaded

NOBODY: Final = " "
"""The colour of what nobody is known for."""
COLOURS: Final = [chr(code) for code in (*range(0x21, 0xD800), *range(0xE000, 0xFFFC))]
EMBED: Final = 5
STRUCTS_AT_ONCE: Final = 500
"""Painted in one slice, 4 us each."""
RUNS_MAX: Final = 20_000
"""In an answer of some MB. Past it the times of one author's runs that touch are joined."""
PAGE: Final = 20_000
"""Characters that are looked at in one slice."""
_SAME: Final = re.compile(r"(.)\1*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Run:
    """Characters in a row that one author wrote."""

    text: str
    author: bytes
    """The user's id, empty where nobody is known."""
    at: int | None
    """Unix time in milliseconds."""


def blame(state: bytes, authors: Authors) -> Slices[list[Run]]:
    """The main text of a state in runs. Raises NotText."""
    with Scratch() as plain:
        yield from plain.load(Loaded(0, state, ()))
        text = read_content(plain.doc).text
        yield
    palette = _Palette(authors)
    painted = yield from paint(state, palette)
    with Scratch() as coloured:
        yield from coloured.load(Loaded(0, painted, ()))
        colours = read_content(coloured.doc).text
        yield
    runs = yield from _runs(text, colours, palette)
    if len(runs) > RUNS_MAX:
        runs = _joined(runs)
    return runs


class _Palette:
    """Which colour stands for which author and time."""

    def __init__(self, authors: Authors) -> None:
        self._authors = authors
        self._clocks = {client: [entry.clock for entry in entries] for client, entries in authors.clients.items()}
        self._colours: dict[tuple[int, int], str] = {}
        self.meaning: dict[str, tuple[bytes, int | None]] = {NOBODY: (b"", None), PLACEHOLDER: (b"", None)}

    def colours_of(self, client: int, clock: int, length: int) -> str:
        """One for each of these clocks."""
        entries = self._authors.clients.get(client, ())
        at = bisect_right(self._clocks[client], clock) - 1 if entries else 0
        pieces, end = [], clock + length
        for entry in entries[max(at, 0) :]:
            if entry.clock >= end:
                break
            if entry.clock > clock:
                pieces.append(NOBODY * (entry.clock - clock))
                clock = entry.clock
            if entry.end > clock:
                pieces.append(self._colour(entry.author, entry.at) * (min(entry.end, end) - clock))
                clock = min(entry.end, end)
        pieces.append(NOBODY * (end - clock))
        return "".join(pieces)

    def _colour(self, author: int, at: int) -> str:
        colour = self._colours.get((author, at))
        if colour is None:
            used = len(self._colours)
            if used >= len(COLOURS):
                return NOBODY  # 59,000 bursts of editing: the rest stays unsigned
            colour = self._colours[author, at] = COLOURS[used]
            who = self._authors.authors[author]
            self.meaning[colour] = who, at if who else None
        return colour


def paint(state: bytes, palette: _Palette) -> Slices[bytes]:
    """The same update with colours in the place of texts and embedded objects. Raises Malformed."""
    claims = yield from read_in_slices(state)
    out: list[bytes] = []
    done = count = 0
    for laid in claims.layout or ():
        for index in range(len(laid.starts) - 1):
            start = laid.starts[index]
            kind = state[start] & 0x1F
            if kind in (STRING, EMBED):
                clock = laid.clocks[index]
                colours = palette.colours_of(laid.client, clock, laid.clocks[index + 1] - clock).encode()
                content = _content(state, start)
                out += (state[done:start], bytes((state[start] & ~0x1F | STRING,)), state[start + 1 : content])
                out += (var_uint(len(colours)), colours)
                done = laid.starts[index + 1]
            count += 1
            if count % STRUCTS_AT_ONCE == 0:
                yield
    out.append(state[done:])
    return b"".join(out)


def _content(data: bytes, start: int) -> int:
    """Where the content of the struct begins."""
    info, at = data[start], start + 1
    if info & ORIGIN:
        at = _behind_id(data, at)
    if info & RIGHT_ORIGIN:
        at = _behind_id(data, at)
    if not info & (ORIGIN | RIGHT_ORIGIN):
        is_root, at = read_var_uint(data, at)
        at = _behind_string(data, at) if is_root else _behind_id(data, at)
        if info & PARENT_KEY:
            at = _behind_string(data, at)
    return at


def _behind_id(data: bytes, at: int) -> int:
    _, at = read_var_uint(data, at)
    return read_var_uint(data, at)[1]


def _behind_string(data: bytes, at: int) -> int:
    size, at = read_var_uint(data, at)
    return at + size


def _runs(text: str, colours: str, palette: _Palette) -> Slices[list[Run]]:
    units = text.encode("utf-16-le", "surrogatepass")
    yield
    runs: list[Run] = []
    begin, who = 0, palette.meaning[colours[0]] if colours else (b"", None)
    for page in range(0, len(colours), PAGE):
        for match in _SAME.finditer(colours, page, page + PAGE):
            meaning = palette.meaning[match[1]]
            if not _is_one_burst(who, meaning):
                runs.append(Run(_part(units, begin, match.start()), *who))
                begin, who = match.start(), meaning
        yield
    if begin < len(colours):
        runs.append(Run(_part(units, begin, len(colours)), *who))
    return runs


def _is_one_burst(one: tuple[bytes, int | None], other: tuple[bytes, int | None]) -> bool:
    """What one author wrote at about the same time is one run: every edit over REST has a client id of its own."""
    return one[0] == other[0] and abs((one[1] or 0) - (other[1] or 0)) < BURST_MS


def _part(units: bytes, begin: int, end: int) -> str:
    return units[2 * begin : 2 * end].decode("utf-16-le", "replace")


def _joined(runs: list[Run]) -> list[Run]:
    """Those of one author that touch, as of the latest."""
    joined: list[Run] = []
    for run in runs:
        last = joined[-1] if joined else None
        if last is not None and last.author == run.author:
            joined[-1] = Run(last.text + run.text, run.author, max(last.at or 0, run.at or 0) or None)
        else:
            joined.append(run)
    return joined
