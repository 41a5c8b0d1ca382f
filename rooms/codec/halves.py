"""Characters that are two UTF-16 units, such as most emoji, and updates that would come between the two.

Yjs counts clocks in UTF-16 units, so a client may delete or insert between the halves of a surrogate pair: editors that
compare texts unit by unit do. Every Yjs client then puts U+FFFD in the place of each half. pycrdt 0.14.13, whose
strings are UTF-8, keeps the whole character, loses what stands behind it, and counts on wrongly. So before such an
update is merged the character is replaced in the state by two U+FFFD, which have the same length: then all agree.
rooms/halves.py keeps the books.

Source: yjs 13.6, `ContentString.splice` in `src/structs/ContentString.js`.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from rooms.codec.lib0 import read_var_bytes, read_var_uint, var_bytes, var_uint
from rooms.codec.struct import content_of
from rooms.codec.update import GC, ORIGIN, RIGHT_ORIGIN, SKIP, STRING, Claims, Structs

Pairs = dict[bytes, set[int]]
"""Clocks of second halves, by client (its lib0 bytes). Those of deleted text may be among them."""
TWO_HALVES = "\N{REPLACEMENT CHARACTER}".encode() * 2
_PAIR = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}")
_LEADS = [bytes((lead,)) for lead in range(0xF0, 0xF5)]
_PAIR_BY_LEAD = [(lead, re.compile(lead + rb"[\x80-\xbf]{3}")) for lead in _LEADS]
SMALL = 256
"""Bytes of an update in which one pattern finds them fastest."""


def may_have_pairs(data: bytes) -> bool:
    """Whether there is such a character in an update; large client ids may look like one."""
    if len(data) < SMALL:
        return _PAIR.search(data) is not None
    # Forty times as fast where none of these bytes is in it, as in most texts; twice where some are.
    return any((at := data.find(lead)) >= 0 and pair.search(data, at) is not None for lead, pair in _PAIR_BY_LEAD)


def pairs_in(update: bytes, layout: list[Structs]) -> Pairs:
    """All in the texts of an update that was read with its layout."""
    pairs: Pairs = {}
    for laid in layout:
        last = -1
        for match in _PAIR.finditer(update, laid.starts[0], laid.starts[-1]):
            index = bisect_right(laid.starts, match.start()) - 1
            if index > last and (at := _text_of(update, laid.starts[index])) is not None:
                units = _second_halves(read_var_bytes(update, at)[0])
                pairs.setdefault(var_uint(laid.client), set()).update(laid.clocks[index] + unit for unit in units)
            last = index
    return pairs


def splits(update: bytes, claims: Claims, known: Pairs, own: Pairs) -> list[tuple[bytes, int]]:
    """The pairs, of those known or the update's own, between whose halves the update comes: (client, second half)."""
    found = set()
    for client, clock in edges(update, claims):
        key = var_uint(client)
        if clock in known.get(key, ()) or clock in own.get(key, ()):
            found.add((key, clock))
    return sorted(found)


def mended(update: bytes, layout: list[Structs], points: Iterable[tuple[bytes, int]]) -> bytes:
    """The update with U+FFFD in the place of each half of these pairs; those that it does not have are left out."""
    runs = {var_uint(laid.client): laid for laid in layout}
    halves: dict[int, set[int]] = {}
    for client, clock in points:
        laid = runs.get(client)
        if laid is None or not laid.clocks[0] < clock < laid.clocks[-1]:
            continue
        index = bisect_right(laid.clocks, clock) - 1
        at = _text_of(update, laid.starts[index])
        if at is not None:
            halves.setdefault(at, set()).add(clock - laid.clocks[index])
    out: list[bytes] = []
    done = 0
    for at in sorted(halves):
        text, end = read_var_bytes(update, at)
        out += (update[done:at], var_bytes(_with_halves(text, halves[at])))
        done = end
    return b"".join((*out, update[done:]))


def _second_halves(text: bytes) -> Iterator[int]:
    done = count = 0
    for pair in _PAIR.finditer(text):
        count += len(text[done : pair.end()].decode().encode("utf-16-le")) // 2
        done = pair.end()
        yield count - 1


def _with_halves(text: bytes, units: set[int]) -> bytes:
    halves = _second_halves(text)
    return _PAIR.sub(lambda pair: TWO_HALVES if next(halves) in units else pair.group(), text)


def _text_of(update: bytes, at: int) -> int | None:
    """Where the text of the struct at this offset stands with its length, None where it has none."""
    return content_of(update, at) if update[at] & 0x1F == STRING else None


def edges(update: bytes, claims: Claims) -> Iterator[tuple[int, int]]:
    """The clocks before which the update wants a struct to begin."""
    for laid in claims.layout or ():
        for at in laid.starts[:-1]:
            info = update[at]
            if info & 0x1F in (GC, SKIP):
                continue
            at += 1
            if info & ORIGIN:
                client, at = read_var_uint(update, at)
                clock, at = read_var_uint(update, at)
                yield client, clock + 1
            if info & RIGHT_ORIGIN:
                client, at = read_var_uint(update, at)
                yield client, read_var_uint(update, at)[0]
    for client, count, at, _ in claims.ranges:
        for _ in range(count):
            clock, at = read_var_uint(update, at)
            length, at = read_var_uint(update, at)
            yield client, clock
            yield client, clock + length
