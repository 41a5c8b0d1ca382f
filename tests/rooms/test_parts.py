"""A state cut into parts: each applies completely after those before it, and all together make the same document."""

from __future__ import annotations

import random
from typing import Any

import pycrdt
import pytest

import rooms.codec.update
import rooms.parts
from rooms.codec.lib0 import var_uint
from rooms.codec.update import read_in_slices
from rooms.compact import compact
from rooms.crdt import EMPTY_UPDATE, merge
from rooms.cut import cut, is_same
from rooms.errors import Malformed
from rooms.parts import pack, parts, plan
from rooms.replica import Replica
from rooms.slices import at_once
from tests.rooms.traces import NAMES, load_trace
from tests.rooms.updates import honest

SIZES = (1, 2, 7, 50)


@pytest.fixture(params=SIZES)
def small_parts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many structs in a part."""
    monkeypatch.setattr(rooms.parts, "PART_STRUCTS", request.param)
    monkeypatch.setattr(rooms.codec.update, "PART_STRUCTS", request.param)


def cuts_of(state: bytes) -> list[bytes]:
    """The parts of a state."""
    return list(parts(state, pack(at_once(plan(at_once(read_in_slices(state)))), state)))


def check(state: bytes) -> int:
    """The rule of this module; how many parts there are."""
    checked, loaded = Replica(), Replica()
    made = cuts_of(state)
    for part in made:
        assert checked.apply(part).complete
        loaded.load(part)
    for replica in (checked, loaded):
        assert is_same(replica.encode(), state)
        assert replica.apply(state) == (b"", True)
    return len(made)


def author(number: int) -> pycrdt.Doc[Any]:
    return pycrdt.Doc(client_id=number)


def typed(name: str) -> bytes:
    """A recorded session, typed by its authors; a sequential one by ten, in turns."""
    trace = load_trace(name)
    docs = [author(1000 + number) for number in range(2 if trace.is_concurrent else 10)]
    trace.type_into(docs)
    for doc in docs[1:]:
        docs[0].apply_update(doc.get_update(docs[0].get_state()))
    assert str(docs[0].get("content", type=pycrdt.Text)) == trace.end
    return docs[0].get_update()


def rich(random_: random.Random) -> list[bytes]:
    """Types of all kinds in one another, with emoji, formats, subdocuments and deletions, by three clients."""
    docs = [author(number) for number in (7, 1 << 31, 3)]
    updates: list[bytes] = []
    subscriptions = [doc.observe(lambda event: updates.append(event.update)) for doc in docs]
    for _ in range(60):
        doc = random_.choice(docs)
        text, map_ = doc.get("content", type=pycrdt.Text), doc.get("map", type=pycrdt.Map)
        array, xml = doc.get("list", type=pycrdt.Array), doc.get("xml", type=pycrdt.XmlFragment)
        length = len(str(text))
        place = len(str(text)[: random_.randint(0, length)].encode())
        match random_.randrange(9):
            case 0 | 1 | 2:
                text.insert(place, random_.choice(("a", "é😀", "🏳️‍🌈 flag", "lorem ipsum")))
            case 3 if length:
                cut_ = random_.randrange(length)
                start = len(str(text)[:cut_].encode())
                del text[start : start + len(str(text)[cut_ : cut_ + random_.randint(1, 5)].encode())]
            case 4 if length:
                text.format(0, place, {"bold": random_.choice((True, None))})
            case 5:
                map_[random_.choice("ab")] = random_.choice(
                    (1, pycrdt.Array([1, pycrdt.Map({"deep": pycrdt.Text("t")})]), pycrdt.Doc(), None)
                )
            case 6:
                array.append(random_.choice((pycrdt.Map({"k": pycrdt.Array([1])}), {"plain": [1, "x"]}, b"\0")))
            case 7:
                xml.children.append(pycrdt.XmlElement("p", {"class": "x"}, [pycrdt.XmlText("text")]))
            case _:
                for container in (array, xml.children):
                    if len(container) and random_.random() < 0.5:
                        del container[random_.randrange(len(container))]
        if random_.random() < 0.4:
            other = random_.choice(docs)
            other.apply_update(doc.get_update(other.get_state()))
    del subscriptions
    return list(dict.fromkeys(updates))


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("make", [rich, lambda random_: honest(random_, 60, 4)], ids=["rich", "plain"])
def test_random_histories(make: Any, seed: int) -> None:
    """Whatever was written, deleted and collected, or only deleted: the parts make the same document as the whole."""
    updates = make(random.Random(seed))
    collected, raw = compact(b"", updates), merge(updates)
    assert check(collected) > 1
    assert check(raw) > 1


@pytest.mark.parametrize("name", NAMES)
def test_recorded_sessions(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real editing, by several authors."""
    state = typed(name)
    for size in (100, 4000):
        monkeypatch.setattr(rooms.parts, "PART_STRUCTS", size)
        assert check(state) > (1 if size == 100 else 0)


def test_parts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """PART_STRUCTS, PART_BYTES: no part has more, unless one struct alone has."""
    monkeypatch.setattr(rooms.parts, "PART_BYTES", 100)
    doc = author(1)
    text = doc.get("content", type=pycrdt.Text)
    for number in range(40):
        text.insert(0, "x" * (500 if number == 20 else 30))
    made = cuts_of(doc.get_update())
    assert sorted(map(len, made))[-2] < 150 < len(max(made, key=len)) < 600
    monkeypatch.setattr(rooms.parts, "PART_STRUCTS", 1)
    monkeypatch.setattr(rooms.codec.update, "PART_STRUCTS", 1)
    assert len(cuts_of(doc.get_update())) == 40


def test_a_state_that_cannot_be_cut_is_whole() -> None:
    """What depends on something missing, or on itself in a circle, is opened in one piece."""
    missing = b"\x01\x01\x02\x00\x84\x02\x05a\x00".replace(b"\x84\x02", b"\x84\x03")
    circle = b"\x02\x01\x02\x00\x84\x01\x00\x01b\x01\x01\x00\x84\x02\x00\x01a\x00"
    with pytest.raises(Malformed):
        at_once(plan(at_once(read_in_slices(circle))))
    filler = b"".join(b"\x84\x09" + var_uint(number) + b"\x01x" for number in range(6000))
    lonely = b"\x02" + missing[1:-1] + var_uint(6001) + b"\x09\x00\x04\x01\x01t\x01x" + filler + b"\x00"
    assert cut(lonely) == b""
    whole = b"\x01" + var_uint(6001) + b"\x09\x00\x04\x01\x01t\x01x" + filler + b"\x00"
    assert len(list(parts(whole, cut(whole)))) == 2


@pytest.mark.parametrize("packed", [b"", b"\xff", b"later version"])
def test_old_and_foreign_plans(packed: bytes) -> None:
    """A state without a plan, or with one that is not its own, is opened in one piece."""
    state = compact(b"", honest(random.Random(1)))
    assert list(parts(state, packed)) == [state]
    other = compact(b"", honest(random.Random(2)))
    assert list(parts(state, pack(at_once(plan(at_once(read_in_slices(other)))), other))) == [state]
    assert cut(EMPTY_UPDATE) == cut(state) == b""
