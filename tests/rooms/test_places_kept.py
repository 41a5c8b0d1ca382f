"""The book of places: that it says the same however updates came, is handed on, and costs plain texts nothing."""

from __future__ import annotations

import random
from typing import Any

import pycrdt
import pytest

from rooms.codec.lib0 import var_string, var_uint
from rooms.codec.update import read
from rooms.compact import compact
from rooms.crdt import EMPTY_UPDATE, Crdt, merge
from rooms.cut import cut, is_same
from rooms.draft import Draft, read_large
from rooms.errors import Malformed, Unsound
from rooms.filled import filled
from rooms.parts import unpack
from rooms.places import Places, find_places
from rooms.replica import Replica
from rooms.slices import at_once
from schemas.records import Commit, Loaded, Record
from tests.rooms.test_places import (
    ENTRY,
    EVIL,
    IN_PARENT,
    ITEM,
    KEY,
    PARENT,
    SIBLING,
    TYPES,
    VALUE,
    delete,
    id_of,
    struct,
)
from tests.rooms.test_replica import text
from tests.rooms.updates import honest


def places_of(replica: Replica) -> Places:
    assert replica._places is not None
    return replica._places


@pytest.mark.parametrize("seed", range(40))
def test_the_book_is_what_a_state_says(seed: int) -> None:
    """However the updates came, one by one, merged, or from another gateway, the same clocks have the same places."""
    random_ = random.Random(seed)
    updates = honest(random_, edits=40, clients=3)
    one, other = Replica(), Replica()
    other.guard(Places())
    for update in updates:
        other.absorb(one.apply(update).delta or EMPTY_UPDATE)
    merged = Replica()
    merged.apply(merge(updates))
    fresh = at_once(find_places(one.encode()))
    packed = Places(fresh.pack())
    assert fresh.known, "nothing is nested"
    for client, ranges in fresh.known.items():
        for start, end, value in zip(*ranges, strict=True):
            for clock in range(start, end):
                for book in (packed, *map(places_of, (one, other, merged))):
                    assert book.of(client, clock) == value, (client, clock)


def test_the_plan_of_a_snapshot_tells_places() -> None:
    """What the worker stores beside a snapshot spares the gateway to look for it."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=1)
    cells = doc.get("cells", type=pycrdt.Map)
    for number in range(2_000):
        cells[str(number)] = pycrdt.Map({"a": number})
    state = doc.get_update()
    places = unpack(state, cut(state)).places
    assert places is not None
    assert places.pack() == at_once(find_places(state)).pack()
    assert places.of(b"\1", 0) == 1 and places.of(b"\1", 1) == 3


def test_documents_of_plain_text_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is nested and nothing has a key, no update is looked at twice."""

    def never(*args: object, **more: object) -> None:
        raise AssertionError("looked at")

    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=9)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    content = doc.get("content", type=pycrdt.Text)
    for number in range(200):
        content.insert(number // 2, "ab")
        if number % 5 == 0:
            with doc.transaction():
                del content[0:1]
                content.insert(1, "c")
    del subscription
    replica = Replica()
    replica.apply(text(1, 0, "a"))
    monkeypatch.setattr("rooms.checked.placed", never)
    for update in updates:
        assert replica.apply(update).complete
    assert not places_of(replica).known


def test_deleting_what_was_just_typed() -> None:
    """The short way of typing says nothing about deleting."""
    replica = Replica()
    for update in [*TYPES, ITEM, struct(EVIL, 0, 0x84, id_of(SIBLING, 4), var_string("abc"))]:
        replica.apply(update)
    replica.apply(delete(EVIL, 2, 1))
    replica.apply(struct(EVIL, 3, 0x84, id_of(EVIL, 2), var_string("d")))
    replica.apply(struct(ENTRY, 0, 0x24, IN_PARENT + KEY, var_string("hello")))
    replica.apply(struct(EVIL, 4, 0x84, id_of(EVIL, 3), var_string("e")))
    with pytest.raises(Unsound):
        replica.apply(delete(ENTRY, 4, 1))
    book = places_of(replica)
    assert list(book.known[var_uint(EVIL)].starts) == [0] and list(book.known[var_uint(EVIL)].ends) == [5]
    with pytest.raises(Unsound):
        replica.apply(struct(9, 0, 0x44, id_of(ENTRY, 0), var_string("f")))


def test_ranges_of_typing_are_one() -> None:
    """Text that is typed in a nested type is kept as one range for each client, as long as it is in one place."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=9)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    fragment = doc.get("x", type=pycrdt.XmlFragment)
    node = pycrdt.XmlText("begin")
    fragment.children.append(node)
    for letter in "hello, world":
        node.insert(2, letter)
    del subscription
    replica = Replica()
    for update in updates:
        replica.apply(update)
    ((client, ranges),) = places_of(replica).known.items()
    assert (client, len(ranges.starts), list(ranges.values)) == (b"\x09", 1, [2])


SUBDOCUMENT = struct(SIBLING, 0, 0x09, IN_PARENT, var_string("guid") + b"\x76\0")


def test_documents_with_subdocuments_free_nothing() -> None:
    """pycrdt reads a subdocument once more after it freed it with its parent: so there nothing is freed meanwhile."""
    plain, large = Replica(), Replica()
    for replica in (plain, large):
        replica.apply(text(1, 0, "hello"))
    for update in [*TYPES, SUBDOCUMENT]:
        plain.apply(update)
    checked = at_once(large.check(merge([*TYPES, SUBDOCUMENT]), read(merge([*TYPES, SUBDOCUMENT]))))
    draft = Draft(large, checked)
    at_once(draft.merge(at_once(read_large(large, checked.update))))
    assert draft.take_over() is not None
    draft.close()
    opened = at_once(filled(Loaded(1, plain.encode(), ())))
    followed = at_once(filled(Loaded(0, b"", (Commit(1, (Record(b"", 0, plain.encode()),)),))))
    planned = Places(places_of(plain).pack())
    guarded = Replica(plain.encode())
    guarded.guard(planned)
    for replica in (plain, large, opened, followed, guarded):
        assert replica.keeps
        replica.apply(delete(1, 0, 5))
        replica.apply(delete(PARENT, 0, 1))
        assert b"hello" in replica.encode()
    assert b"hello" not in compact(plain.encode(), []), "the worker lets go of it"
    assert not Replica(text(1, 0, "hello")).keeps


def test_parts_of_documents_with_subdocuments(monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot may say that a subdocument is there, and in a later part that it is deleted: then nothing is freed."""
    monkeypatch.setattr("rooms.cut.READ_SLICE", 0)
    monkeypatch.setattr("rooms.parts.PART_STRUCTS", 2)
    replica = Replica()
    for update in [*TYPES, SUBDOCUMENT, *(text(client, 0, "x") for client in range(20, 30)), delete(PARENT, 0, 1)]:
        replica.apply(update)
    state = replica.encode()
    assert b"guid" in state
    packed = cut(state)
    load, kept = Crdt.load, []

    def watched(crdt: Crdt, update: bytes) -> None:
        kept.append(crdt.keeps)
        load(crdt, update)

    differ = []

    def compared(one: bytes, other: bytes) -> bool:
        differ.append(one != other)
        return is_same(one, other)

    monkeypatch.setattr(Crdt, "load", watched)
    monkeypatch.setattr("rooms.cut.is_same", compared)
    assert cut(state) == packed
    # The keys of a value come in any order: only where the bytes differ both are loaded in one piece, to compare.
    assert kept.count(False) == 2 * sum(differ)
    kept.clear()
    opened = at_once(filled(Loaded(1, state, (), packed)))
    assert len(kept) > 5 and all(kept)
    assert is_same(opened.encode(), state)
    assert at_once(filled(Loaded(1, state, ()))).keeps


def test_records_out_of_order() -> None:
    """What depends on a later record waits outside of the CRDT, and is merged, and told, with that one."""
    replica, other = Replica(), Replica()
    replica.guard(Places())
    updates = [
        *TYPES,
        ITEM,
        struct(EVIL, 0, 0x88, id_of(SIBLING, 4), VALUE),
        struct(EVIL, 1, 0x88, id_of(EVIL, 0), VALUE),
    ]
    for update in [updates[0], updates[1], updates[4], updates[3]]:
        other.absorb(replica.absorb(update) or EMPTY_UPDATE)
    assert len(replica.early) == 2
    other.absorb(replica.absorb(ITEM))
    assert not replica.early and not replica.left_out
    assert replica.encode() == other.encode() == compact(b"", updates)
    assert compact(b"", updates[::-1]) == replica.encode()


def test_keystrokes_out_of_order() -> None:
    """In a plain text they are merged unseen, so one that waits inside of the CRDT ends this replica."""
    for early in (struct(SIBLING, 1, 0x84, id_of(SIBLING, 0), var_string("b")), delete(SIBLING, 0, 1)):
        replica = Replica()
        replica.guard(Places())
        replica.absorb(text(1, 0, "a"))
        with pytest.raises(Malformed):
            replica.absorb(early)
        opened = at_once(filled(Loaded(3, b"", (Commit(2, (Record(b"", 0, text(1, 0, "a")), Record(b"", 0, early))),))))
        assert opened.left_out == 1 and len(opened.encode()) == len(text(1, 0, "a"))
