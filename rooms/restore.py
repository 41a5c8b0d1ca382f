"""Making a document again what it was, as an edit like any other: whatever Yjs types it holds, as little as possible.

    live copy ──┐
                ├──root by root, level by level: what differs──► edited copy ──the same as wanted? yes──► update
    wanted ─────┘                                                                                   no──► CannotRestore

Shared types that are still there are changed in place, so that whoever is in them notices only what changed. What
pycrdt cannot write back is refused before anybody sees anything. It does not tell big integers from numbers and
`undefined` from `null`: these come back as the latter.

Called by texts.py for versions of documents; shared_types.py says what is equal.
"""

from collections.abc import Sequence
from typing import Any

import pycrdt

from rooms.sequence_diff import Budget, common, gaps
from rooms.shared_types import SHARED, CannotRestore, chunks_of, form_of, guarded, is_same_kind, kind_of, size_of
from rooms.slices import Slices
from rooms.text_diff import BUDGET, diff

DEPTH_MAX = 100
"""Levels of shared types in one another; each is a level of our own calls. Answer: CannotRestore."""


def restore(live: "pycrdt.Doc[Any]", wanted: "pycrdt.Doc[Any]") -> Slices[None]:
    """Edit `live` until it says what `wanted` says; raises CannotRestore, and then nobody may see `live`."""
    with guarded(), live.transaction(), wanted.transaction():
        names = sorted({*live.keys(), *wanted.keys()})
        for name in names:
            has, wants = kind_of(live, name), kind_of(wanted, name)
            kind = wants or has
            if kind is None:
                continue
            if has not in (None, kind):
                raise CannotRestore(f"{name} is of another type now")
            yield
            yield from _same(live.get(name, type=kind), wanted.get(name, type=kind), 0)
        for name in names:
            yield
            kind = kind_of(wanted, name)
            if kind is None:
                is_right = kind_of(live, name) is None
            else:
                is_right = form_of(live.get(name, type=kind)) == form_of(wanted.get(name, type=kind))
            if not is_right:
                raise CannotRestore(f"{name} holds something that cannot be written back")


def _same(live: Any, wanted: Any, depth: int) -> Slices[None]:
    if depth > DEPTH_MAX:
        raise CannotRestore(f"more than {DEPTH_MAX} levels of types in one another")
    match live:
        case pycrdt.Text():
            yield from _same_text(live, wanted)
        case pycrdt.XmlText():
            _same_attributes(live.attributes, wanted.attributes)
            yield from _same_text(live, wanted)
        case pycrdt.Map():
            yield from _same_map(live, wanted, depth)
        case pycrdt.Array():
            yield from _same_list(live, wanted, depth)
        case pycrdt.XmlElement():
            _same_attributes(live.attributes, wanted.attributes)
            yield from _same_list(live.children, wanted.children, depth)
        case pycrdt.XmlFragment():
            yield from _same_list(live.children, wanted.children, depth)


def _same_map(live: "pycrdt.Map[Any]", wanted: "pycrdt.Map[Any]", depth: int) -> Slices[None]:
    for key in sorted(set(live.keys()) - set(wanted.keys())):
        del live[key]
    for key in sorted(wanted.keys()):
        value = wanted[key]
        if key in live:
            old = live[key]
            if form_of(old) == form_of(value):
                continue
            if is_same_kind(old, value):
                yield from _same(old, value, depth + 1)
                continue
        made = _fresh(value)
        live[key] = made
        yield
        if isinstance(made, SHARED):
            yield from _same(made, value, depth + 1)


def _same_list(live: Any, wanted: Any, depth: int) -> Slices[None]:
    """Of an array, or of the children of XML."""
    has, wants = [live[at] for at in range(len(live))], [wanted[at] for at in range(len(wanted))]
    yield
    runs = yield from common([form_of(value) for value in has], [form_of(value) for value in wants], Budget(BUDGET))
    # From the end to the beginning, so that what comes before keeps its place.
    for start, stop, first, last in reversed(list(gaps(runs, len(has), len(wants)))):
        while start < stop and first < last and is_same_kind(has[start], wants[first]):
            yield from _same(has[start], wants[first], depth + 1)
            start, first = start + 1, first + 1
        if start < stop:
            del live[start:stop]
        for value in reversed(wants[first:last]):
            made = _fresh(value)
            live.insert(start, made)
            yield
            if isinstance(made, SHARED):
                yield from _same(made, value, depth + 1)


def _same_text(live: Any, wanted: Any) -> Slices[None]:
    """Of a text or an XML text."""
    has, wants = chunks_of(live), chunks_of(wanted)
    if all(isinstance(chunk, str) and not attributes for chunk, attributes in [*has, *wants]):
        yield from _same_plain_text(live, "".join(c for c, _ in has), "".join(c for c, _ in wants))
        return
    old, new = _tokens(has), _tokens(wants)
    yield
    runs = yield from common([form for form, _, _ in old], [form for form, _, _ in new], Budget(BUDGET))
    offsets = [0]
    for _, value, _ in old:
        offsets.append(offsets[-1] + size_of(value))
    for start, stop, first, last in reversed(list(gaps(runs, len(old), len(new)))):
        at = offsets[start]
        if offsets[stop] > at:
            del live[at : offsets[stop]]
        for value, attributes in _pieces(new[first:last]):
            if isinstance(value, str):
                live.insert(at, value, attributes)
            else:
                live.insert_embed(at, value, attributes)
            at += size_of(value)
        yield


def _same_plain_text(live: Any, old: str, new: str) -> Slices[None]:
    edits = yield from diff(old, new)
    places, offset, at = [], 0, 0
    for start, deleted, inserted in edits:
        offset += size_of(old[at:start])
        places.append((offset, size_of(old[start : start + deleted]), inserted))
        at = start
    for offset, deleted, inserted in reversed(places):
        if deleted:
            del live[offset : offset + deleted]
        if inserted:
            live.insert(offset, inserted)
        yield


Token = tuple[object, Any, dict[str, Any]]
"""A character or an embedded object with its formatting: what is compared, the value, its attributes."""


def _tokens(chunks: Sequence[tuple[Any, dict[str, Any]]]) -> list[Token]:
    tokens: list[Token] = []
    for chunk, attributes in chunks:
        form = form_of(attributes)
        if isinstance(chunk, str):
            tokens += [((char, form), char, attributes) for char in chunk]
        elif isinstance(chunk, (*SHARED, pycrdt.Doc)):
            raise CannotRestore("a text holds another shared type")
        else:
            tokens.append(((form_of(chunk), form), chunk, attributes))
    return tokens


def _pieces(tokens: Sequence[Token]) -> list[tuple[Any, dict[str, Any]]]:
    """Characters of the same formatting together."""
    pieces: list[tuple[Any, dict[str, Any]]] = []
    for _, value, attributes in tokens:
        if pieces and isinstance(value, str) and isinstance(pieces[-1][0], str) and pieces[-1][1] == attributes:
            pieces[-1] = pieces[-1][0] + value, attributes
        else:
            pieces.append((value, attributes))
    return pieces


def _same_attributes(live: Any, wanted: Any) -> None:
    has, wants = dict(live), dict(wanted)
    for key in has.keys() - wants.keys():
        del live[key]
    for key, value in sorted(wants.items()):
        if key not in has or form_of(has[key]) != form_of(value):
            live[key] = value


def _fresh(value: Any) -> Any:
    """What stands for a value in another document; of a shared type an empty one, to be filled."""
    match value:
        case pycrdt.Text():
            return pycrdt.Text("")
        case pycrdt.XmlText():
            return pycrdt.XmlText("")
        case pycrdt.Map():
            return pycrdt.Map({})
        case pycrdt.Array():
            return pycrdt.Array([])
        case pycrdt.XmlElement():
            return pycrdt.XmlElement(value.tag)
        case pycrdt.XmlFragment():
            return pycrdt.XmlFragment()
        case pycrdt.Doc():
            return pycrdt.Doc(guid=value.guid)
        case bytearray():
            return bytes(value)
        case _:
            return value
