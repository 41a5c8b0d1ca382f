"""Updates that come between the halves of a character of two UTF-16 units: the stock Yjs and a replica agree on them.

`ATRIUM_FUZZ_CASES` makes it longer."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

import pycrdt
import pytest

import rooms.parts
from rooms import replica as replica_module
from rooms.codec.halves import SMALL, may_have_pairs
from rooms.codec.lib0 import var_string, var_uint
from rooms.codec.update import read_in_slices
from rooms.compact import compact
from rooms.crdt import Crdt, merge, read_state_vector
from rooms.cut import is_same
from rooms.draft import Draft, read_large
from rooms.errors import Malformed
from rooms.halves import find
from rooms.parts import pack, plan, unpack
from rooms.replica import Replica
from rooms.slices import at_once
from tests.rooms.test_replica import after, text
from tests.rooms.yjs import Yjs, yjs

CASES = int(os.environ.get("ATRIUM_FUZZ_CASES", "60"))
SMILE = text(1, 0, "a😀b")
"""Clocks 0, 1 and 2 (the halves), 3."""
DELETES_HALF = b"\x00\x01\x01\x01\x02\x01"


def between(client: int, clock: int, value: str) -> bytes:
    """An insertion between the halves, from the left and from the right."""
    return b"\x01\x01" + var_uint(client) + var_uint(clock) + b"\xc4\x01\x01\x01\x02" + var_string(value) + b"\x00"


def before_half(client: int) -> bytes:
    """An insertion that knows only its right neighbour, the second half."""
    return b"\x01\x01" + var_uint(client) + b"\x00\x44\x01\x02" + var_string("r") + b"\x00"


SPLITS = {
    "deletes the second half": [SMILE, DELETES_HALF],
    "deletes the first half": [SMILE, b"\x00\x01\x01\x01\x01\x01"],
    "deletes from the middle to the end": [SMILE, b"\x00\x01\x01\x01\x02\x02"],
    "deletes both, one by one": [SMILE, DELETES_HALF, b"\x00\x01\x01\x01\x01\x01"],
    "types in between": [SMILE, between(2, 0, "x")],
    "types in between, with a character of its own": [SMILE, between(2, 0, "😁")],
    "types behind the first half": [SMILE, after(2, 0, 1, "x").replace(b"\x84\x02", b"\x84\x01")],
    "types before the second half": [SMILE, before_half(2)],
    "replaces a half, as naive editors do": [
        SMILE,
        b"\x01\x01\x02\x00\xc4\x01\x01\x01\x02" + var_string("�") + DELETES_HALF[1:],
    ],
    "splits what it brings itself": [merge([SMILE, DELETES_HALF])],
    "types it as a keystroke": [
        text(1, 0, "b"),
        after(1, 1, 0, "😀"),
        b"\x00\x01\x01\x01\x02\x01",
        after(1, 3, 2, "x"),
    ],
    "splits two in one text": [text(1, 0, "😀x😀é😂"), b"\x00\x01\x01\x02\x01\x01\x04\x01"],
    "splits what is deleted already": [SMILE, b"\x00\x01\x01\x01\x01\x02", between(2, 0, "x")],
    "splits in a part of the text": [text(1, 0, "a😀b😀c"), b"\x00\x01\x01\x01\x03\x01", b"\x00\x01\x01\x01\x05\x01"],
}


@pytest.fixture(scope="module")
def judge() -> Iterator[Yjs]:
    with yjs() as process:
        yield process


def check(judge: Yjs, updates: list[bytes]) -> None:
    """However they come to a replica, it makes of these updates what Yjs makes of them."""
    right = judge.apply(updates)
    assert right.error is None and not right.pending
    clocks = {client: clock for client, clock in read_state_vector(right.state).items() if clock}
    writer, follower = Replica(), Replica()
    deltas = []
    for update in updates:
        applied = writer.apply(update)
        assert applied.complete
        if applied.delta:
            follower.absorb(applied.delta)
            deltas.append(applied.delta)
    snapshot = compact(b"", deltas)
    half = len(deltas) // 2
    reopened = Replica(compact(b"", deltas[:half]))
    for delta in deltas[half:]:
        reopened.absorb(delta)
    at_once_ = Replica()
    assert at_once_.apply(merge(updates)).complete
    states = [each.encode() for each in (writer, follower, reopened, at_once_)]
    for seen in ([state] for state in (*states, snapshot)):
        verdict = judge.apply(seen)
        assert (verdict.error, verdict.pending, verdict.text) == (None, False, right.text)
        assert read_state_vector(verdict.state) == clocks
    verdict = judge.apply(deltas)
    assert (verdict.error, verdict.text) == (None, right.text)
    assert str(writer.doc.get("content", type=pycrdt.Text)) == right.text
    # And everybody goes on from there.
    for replica in (writer, follower, reopened, at_once_):
        assert replica.apply(snapshot) == (b"", True)
        assert replica.apply(text(99, 0, "on")).complete


@pytest.mark.js
@pytest.mark.parametrize("case", SPLITS)
def test_what_comes_between_halves(case: str, judge: Yjs) -> None:
    """[S11] A reader that joins afterwards, in any way, sees what the writer sees."""
    check(judge, SPLITS[case])


@pytest.mark.js
def test_clients_that_split_characters(judge: Yjs) -> None:
    """[S11] [S8] The same with several clients that type, format and delete, unit by unit."""
    for seed in range(CASES):
        check(judge, judge.halves(seed))


@pytest.mark.js
def test_large_updates_that_split_characters(judge: Yjs, monkeypatch: pytest.MonkeyPatch) -> None:
    """[S11] The same where a large update is merged part by part beside the replica."""
    monkeypatch.setattr(rooms.parts, "PART_STRUCTS", 2)
    for seed in range(CASES // 4):
        updates = judge.halves(seed)
        half = len(updates) // 2
        replica = Replica()
        for update in updates[:half]:
            replica.apply(update)
        large = at_once(read_large(replica, merge(updates[half:])))
        assert large.checked is not None
        draft = Draft(replica, large.checked)
        at_once(draft.merge(large))
        taken = draft.take_over()
        draft.close()
        assert taken is not None
        seen = [judge.apply(each).text for each in (updates, [replica.encode()], [*updates[:half], *taken.deltas])]
        assert seen == [seen[0]] * 3


def test_what_is_refused_leaves_the_character(monkeypatch: pytest.MonkeyPatch) -> None:
    """[L1] [S11] MEND_MAX: in a larger document no character is split; it stays, as it does where merging fails."""
    replica = Replica(SMILE)
    before = replica.encode()
    monkeypatch.setattr(replica_module, "MEND_MAX", len(before) - 1)
    with pytest.raises(Malformed):
        replica.apply(DELETES_HALF)
    assert replica.encode() == before and replica.pairs
    monkeypatch.undo()
    merge_ = Crdt.merge
    monkeypatch.setattr(Crdt, "merge", lambda crdt, update: merge_(crdt, update[:-1]))
    with pytest.raises(Malformed):
        replica.apply(DELETES_HALF)
    monkeypatch.undo()
    assert replica.encode() == before and replica.pairs
    assert replica.apply(DELETES_HALF).complete and not replica.pairs
    assert replica.absorb(DELETES_HALF) == b""


def test_the_way_back_behind_a_split() -> None:
    """[L1] What was merged before a character was split is not merged again after it."""
    replica = Replica(SMILE)
    replica.apply(b"\x02\x01\x05\x00\x04\x01\x01t\x01x\x01\x06\x00\x04\x01\x01u\x01y\x00")
    assert replica.apply(DELETES_HALF).delta
    before = replica.encode()
    with pytest.raises(Malformed):
        replica.apply(b"\x02\x01\x08\x00\x84\x07\x00\x01b\x01\x07\x00\x84\x08\x00\x01a\x00")
    assert replica.encode() == before


def test_where_characters_are_found() -> None:
    """In texts of all kinds of types, deep inside of them too, and not in what only looks like one."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=9)
    doc.get("content", type=pycrdt.Text).insert(0, "xé😀𝄞z")
    doc.get("map", type=pycrdt.Map)["k"] = pycrdt.Array([pycrdt.Text("😀"), {"😀": "😀"}, "😀"])
    doc.get("xml", type=pycrdt.XmlFragment).children.append(
        pycrdt.XmlElement("p", {"a": "😀"}, [pycrdt.XmlText("a😀")])
    )
    state = doc.get_update()
    found = at_once(find(state))
    assert list(found) == [b"\x09"] and len(found[b"\x09"]) == 4 and {3, 5} < found[b"\x09"]
    assert found == Replica(state).pairs
    for emoji in "\U00010000😀\U00040000\U000c0000\U0010ffff":
        for length in (1, SMALL, 4 * SMALL):
            assert may_have_pairs(text(9, 0, "x" * length + emoji)) and not may_have_pairs(text(9, 0, "é✓" * length))
    lookalike = 0xF3 & 0x7F | 0x20 << 7 | 0x21 << 14 | 0x22 << 21 | 1 << 28
    assert b"\xf3\xa0\xa1\xa2" in var_uint(lookalike) and not Replica(text(lookalike, 0, "plain")).pairs


def test_a_state_of_earlier_times() -> None:
    """A state in which a character was split before this was seen to still opens, and is edited."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    for update in (SMILE, DELETES_HALF):
        doc.apply_update(update)
    state = doc.get_update()
    with pytest.raises(Malformed):
        at_once(read_in_slices(state))
    replica = Replica(state)
    assert replica.apply(text(7, 0, "on")).complete
    assert compact(state, [text(7, 0, "on")])


def test_they_are_stored_with_a_plan() -> None:
    """Where characters are is stored with a snapshot, so that nobody has to look for them who opens it."""
    state = text(1, 0, "a😀b" * 30)
    claims = at_once(read_in_slices(state))
    pairs = at_once(find(state))
    packed = pack(at_once(plan(claims)), state, pairs)
    made, known, _ = unpack(state, packed)
    assert known == pairs and list(made) == [state]
    assert unpack(state, b"").pairs is None


def test_many_in_one_text() -> None:
    """A text of nothing else is read in time that grows with its length, and split anywhere."""
    long = "😀" * 100_000
    replica = Replica(text(1, 0, long))
    assert len(replica.pairs[b"\x01"]) == 100_000
    assert replica.apply(b"\x00\x01\x01\x01" + var_uint(100_001) + b"\x01").complete
    text_ = str(replica.doc.get("content", type=pycrdt.Text))
    assert text_.count("😀") == 99_999 and text_.count("\ufffd") == 1


def test_honest_emoji_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever types and deletes whole characters never makes a document anew."""

    def never(replica: Replica, updates: list[bytes]) -> None:
        raise AssertionError("made anew")

    monkeypatch.setattr(Replica, "_renew", never)
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=9)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    content = doc.get("content", type=pycrdt.Text)
    random_ = random.Random(1)
    for _ in range(300):
        value = str(content)
        at = random_.randint(0, len(value))
        if random_.random() < 0.6 or at == len(value):
            content.insert(len(value[:at].encode()), random_.choice(("😀", "a", "👩‍👩‍👧")))
        else:
            start = len(value[:at].encode())
            del content[start : start + len(value[at].encode())]
    del subscription
    replica = Replica()
    for update in updates:
        assert replica.apply(update).complete
    assert is_same(replica.encode(), doc.get_update())
