"""Types into a live text as one more author: what an AI answers, at a place that moves with what others do.

    state, from, to ──aim──► Aim ──► Typist ──type("word ")──► update ──► the log, and so everybody
                              │         └─ cursor: where its caret is, as editors show it
                              └─ erase: the update by which what was selected goes, as far as it is still there

Everything is said by the ids of characters, never by their numbers: each word goes behind the last one and in front of
what stood behind the place at first. So people may type in front of it, behind it and inside it, and it need not hear
what they do. All that it types has a client id of its own, by which undo.py finds it. Called by workers/ai.
"""

from typing import Any, Final, cast

import msgspec
import pycrdt

from rooms.codec.lib0 import read_var_uint, var_string, var_uint
from rooms.codec.update import ORIGIN, RIGHT_ORIGIN, STRING
from rooms.crdt import EMPTY_UPDATE
from rooms.errors import RoomsError
from rooms.scratch import Scratch
from rooms.slices import Slices
from rooms.text import CONTENT, read_content
from schemas.records import Loaded

Id = tuple[int, int]
"""A character: its author's client id, and its clock."""
_IN_ROOT: Final = b"\x01" + var_string(CONTENT)


class NoSuchPlace(RoomsError):
    """The selection is none of this text; read it again."""


class Aim(msgspec.Struct, frozen=True):
    """A place in a text, and what is to be replaced there. JSON keeps it."""

    left: Id | None
    """The character before the place; None at the beginning."""
    right: Id | None
    """The one behind it; None at the end."""
    erase: bytes = EMPTY_UPDATE
    """The update that removes what is to be replaced."""
    erased: str = ""
    """That text; once it is removed, as much of it as was still there."""


def aim(loaded: Loaded, start: int | None, end: int | None) -> Slices[Aim]:
    """The place between two numbers of UTF-16 units, as editors count; without them, the end of the text.

    Raises NoSuchPlace, NotText, Malformed.
    """
    with Scratch() as scratch:
        yield from scratch.load(loaded)
        content = read_content(scratch.doc)
        units = content.text.encode("utf-16-le", "surrogatepass")
        first = len(units) // 2 if start is None else start
        last = first if end is None else end
        try:
            before = units[: 2 * first].decode("utf-16-le")
            selected = units[2 * first : 2 * last].decode("utf-16-le")
            units[2 * last :].decode("utf-16-le")
        except UnicodeDecodeError:
            raise NoSuchPlace("the selection begins or ends inside of a character") from None
        if not 0 <= first <= last <= len(units) // 2:
            raise NoSuchPlace("the selection reaches beyond the text")
        if any(len(before) <= at < len(before) + len(selected) for at in content.embeds):
            raise NoSuchPlace("the selection holds a picture or the like, which nobody could bring back")
        yield
        text: pycrdt.Text = scratch.doc.get(CONTENT, type=pycrdt.Text)
        place = content.bytes_between(0, len(before))
        if selected:
            del text[place : place + len(selected.encode())]
        erase = scratch.take()
        yield
        text.insert(place, "x")
        left, right = _neighbours(scratch.last)
    return Aim(left, right, erase, selected)


def found_by(erase: bytes, loaded: Loaded) -> Slices[str]:
    """What this erasing update removes from a state: of the selection, what nobody removed before. Raises Malformed."""
    with Scratch() as scratch:
        yield from scratch.load(loaded)
        text: pycrdt.Text = scratch.doc.get(CONTENT, type=pycrdt.Text)
        # As pycrdt counts: UTF-8, and one for an object, of which none is selected.
        before = b"".join(chunk.encode() if isinstance(chunk, str) else b"?" for chunk, _ in text.diff())
        deltas: list[list[dict[str, Any]]] = []
        observed = text.observe(lambda event: deltas.append(cast(Any, event).delta))
        try:
            scratch.doc.apply_update(erase)
        finally:
            text.unobserve(observed)
    found, at = [], 0
    for step in (step for delta in deltas for step in delta):
        count = step.get("delete", 0)
        found.append(before[at : at + count])
        at += count or step.get("retain", 0)
    return b"".join(found).decode()


class Typist:
    """One edit."""

    def __init__(self, client: int, aim: Aim) -> None:
        """`client`: below 2**53, used by nobody else."""
        self._client = client
        self._aim = aim
        self._clock = 0

    def type(self, words: str) -> bytes:
        """The update that says these words right behind the last ones."""
        left = (self._client, self._clock - 1) if self._clock else self._aim.left
        update = insertion(self._client, self._clock, left, self._aim.right, words)
        self._clock += units_of(words)
        return update

    @property
    def cursor(self) -> dict[str, Any]:
        """Where its caret is, as Yjs' relative position."""
        left = (self._client, self._clock - 1) if self._clock else self._aim.left
        if left is None:
            return {"tname": CONTENT, "assoc": -1}
        return {"item": {"client": left[0], "clock": left[1]}, "assoc": -1}


def insertion(client: int, clock: int, left: Id | None, right: Id | None, text: str) -> bytes:
    """An update of one string struct between two characters (Yjs update v1)."""
    info = STRING | (ORIGIN if left else 0) | (RIGHT_ORIGIN if right else 0)
    places = b"".join(var_uint(number) for place in (left, right) if place for number in place)
    struct = bytes((info,)) + (places or _IN_ROOT) + var_string(text)
    return b"\x01\x01" + var_uint(client) + var_uint(clock) + struct + b"\x00"


def units_of(text: str) -> int:
    """As Yjs counts it."""
    return len(text.encode("utf-16-le")) // 2


def _neighbours(update: bytes) -> tuple[Id | None, Id | None]:
    """The two places of the one struct in an insertion."""
    at = 2
    for _ in range(2):
        _, at = read_var_uint(update, at)
    info, at = update[at], at + 1
    places: list[Id | None] = []
    for bit in (ORIGIN, RIGHT_ORIGIN):
        if info & bit:
            client, at = read_var_uint(update, at)
            clock, at = read_var_uint(update, at)
            places.append((client, clock))
        else:
            places.append(None)
    return places[0], places[1]
