"""What pycrdt must not be given: updates that are well formed, and make it use freed memory (rooms/places.py)."""

from __future__ import annotations

from typing import Any

import pycrdt
import pytest

from rooms import limits
from rooms.codec.lib0 import var_string, var_uint
from rooms.compact import compact
from rooms.crdt import merge, read_state_vector
from rooms.errors import Unsound
from rooms.places import Places
from rooms.replica import Replica

PARENT, SIBLING, ENTRY, OTHER, EVIL = 2, 3, 4, 5, 6
"""Clients: of a type, an item in it, an entry under a key of it, another type, and whoever attacks."""


def struct(client: int, clock: int, info: int, place: bytes, content: bytes, deletes: bytes = b"\0") -> bytes:
    """An update of one struct."""
    return b"\1\1" + var_uint(client) + var_uint(clock) + bytes((info,)) + place + content + deletes


def deleted(client: int, clock: int, length: int) -> bytes:
    """What stands behind the structs, where this is deleted."""
    return b"\1" + var_uint(client) + b"\1" + var_uint(clock) + var_uint(length)


def delete(client: int, clock: int, length: int) -> bytes:
    """An update that only deletes."""
    return b"\0" + deleted(client, clock, length)


def id_of(client: int, clock: int) -> bytes:
    return var_uint(client) + var_uint(clock)


ROOT, IN_PARENT, KEY = b"\1\1t", b"\0" + id_of(PARENT, 0), b"\1k"
VALUE = b"\1\x7d\5"
TYPES = [struct(PARENT, 0, 0x07, ROOT, b"\2"), struct(OTHER, 0, 0x07, ROOT, b"\2")]
ITEM = struct(SIBLING, 0, 0x04, IN_PARENT, var_string("hello"))
IN_MAP = struct(ENTRY, 0, 0x28, IN_PARENT + KEY, VALUE)
LONG = struct(ENTRY, 0, 0x24, IN_PARENT + KEY, var_string("hello"))
CROSSED = struct(EVIL, 0, 0xC4, id_of(SIBLING, 4) + id_of(ENTRY, 0), var_string("x"))

UNSOUND = {
    "an item of a list in front of an entry": ([*TYPES, ITEM, IN_MAP], CROSSED),
    "the same, spelled in another way": (
        [*TYPES, ITEM, IN_MAP],
        struct(EVIL, 0, 0xE4, id_of(SIBLING, 4) + id_of(ENTRY, 0), var_string("x")),
    ),
    "an entry between items": (
        [*TYPES, ITEM, IN_MAP],
        struct(EVIL, 0, 0xC4, id_of(ENTRY, 0) + id_of(SIBLING, 0), var_string("x")),
    ),
    "something in front of an entry": ([*TYPES, IN_MAP], struct(EVIL, 0, 0x44, id_of(ENTRY, 0), var_string("x"))),
    "an entry that is split by a deletion": ([*TYPES, LONG], delete(ENTRY, 4, 1)),
    "an entry that is split at its beginning": ([*TYPES, LONG], delete(ENTRY, 0, 1)),
    "an entry that is split by what follows": (
        [*TYPES, LONG],
        struct(EVIL, 0, 0x84, id_of(ENTRY, 1), var_string("x")),
    ),
    "an entry of a root": ([struct(ENTRY, 0, 0x24, ROOT + KEY, var_string("ab"))], delete(ENTRY, 1, 1)),
    "an entry of several values": (
        [*TYPES, struct(ENTRY, 0, 0x28, IN_PARENT + KEY, b"\2\x7e\x7e")],
        delete(ENTRY, 1, 1),
    ),
    "an entry that does not say that it is one": (
        [*TYPES, IN_MAP, struct(EVIL, 0, 0x84, id_of(ENTRY, 0), var_string("abc"))],
        delete(EVIL, 1, 1),
    ),
    "all of it in one update": ([], merge([*TYPES, ITEM, IN_MAP, CROSSED, delete(PARENT, 0, 1)])),
}
"""What was there, and what must not be merged."""


@pytest.mark.parametrize("case", UNSOUND)
def test_unsound_updates(case: str) -> None:
    """[L1] What would hang in two lists of pycrdt, or split the value of a key, is refused, and leaves nothing."""
    before, evil = UNSOUND[case]
    replica = Replica()
    for update in before:
        assert replica.apply(update).complete
    state = replica.encode()
    with pytest.raises(Unsound):
        replica.apply(evil)
    assert replica.encode() == state


@pytest.mark.parametrize("case", UNSOUND)
def test_unsound_records(case: str) -> None:
    """[L1] Where such a thing is in the log all the same, openers and workers leave it out."""
    before, evil = UNSOUND[case]
    replica = Replica()
    replica.guard(Places())
    for update in [*before, evil]:
        replica.absorb(update)
    assert replica.left_out == 1
    left_out: list[bytes] = []
    state = compact(b"", [*before, evil], b"", left_out)
    assert left_out == [evil] and read_state_vector(state_vector(state)) == read_state_vector(replica.state_vector())


def state_vector(state: bytes) -> bytes:
    return Replica(state).state_vector()


def test_what_depends_on_something_left_out_is_left_out() -> None:
    """Otherwise it would wait inside the CRDT, and nobody would look at it when it is merged."""
    replica = Replica()
    replica.guard(Places())
    for update in [*TYPES, ITEM, IN_MAP, CROSSED, struct(EVIL, 1, 0x84, id_of(EVIL, 0), var_string("y"))]:
        replica.absorb(update)
    assert (replica.left_out, len(replica.early)) == (1, 1)
    assert EVIL not in read_state_vector(replica.state_vector())


def test_two_gateways_and_one_client_id() -> None:
    """[L1] Who gives the same clocks two meanings at two gateways, which each believe the first, gains nothing."""
    one, other = Replica(), Replica()
    for update in [*TYPES, ITEM]:
        for replica in (one, other):
            replica.apply(update)
    first = one.apply(struct(EVIL, 0, 0x84, id_of(SIBLING, 4), var_string("a"))).delta
    second = other.apply(struct(EVIL, 0, 0x28, IN_PARENT + KEY, VALUE)).delta
    third = one.apply(struct(7, 0, 0xC4, id_of(SIBLING, 1) + id_of(EVIL, 0), var_string("b"))).delta
    for update in (first, third):
        other.absorb(update)
    one.absorb(second)
    assert (one.left_out, other.left_out) == (0, 1)
    for replica in (one, other):
        replica.apply(delete(PARENT, 0, 1))
        replica.encode()


RESENT = {
    "text": (struct(SIBLING, 0, 0x04, IN_PARENT, var_string("hello")), 0x04, var_string("hello world")),
    "characters of two units": (struct(SIBLING, 0, 0x04, IN_PARENT, var_string("é😀")), 0x04, var_string("é😀é")),
    "values": (struct(SIBLING, 0, 0x08, IN_PARENT, b"\1\x76\1\1a\x7e"), 0x08, b"\3\x76\1\1a\x7e\x77\1b\x7d\5"),
    "deleted": (struct(SIBLING, 0, 0x01, IN_PARENT, b"\2"), 0x01, b"\5"),
    "collected": (struct(SIBLING, 0, 0x00, b"", b"\2"), 0x00, b"\5"),
}


@pytest.mark.parametrize("case", RESENT)
def test_what_is_known_in_part(case: str) -> None:
    """A struct that was sent again with more behind it goes on where its known part stands, whatever it says."""
    known, info, content = RESENT[case]
    honest_, claiming = Replica(), Replica()
    for replica in (honest_, claiming):
        for update in [*TYPES, known]:
            replica.apply(update)
    honest_.apply(struct(SIBLING, 0, info, IN_PARENT if info else b"", content))
    elsewhere = b"\0" + id_of(OTHER, 0) + KEY if info else b""
    claiming.apply(struct(SIBLING, 0, info | 0x20 if info else 0, elsewhere, content))
    assert claiming.encode() == honest_.encode()
    plain: pycrdt.Doc[Any] = pycrdt.Doc()
    for update in [*TYPES, struct(SIBLING, 0, info, IN_PARENT if info else b"", content)]:
        plain.apply_update(update)
    assert claiming.encode() == plain.get_update()
    for client in (OTHER, PARENT):
        claiming.apply(delete(client, 0, 1))
        claiming.encode()


def test_right_neighbours_of_what_is_known_in_part() -> None:
    """What stands to the right of a struct is not forgotten when its known part is cut off."""
    replica = Replica()
    for update in [*TYPES, ITEM, struct(EVIL, 0, 0x44, id_of(SIBLING, 0), var_string("ab"))]:
        replica.apply(update)
    delta = replica.apply(struct(EVIL, 0, 0x44, id_of(SIBLING, 0), var_string("abcd"))).delta
    assert delta == struct(EVIL, 2, 0xC4, id_of(EVIL, 1) + id_of(SIBLING, 0), var_string("cd"))


def test_attributes_as_y_py_writes_them() -> None:
    """y-py writes an attribute of XML as a string of several clocks: it may be overwritten and deleted, not split."""
    replica = Replica()
    updates = [
        struct(PARENT, 0, 0x07, b"\1\1x", b"\3\1p"),
        struct(PARENT, 1, 0x24, IN_PARENT + KEY, var_string("hello")),
        struct(PARENT, 6, 0xA4, id_of(PARENT, 5), var_string("hello2")),
        struct(PARENT, 12, 0xA4, id_of(PARENT, 11), var_string("again"), deleted(PARENT, 6, 6)),
        delete(PARENT, 12, 5),
        delete(PARENT, 0, 1),
    ]
    for update in updates:
        assert replica.apply(update).complete
    # Without garbage collection several may come as one, deleted as a whole, and others know its parts.
    replica = Replica()
    replica.apply(struct(PARENT, 0, 0x07, b"\1\1x", b"\1"))
    replica.apply(struct(ENTRY, 0, 0x28, IN_PARENT + KEY, b"\3\x7e\x7e\x7e", deleted(ENTRY, 0, 3)))
    assert replica.apply(struct(OTHER, 0, 0xA8, id_of(ENTRY, 1), VALUE)).complete


def nested(levels: int, *, key: bytes = b"", first: int = 0) -> bytes:
    """Types in one another."""
    outermost = [b"\7\1\1t\1"] if not first else []
    inner = [
        bytes((0x27 if key else 0x07,)) + b"\0" + id_of(1, clock) + key + b"\1"
        for clock in range(max(first - 1, 0), first + levels - 1)
    ]
    return b"\1" + var_uint(levels) + b"\1" + var_uint(first) + b"".join(outermost + inner) + b"\0"


@pytest.mark.parametrize("key", [b"", KEY])
def test_types_nested_max(key: bytes) -> None:
    """TYPES_NESTED_MAX: types are nested so deep and no deeper, in one update or in several, whatever says where."""
    most = limits.TYPES_NESTED_MAX
    replica = Replica()
    assert replica.apply(nested(most, key=key)).complete
    state = replica.encode()
    deeper = [nested(1, key=key, first=most)]
    # Beside a text that stands in the innermost.
    replica.apply(struct(9, 0, 0x04, b"\0" + id_of(1, most - 1), var_string("ab")))
    replica.apply(struct(9, 2, 0xC4, id_of(9, 0) + id_of(9, 1), var_string("c")))
    deeper += [struct(8, 0, 0xC7, id_of(9, 0) + id_of(9, 2), b"\1"), struct(8, 0, 0x47, id_of(9, 2), b"\1")]
    for update in deeper:
        with pytest.raises(Unsound):
            replica.apply(update)
    with pytest.raises(Unsound):
        Replica().apply(nested(most + 1, key=key))
    with pytest.raises(Unsound):
        Replica(state).apply(nested(1, key=key, first=most))
    assert replica.apply(delete(1, 0, 1)).complete
