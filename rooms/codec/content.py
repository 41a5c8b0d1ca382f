"""What the structs of a Yjs update hold, as far as it has to be checked (see rooms/codec/update.py).

    3 binary   varBytes                           7 type       varUint(kind of type), 3: varString(name)
    5 embed    varString(JSON)                    8 any        varUint(n), n × value
    6 format   varString(key), varString(JSON)    9 document   varString(guid), object

Not 2, JSON of Yjs before 13: pycrdt reads one string too many of it, and what follows in a wrong light.
A value is lib0's `writeAny`: a byte that tells its kind, then what that kind needs.
"""

from collections.abc import Generator

import msgspec

from rooms.codec.lib0 import MAX_SAFE_INTEGER, read_var_bytes, read_var_string, read_var_uint
from rooms.errors import Malformed
from rooms.limits import NESTING_MAX, READ_SLICE

TYPES = (0, 1, 2, 3, 4, 6)
"""Array, map, text, XML element, XML fragment, XML text. Not 5, XML hook: pycrdt writes it without its name."""
XML_ELEMENT = 3
_PLAIN = {127: 0, 126: 0, 124: 4, 123: 8, 122: 8, 121: 0, 120: 0}
"""undefined, null, float32, float64, bigint, false, true: how many bytes follow."""
_INTEGER, _STRING, _OBJECT, _ARRAY, _BYTES = 125, 119, 118, 117, 116
_json = msgspec.json.Decoder()


def read_content(kind: int, data: bytes, at: int) -> tuple[int, int]:
    """Its length in clocks, and the offset behind it; raises Malformed, or IndexError at the end of the data."""
    match kind:
        case 7:
            type_, at = read_var_uint(data, at)
            if type_ not in TYPES:
                raise Malformed(f"unknown type {type_} in the update")
            return 1, read_var_string(data, at)[1] if type_ == XML_ELEMENT else at
        case 6:
            _, at = read_var_string(data, at)
            return 1, _read_json(data, at)
        case 5:
            return 1, _read_json(data, at)
        case 3:
            return 1, read_var_bytes(data, at)[1]
    raise Malformed(f"unknown content {kind} in the update")


def read_values_of(kind: int, data: bytes, at: int) -> Generator[None, None, tuple[int, int]]:
    """The same for the kinds that hold values, 8 and 9, stopping after every READ_SLICE bytes."""
    if kind == 9:
        _, at = read_var_string(data, at)
        if at < len(data) and data[at] != _OBJECT:
            raise Malformed("a document's options are no object")
        return 1, (yield from _read_values(data, at, 1))
    count, at = _read_count(data, at, 1)
    if not count:
        raise Malformed("a struct in the update is empty")
    return count, (yield from _read_values(data, at, count))


def behind_values(data: bytes, at: int, count: int) -> int:
    """The offset behind so many values of a struct that was read already."""
    reading = _read_values(data, at, count)
    while True:
        try:
            next(reading)
        except StopIteration as done:
            behind: int = done.value
            return behind


def _read_values(data: bytes, at: int, count: int) -> Generator[None, None, int]:
    """The offset behind `count` values."""
    outer: list[tuple[int, bool]] = []
    keyed = False
    pause = at + READ_SLICE
    while True:
        if not count:
            if not outer:
                return at
            count, keyed = outer.pop()
            continue
        count -= 1
        if at > pause:
            pause = at + READ_SLICE
            yield
        if keyed:
            key, at = read_var_string(data, at)
            if key == "__proto__":
                raise Malformed("a key in the update is __proto__, on which Yjs throws")
        kind = data[at]
        at += 1
        if kind in _PLAIN:
            at += _PLAIN[kind]
        elif kind == _STRING:
            _, at = read_var_string(data, at)
        elif kind == _INTEGER:
            at = _read_integer(data, at)
        elif kind in (_OBJECT, _ARRAY):
            if len(outer) >= NESTING_MAX:
                raise Malformed(f"a value in the update is nested more than {NESTING_MAX} deep")
            outer.append((count, keyed))
            keyed = kind == _OBJECT
            count, at = _read_count(data, at, 2 if keyed else 1)
        elif kind == _BYTES:
            _, at = read_var_bytes(data, at)
        else:
            raise Malformed(f"unknown value {kind} in the update")


def _read_integer(data: bytes, at: int) -> int:
    # lib0's varInt: six bits and a sign in the first byte, then seven a byte.
    byte = data[at]
    value, shift = byte & 0x3F, 6
    while byte >= 0x80:
        at += 1
        byte = data[at]
        value |= (byte & 0x7F) << shift
        shift += 7
        if value > MAX_SAFE_INTEGER or shift > 62:
            raise Malformed("an integer in the update is too large")
    return at + 1


def _read_json(data: bytes, at: int) -> int:
    raw, at = read_var_bytes(data, at)
    try:
        _json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("a value in the update is not JSON") from None
    return at


def _read_count(data: bytes, at: int, least: int) -> tuple[int, int]:
    count, at = read_var_uint(data, at)
    if count * least > len(data) - at:
        raise Malformed("the update claims more than it has bytes")
    return count, at
