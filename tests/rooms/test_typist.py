"""An AI types while two people do: nothing of anybody is harmed, and all of it can be taken back."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pycrdt
import pytest

from rooms.scratch import Scratch
from rooms.slices import at_once
from rooms.typist import Aim, NoSuchPlace, Typist, aim, found_by
from rooms.undo import undo
from schemas.records import Commit, Loaded, Record

SEEDS = 200
TEXT = "The quick brown fox jumps over the lazy dog, and नमस्ते 😀 comes after."


class Person:
    """Types characters that nobody else types, each once, at random places."""

    def __init__(self, client_id: int, state: bytes) -> None:
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=client_id)
        self.text: pycrdt.Text = self.doc.get("content", type=pycrdt.Text)
        self.doc.apply_update(state)
        self.typed = ""

    def type(self, random_: random.Random) -> bytes:
        before = self.doc.get_state()
        at = len(str(self.text)[: random_.randint(0, len(str(self.text)))].encode())
        self.typed += chr(0xE000 + self.doc.client_id * 100 + len(self.typed))
        self.text.insert(at, self.typed[-1])
        return self.doc.get_update(before)

    def remove(self, random_: random.Random) -> bytes:
        before, text = self.doc.get_state(), str(self.text)
        start, end = sorted(len(text[: random_.randint(0, len(text))].encode()) for _ in range(2))
        del self.text[start:end]
        return self.doc.get_update(before)


def beginning() -> bytes:
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=1)
    doc.get("content", type=pycrdt.Text).insert(0, TEXT)
    return doc.get_update()


def session(seed: int) -> tuple[int, Aim, list[Person], str]:
    """(client id of the typist, its aim, people, its words), after everything was delivered in some order."""
    random_ = random.Random(seed)
    state = beginning()
    people = [Person(number, state) for number in (2, 3)]
    start, end = sorted(random_.choices(range(len(TEXT) - 3), k=2))
    start, end = whole(start), whole(end)
    target = at_once(aim(Loaded(1, state, ()), start, end if random_.random() < 0.6 else start))
    client = random_.choice((1_000 + seed, 2**40 + seed))
    typist = Typist(client, target)
    words = [chr(0xF000 + number) * 3 for number in range(12)]
    waiting: dict[int, list[bytes]] = {0: [], 1: []}

    def send(author: int | None, update: bytes) -> None:
        for number, inbox in waiting.items():
            if number != author:
                inbox.append(update)

    send(None, target.erase)
    todo = list(words)
    while todo or any(waiting.values()):
        number = random_.randrange(2)
        match random_.randrange(4):
            case 0 if todo:
                send(None, typist.type(todo.pop(0)))
            case 1 if sum(len(person.typed) for person in people) < 12:
                send(number, people[number].type(random_))
            case _ if waiting[number]:
                people[number].doc.apply_update(waiting[number].pop(0))
    return client, target, people, "".join(words)


def whole(unit: int) -> int:
    """A place of the text in UTF-16 units that is not inside of the emoji."""
    return unit + 1 if unit == TEXT.index("😀") + 1 else unit


@pytest.mark.parametrize("part", range(4))
def test_everybody_keeps_what_they_typed(part: int) -> None:
    """Around it, in front of it and inside of it: all converge, its words stay in order, undo takes them alone."""
    for seed in range(part * SEEDS // 4, (part + 1) * SEEDS // 4):
        client, target, people, words = session(seed)
        texts = {str(person.text) for person in people}
        assert len(texts) == 1, f"seed {seed}: {texts}"
        text = texts.pop()
        typed = "".join(person.typed for person in people)
        assert sorted(char for char in text if char in typed) == sorted(typed), f"seed {seed}: {text!r}"
        assert only(text, words) == words, f"seed {seed}: {text!r}"
        before = TEXT.encode("utf-16-le")
        left = without(text, typed + words)
        assert left == TEXT.replace(target.erased, "", 1) or len(target.erased) < 4, f"seed {seed}: {text!r}"
        assert len(left.encode("utf-16-le")) == len(before) - len(target.erased.encode("utf-16-le"))
        undone = taken_back(people[0].doc.get_update(), client, target)
        assert without(undone, typed) == TEXT, f"seed {seed}: {undone!r}"
        assert sorted(char for char in undone if char in typed) == sorted(typed), f"seed {seed}: {undone!r}"


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (0, 999), (5, 3), (999, 999)])
def test_places_that_are_none(start: int, end: int) -> None:
    """A selection beyond the text, or inside of a character, is refused."""
    with pytest.raises(NoSuchPlace):
        at_once(aim(Loaded(1, beginning(), ()), start, end))
    emoji = len(TEXT[: TEXT.index("😀")].encode("utf-16-le")) // 2
    with pytest.raises(NoSuchPlace):
        at_once(aim(Loaded(1, beginning(), ()), emoji + 1, emoji + 1))


@pytest.mark.parametrize("state", [b"", beginning()])
def test_at_the_end(state: bytes) -> None:
    """Without a selection it writes behind everything; it may be the first to write."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=9)
    text: pycrdt.Text = doc.get("content", type=pycrdt.Text)
    doc.apply_update(state or b"\x00\x00")
    before = str(text)
    typist = Typist(7, at_once(aim(Loaded(0, state, ()), None, None)))
    for words in ("Hello ", "wörld ", "😀"):
        doc.apply_update(typist.type(words))
    assert str(text) == before + "Hello wörld 😀"
    assert typist.cursor == {"item": {"client": 7, "clock": 13}, "assoc": -1}


@pytest.mark.parametrize("seed", range(40))
def test_what_people_removed_stays_removed(seed: int) -> None:
    """Between the request and the first word people remove some of the selection: an undo brings back the rest."""
    chance = random.Random(seed)
    state = beginning()
    start, end = sorted(whole(each) for each in chance.sample(range(len(TEXT)), k=2))
    target = at_once(aim(Loaded(1, state, ()), start, end))
    person = Person(2, state)
    removed = [person.remove(chance) for _ in range(chance.randint(0, 4))] + [person.type(chance)]
    wanted = str(person.text)
    commits = tuple(Commit(at + 2, (Record(b"", 0, update),)) for at, update in enumerate(removed))
    found = at_once(found_by(target.erase, Loaded(1, state, commits)))
    typist = Typist(7, target)
    for update in (target.erase, typist.type("Hello "), typist.type("world")):
        person.doc.apply_update(update)
    replaced = msgspec.structs.replace(target, erased=found)
    undone = taken_back(person.doc.get_update(), 7, replaced)
    assert without(undone, person.typed) == without(wanted, person.typed)
    assert person.typed in undone


def test_nothing_is_replaced_before_the_first_word() -> None:
    """It was stopped before it said anything: there is nothing to bring back."""
    target = at_once(aim(Loaded(1, beginning(), ()), 4, 9))
    assert taken_back(beginning(), 7, target) == TEXT


def test_two_undo_at_the_same_moment() -> None:
    """Neither knows of the other, and one of them has seen more: what was replaced comes back once."""
    target = at_once(aim(Loaded(1, beginning(), ()), 4, 9))
    person = Person(2, beginning())
    for update in (target.erase, Typist(7, target).type("slow")):
        person.doc.apply_update(update)
    updates = []
    for _ in range(2):
        with Scratch() as scratch:
            at_once(scratch.load(Loaded(1, person.doc.get_update(), ())))
            at_once(undo(scratch, 7, target))
            updates.append(scratch.take())
        person.type(random.Random(1))
    for update in updates:
        person.doc.apply_update(update)
    assert without(str(person.text), person.typed) == TEXT
    assert taken_back(person.doc.get_update(), 7, target) == str(person.text), "a third one changes nothing"


def test_a_selected_picture() -> None:
    """Nobody could bring it back: the selection is refused. Elsewhere in the text it is in nobody's way."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=1)
    text: pycrdt.Text = doc.get("content", type=pycrdt.Text)
    text.insert(0, "one two")
    text.insert_embed(3, {"image": "x"})
    loaded = Loaded(1, doc.get_update(), ())
    with pytest.raises(NoSuchPlace):
        at_once(aim(loaded, 2, 5))
    target = at_once(aim(loaded, 5, 8))
    assert (target.erased, at_once(found_by(target.erase, loaded))) == ("two", "two")
    for update in (target.erase, Typist(7, target).type("three")):
        doc.apply_update(update)
    assert [each for each, _ in text.diff()] == ["one", {"image": "x"}, " three"]


def test_an_aim_survives_json() -> None:
    """Workers and the database keep it as JSON."""
    target = at_once(aim(Loaded(1, beginning(), ()), 4, 9))
    assert target.erased == "quick"
    assert msgspec.json.decode(msgspec.json.encode(target), type=Aim) == target


def taken_back(state: bytes, client: int, target: Aim) -> str:
    """The text after an undo."""
    with Scratch() as scratch:
        at_once(scratch.load(Loaded(1, state, ())))
        at_once(undo(scratch, client, target))
        text: pycrdt.Text = scratch.doc.get("content", type=pycrdt.Text)
        return str(text)


def only(text: str, characters: str) -> str:
    return "".join(char for char in text if char in characters)


def without(text: str, characters: str) -> str:
    return "".join(char for char in text if char not in characters)
