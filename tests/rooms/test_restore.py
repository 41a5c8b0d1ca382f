"""Documents of every type become again what they were, by edits that everybody sees."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from rooms.restore import restore
from rooms.scratch import Scratch
from rooms.shared_types import CannotRestore, form_of, kind_of
from rooms.slices import at_once
from schemas.records import Loaded

STEPS = 30


def restored(live: bytes, wanted: bytes) -> bytes:
    """The update that makes the one say what the other says."""
    with Scratch(7) as scratch, Scratch() as was:
        at_once(scratch.load(Loaded(0, live, ())))
        at_once(was.load(Loaded(0, wanted, ())))
        at_once(restore(scratch.doc, was.doc))
        return scratch.take()


def forms(state: bytes) -> dict[str, object]:
    """What a document says, root by root; empty roots say nothing."""
    doc: Doc[Any] = Doc()
    doc.apply_update(state)
    kinds = {name: kind_of(doc, name) for name in sorted(doc.keys())}
    return {name: form_of(doc.get(name, type=kind)) for name, kind in kinds.items() if kind is not None}


class Author:
    """Changes a document that holds every type, at random."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.doc: Doc[Any] = Doc()
        self.text = self.doc.get("content", type=Text)
        self.rich = self.doc.get("rich", type=Text)
        self.map = self.doc.get("map", type=Map)
        self.list = self.doc.get("list", type=Array)
        self.xml = self.doc.get("xml", type=XmlFragment)

    def value(self, depth: int = 0) -> Any:
        """Something for a map or an array."""
        chance = self.chance
        makers: list[Callable[[], Any]] = [
            lambda: chance.choice([1, 2.5, True, None, "word", b"bytes", [1, {"a": None}], {"b": [True]}]),
            lambda: chance.choice("abc"),
        ]
        if depth < 3:
            makers += [
                lambda: Map({key: self.value(depth + 1) for key in chance.sample("xyz", chance.randint(0, 3))}),
                lambda: Array([self.value(depth + 1) for _ in range(chance.randint(0, 3))]),
                lambda: Text(chance.choice(["", "hello", "größe 😀"])),
            ]
        return chance.choice(makers)()

    def element(self, depth: int = 0) -> Any:
        chance = self.chance
        if depth == 3 or chance.random() < 0.4:
            return XmlText(chance.choice(["text", "größer 😀", ""]))
        contents = [self.element(depth + 1) for _ in range(chance.randint(0, 3))]
        attributes = {key: chance.choice("12") for key in chance.sample("ij", chance.randint(0, 2))}
        return XmlElement(chance.choice("ph"), attributes, contents)

    def change(self) -> None:
        """One edit somewhere."""
        chance = self.chance
        match chance.randrange(9):
            case 0:
                self._type(self.text, chance.choice(["a", "lorem ipsum ", "😀", "\n"]), None)
            case 1:
                self._type(self.rich, chance.choice("uvw"), chance.choice([None, {"bold": True}, {"color": "red"}]))
            case 2:
                self.rich.insert_embed(0, {"image": chance.choice("ab")})
            case 3 if len(self.rich):
                self.rich.format(0, 1, {"bold": chance.choice([True, None])})
            case 4:
                self.map[chance.choice("klmn")] = self.value()
            case 5 if len(self.map):
                del self.map[chance.choice(sorted(self.map.keys()))]
            case 6:
                self.list.insert(chance.randint(0, len(self.list)), self.value())
            case 7 if len(self.list):
                del self.list[chance.randrange(len(self.list))]
            case 8:
                children = self.xml.children
                if len(children) > 3:
                    del children[chance.randrange(len(children))]
                else:
                    children.insert(chance.randint(0, len(children)), self.element())
            case _:
                self._nested()

    def _nested(self) -> None:
        """Inside of what is there."""
        for value in [self.map[key] for key in sorted(self.map.keys())]:
            if isinstance(value, Text):
                value.insert(0, "!")
            elif isinstance(value, Map):
                value["new"] = 1

    def _type(self, text: Text, letters: str, attributes: dict[str, Any] | None) -> None:
        # Pieces of the text are ASCII or whole characters; only its ends are sure to be between two.
        if len(text) and self.chance.random() < 0.3 and str(text).isascii() and len(str(text)) == len(text):
            del text[0 : self.chance.randint(1, len(text))]
        else:
            text.insert(self.chance.choice([0, len(text)]), letters, attributes)


@pytest.mark.parametrize("seed", range(150))
def test_everything_comes_back(seed: int) -> None:
    """[T7] Whatever a document of all types became, restoring makes it say what it said."""
    author = Author(random.Random(seed))
    for _ in range(STEPS):
        author.change()
    wanted = author.doc.get_update()
    for _ in range(author.chance.randint(0, STEPS)):
        author.change()
    live = author.doc.get_update()
    author.doc.apply_update(restored(live, wanted))
    assert forms(author.doc.get_update()) == forms(wanted)
    assert restored(author.doc.get_update(), wanted) == b"\x00\x00", "there was still something to do"


def test_smallest_edit_of_a_text() -> None:
    """[T7] Of a text only what differs is written: who types elsewhere in it is not disturbed."""
    doc: Doc[Any] = Doc({"content": Text("one two three")})
    was = doc.get_update()
    doc["content"].insert(4, "and a half, ")
    update = restored(doc.get_update(), was)
    assert b"three" not in update and len(update) < 30


def test_nested_types_stay_the_same_objects() -> None:
    """[T7] What is still there is changed in place: whoever holds a nested type goes on in it."""
    doc: Doc[Any] = Doc({"map": Map({"title": Text("Title"), "items": Array([Map({"done": False}), 1])})})
    was = doc.get_update()
    title, item = doc["map"]["title"], doc["map"]["items"][0]
    title.insert(5, "!")
    item["done"] = True
    doc["map"]["items"].append(2)
    doc.apply_update(restored(doc.get_update(), was))
    title.insert(0, "My ")
    item["note"] = "kept"
    assert doc["map"].to_py() == {"title": "My Title", "items": [{"done": False, "note": "kept"}, 1.0]}


def test_concurrent_edits_survive() -> None:
    """[T7] What somebody types while a version is restored is merged with it."""
    doc: Doc[Any] = Doc({"content": Text("good text")})
    was = doc.get_update()
    doc["content"].insert(0, "bad ")
    update = restored(doc.get_update(), was)
    doc["content"].insert(len("bad good text"), " typed meanwhile")
    doc.apply_update(update)
    assert str(doc["content"]) == "good text typed meanwhile"


@pytest.mark.parametrize("name", ["list and map", "another type"])
def test_refused_whole(name: str) -> None:
    """[T7] What cannot be restored is refused."""
    wanted: Doc[Any] = Doc({"root": Array([1]), "content": Text("was")})
    live: Doc[Any] = Doc({"root": Map({"a": 1}), "content": Text("is")})
    if name == "list and map":
        live.apply_update(wanted.get_update())
    with pytest.raises(CannotRestore):
        restored(live.get_update(), wanted.get_update())
