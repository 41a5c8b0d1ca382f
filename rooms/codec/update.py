"""A strict reader of Yjs updates (encoding v1), run over what clients send before the CRDT sees it.

    update   varUint(n), n × { varUint(structs), varUint(client), varUint(clock), structs × struct }, deletes
    struct   info, [origin], [right origin], [parent, [parent key]], content      info = flags | kind
    deletes  varUint(n), n × { varUint(client), varUint(ranges), ranges × { varUint(clock), varUint(length) } }

pycrdt checks most of this itself, but not all: a value nested 40,000 deep (80 kB) overflows its stack and ends the
process; a count of 2**28 in five bytes costs 500 MB and half a second; and some of what it takes, stock clients throw
at. Here every count is met by bytes, every length is positive, every clock fits 31 bits, and nothing is of a kind that
Yjs 13.6 does not know. What the update depends on is told as well, for rooms/replica.py.

Updates up to EXACT_MAX are read struct by struct (3 us each). In larger ones a regular expression skips runs of plain
structs in C (0.2 us each), and what they depend on is not told.

Source: yjs 13.6, `src/utils/encoding.js` and `src/structs`; lib0, `decoding.js`.
"""

import re
from collections import deque
from dataclasses import dataclass, field
from itertools import islice

from rooms.codec.content import read_content
from rooms.codec.lib0 import read_var_string, read_var_uint
from rooms.codec.plain import CLOCK, LENGTH, LENGTH_END, PLAIN_STRUCT
from rooms.errors import Malformed

EXACT_MAX = 16 << 10
"""Bytes: at most a few milliseconds."""
CLOCK_END = 1 << 31
"""Clocks and lengths stay below this: the CRDT computes them in 32 bits."""
GC, DELETED, STRING, SKIP = 0, 1, 4, 10
ORIGIN, RIGHT_ORIGIN, PARENT_KEY = 0x80, 0x40, 0x20
RUN = 1 << 16
"""Most structs skipped in one go."""
_RANGE = re.compile(CLOCK + LENGTH)


@dataclass(slots=True)
class Claims:
    """What an update brings and what it needs, by client."""

    sections: list[tuple[int, int, int]] = field(default_factory=list)
    """(client, first clock, clock behind the last)."""
    needs: dict[int, int] = field(default_factory=dict)
    """Something with this clock is referred to; of several the highest."""
    deletes: dict[int, int] = field(default_factory=dict)
    """Everything deleted lies before this clock."""


def read(update: bytes) -> Claims | None:
    """What a small update claims, None for a large one; raises Malformed where a Yjs client could not read it."""
    claims = Claims() if len(update) <= EXACT_MAX else None
    try:
        at = _read_deletes(update, _read_structs(update, claims), claims)
    except IndexError:
        raise Malformed("the update ends too early") from None
    if at != len(update):
        raise Malformed("the update is longer than it says")
    return claims


def _read_structs(update: bytes, claims: Claims | None) -> int:
    clients, at = _read_count(update, 0, 3)
    for _ in range(clients):
        structs, at = _read_count(update, at, 2)
        if not structs:
            raise Malformed("a client's part of the update is empty")
        client, at = read_var_uint(update, at)
        clock, at = _read_clock(update, at)
        begin = clock
        # An upper bound is enough for plain structs, as long as it stays far below the end.
        fast = claims is None and clock + structs * LENGTH_END + len(update) < CLOCK_END
        while structs:
            if fast:
                skipped, at = _skip(PLAIN_STRUCT, update, at, min(structs, RUN))
                structs -= skipped
                if not structs:
                    break
            is_skip = update[at] == SKIP
            # Behind a run that was skipped the clock is not known, so nothing is too late.
            length, at = _read_struct(update, at, -1 if fast else client, clock, claims)
            if is_skip and claims is not None:
                claims.sections.append((client, begin, clock))
                begin = clock + length
            clock += length
            structs -= 1
            if clock >= CLOCK_END:
                raise Malformed("a clock in the update is too high")
        if claims is not None:
            claims.sections.append((client, begin, clock))
    return at


def _read_deletes(update: bytes, at: int, claims: Claims | None) -> int:
    clients, at = _read_count(update, at, 4)
    for _ in range(clients):
        client, at = read_var_uint(update, at)
        ranges, at = _read_count(update, at, 2)
        while ranges:
            if claims is None:
                skipped, at = _skip(_RANGE, update, at, min(ranges, RUN))
                ranges -= skipped
                if not ranges:
                    break
            clock, at = _read_clock(update, at)
            length, at = _read_length(update, at)
            ranges -= 1
            if claims is not None:
                claims.deletes[client] = max(claims.deletes.get(client, 0), clock + length)
    return at


def _skip(pattern: re.Pattern[bytes], data: bytes, at: int, most: int) -> tuple[int, int]:
    """How many matches (up to `most`) stand in a row at `at`, and the offset behind them."""
    match = pattern.scanner(data, at).match  # type: ignore[attr-defined]
    run = deque(enumerate(islice(iter(match, None), most)), maxlen=1)
    return (run[0][0] + 1, run[0][1].end()) if run else (0, at)


def _read_struct(data: bytes, at: int, client: int, clock: int, claims: Claims | None) -> tuple[int, int]:
    """Its length in clocks, and the offset behind it."""
    info = data[at]
    at += 1
    kind = info & 0x1F
    if kind in (GC, SKIP):
        return _read_length(data, at)
    if info & ORIGIN:
        at = _read_id(data, at, client, clock, claims)
    if info & RIGHT_ORIGIN:
        at = _read_id(data, at, client, clock, claims)
    if not info & (ORIGIN | RIGHT_ORIGIN):
        is_root, at = read_var_uint(data, at)
        if is_root > 1:
            raise Malformed("a parent is neither a name nor an id")
        at = read_var_string(data, at)[1] if is_root else _read_id(data, at, client, clock, claims)
        if info & PARENT_KEY:
            _, at = read_var_string(data, at)
    if kind == STRING:
        text, at = read_var_string(data, at)
        length = len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
    elif kind == DELETED:
        length, at = _read_length(data, at)
    else:
        length, at = read_content(kind, data, at)
    if not length:
        raise Malformed("a struct in the update is empty")
    return length, at


def _read_id(data: bytes, at: int, client: int, clock: int, claims: Claims | None) -> int:
    author, at = read_var_uint(data, at)
    other, at = _read_clock(data, at)
    if author == client and other >= clock:
        raise Malformed("a struct in the update depends on a later one of its own client")
    if claims is not None and other >= claims.needs.get(author, 0):
        claims.needs[author] = other
    return at


def _read_clock(data: bytes, at: int) -> tuple[int, int]:
    clock, at = read_var_uint(data, at)
    if clock >= CLOCK_END:
        raise Malformed("a clock in the update is too high")
    return clock, at


def _read_length(data: bytes, at: int) -> tuple[int, int]:
    length, at = _read_clock(data, at)
    if not length:
        raise Malformed("a length in the update is zero")
    return length, at


def _read_count(data: bytes, at: int, least: int) -> tuple[int, int]:
    """A number of things that take at least so many bytes each: memory is reserved for it, so it must be true."""
    count, at = read_var_uint(data, at)
    if count * least > len(data) - at:
        raise Malformed("the update claims more than it has bytes")
    return count, at
