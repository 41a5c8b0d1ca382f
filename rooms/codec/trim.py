"""Cuts off what is known already from structs that are known in part.

    known  hello            the update  |helloXX|, wherever it says that it stands
    trimmed                             |XX|, right behind the o

A client that resends merged text does so. Of such a struct the CRDT takes the place that it claims, which may be
another than that of its known part: then it hangs in one list, and belongs to another. Cut off like this, as Yjs does
in a diff, its place follows from what is known. Used by rooms/checked.py.

Source: yjs 13.6, `sliceStruct` in `src/utils/updates.js`, `Item.write` in `src/structs/Item.js`.
"""

from bisect import bisect_right
from collections.abc import Mapping

from rooms.codec.content import behind_values
from rooms.codec.lib0 import read_var_bytes, read_var_uint, var_bytes, var_uint
from rooms.codec.struct import behind_id, content_of
from rooms.codec.update import ANY, DELETED, GC, ORIGIN, RIGHT_ORIGIN, SKIP, STRING, Claims, Structs


def trimmed(update: bytes, claims: Claims, known: Mapping[bytes, int]) -> bytes | None:
    """The update, read with its layout, without what is known; None where no struct is known in part.

    `known`: the next clock of each client (by its lib0 bytes).
    """
    assert claims.layout is not None
    if not any(_straddles(laid, known.get(var_uint(laid.client), 0)) for laid in claims.layout):
        return None
    sections = []
    for laid in claims.layout:
        clock = known.get(var_uint(laid.client), 0)
        if clock < laid.clocks[-1]:
            sections.append(_rest(update, laid, max(clock, laid.clocks[0])))
    return b"".join((var_uint(len(sections)), *sections, update[claims.end_of_structs :]))


def _straddles(laid: Structs, clock: int) -> bool:
    clocks = laid.clocks
    return clocks[0] < clock < clocks[-1] and clocks[bisect_right(clocks, clock) - 1] != clock


def _rest(update: bytes, laid: Structs, clock: int) -> bytes:
    """A client's part of the update from this clock on."""
    index = bisect_right(laid.clocks, clock) - 1
    head = var_uint(len(laid.starts) - 1 - index) + var_uint(laid.client) + var_uint(clock)
    if laid.clocks[index] == clock:
        return head + update[laid.starts[index] : laid.starts[-1]]
    cut = clock - laid.clocks[index]
    first = _cut(update[laid.starts[index] : laid.starts[index + 1]], laid.client, clock, cut)
    return head + first + update[laid.starts[index + 1] : laid.starts[-1]]


def _cut(struct: bytes, client: int, clock: int, cut: int) -> bytes:
    """A struct without its first `cut` clocks: then it begins with this clock of this client."""
    info, at = struct[0], content_of(struct, 0)
    kind = info & 0x1F
    if kind in (GC, SKIP):
        return bytes((kind,)) + var_uint(read_var_uint(struct, at)[0] - cut)
    right = b""
    if info & RIGHT_ORIGIN:
        begin = behind_id(struct, 1) if info & ORIGIN else 1
        right = struct[begin : behind_id(struct, begin)]
    place = var_uint(client) + var_uint(clock - 1) + right
    return bytes((ORIGIN | info & RIGHT_ORIGIN | kind,)) + place + _cut_content(kind, struct, at, cut)


def _cut_content(kind: int, struct: bytes, at: int, cut: int) -> bytes:
    if kind == STRING:
        units = read_var_bytes(struct, at)[0].decode().encode("utf-16-le")
        return var_bytes(units[2 * cut :].decode("utf-16-le", "replace").encode())
    count, begin = read_var_uint(struct, at)
    if kind == ANY:
        return var_uint(count - cut) + struct[behind_values(struct, begin, cut) :]
    assert kind == DELETED, "no other kind has more than one clock"
    return var_uint(count - cut)
