"""Yjs' shared types as pycrdt shows them: which type a root is, and when two values say the same. Used by restore.py.

An update does not say of which type a root is: clients know it. What lies in it tells.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pycrdt

from rooms.errors import RoomsError

SHARED = (pycrdt.Text, pycrdt.Array, pycrdt.Map, pycrdt.XmlText, pycrdt.XmlElement, pycrdt.XmlFragment)
Kind = type[pycrdt.Text] | type[pycrdt.Array[Any]] | type[pycrdt.Map[Any]] | type[pycrdt.XmlFragment]


class CannotRestore(RoomsError):
    """The document holds something that cannot be written back; nothing was changed."""


@contextmanager
def guarded() -> Iterator[None]:
    """Whatever pycrdt cannot do, also by a panic (which is a BaseException), is CannotRestore."""
    try:
        yield
    except (CannotRestore, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        raise CannotRestore(f"it holds something that cannot be written back ({type(error).__name__})") from error


def kind_of(doc: "pycrdt.Doc[Any]", name: str) -> Kind | None:
    """The type of a root by what lies in it, None where there is nothing. Raises CannotRestore."""
    entries = len(doc.get(name, type=pycrdt.Map))
    items = doc.get(name, type=pycrdt.Array)
    count = len(items)
    if entries and count:
        raise CannotRestore(f"{name} is a list and a map at once")
    if entries:
        return pycrdt.Map
    if not count:
        return None
    text = doc.get(name, type=pycrdt.Text)
    if len(str(text).encode()) == len(text) or holds_text(text):
        return pycrdt.Text
    if all(isinstance(items[at], pycrdt.XmlElement | pycrdt.XmlText) for at in range(count)):
        return pycrdt.XmlFragment
    return pycrdt.Array


def holds_text(text: pycrdt.Text) -> bool:
    """Whether characters or embedded objects are in it: values of an array count, but are not shown among its parts."""
    return any(not isinstance(chunk, SHARED) for chunk, _ in text.diff())


def is_same_kind(one: object, other: object) -> bool:
    """Whether both are shared types of one kind, so that one can be changed into the other."""
    if not isinstance(one, SHARED) or type(one) is not type(other):
        return False
    if isinstance(one, pycrdt.XmlElement) and isinstance(other, pycrdt.XmlElement):
        return one.tag == other.tag
    return True


def form_of(value: Any) -> object:
    """Something hashable that is equal for values that say the same."""
    match value:
        case pycrdt.Text():
            return "text", _chunks_form(value)
        case pycrdt.XmlText():
            return "xml text", _attributes_form(value), _chunks_form(value)
        case pycrdt.Map():
            keys = value.keys()
            return "map", frozenset((key, form_of(value[key])) for key in keys)
        case pycrdt.Array():
            return "array", tuple(form_of(value[at]) for at in range(len(value)))
        case pycrdt.XmlElement():
            return "element", value.tag, _attributes_form(value), tuple(form_of(child) for child in value.children)
        case pycrdt.XmlFragment():
            return "fragment", tuple(form_of(child) for child in value.children)
        case pycrdt.Doc():
            return "document", value.guid
        case bytes() | bytearray():
            return "bytes", bytes(value)
        case _:
            return "json", json.dumps(value, sort_keys=True, default=_bytes_in_json)


def chunks_of(text: Any) -> list[tuple[Any, dict[str, Any]]]:
    """Parts of a text with their formatting."""
    return [(chunk, attributes or {}) for chunk, attributes in text.diff()]


def size_of(value: object) -> int:
    """How pycrdt counts a part of a text: bytes in UTF-8, or one for an object."""
    return len(value.encode("utf-8", "surrogatepass")) if isinstance(value, str) else 1


def _chunks_form(text: Any) -> object:
    """Neighbours of the same formatting count as one, however they came to be."""
    form: list[tuple[object, object]] = []
    for chunk, attributes in chunks_of(text):
        how = form_of(attributes)
        if form and isinstance(chunk, str) and isinstance(form[-1][0], str) and form[-1][1] == how:
            form[-1] = form[-1][0] + chunk, how
        else:
            form.append((chunk if isinstance(chunk, str) else form_of(chunk), how))
    return tuple(form)


def _attributes_form(node: Any) -> object:
    return frozenset((key, form_of(value)) for key, value in node.attributes)


def _bytes_in_json(value: object) -> str:
    if isinstance(value, bytes | bytearray):
        return "bytes:" + value.hex()
    raise CannotRestore(f"it holds a value of an unknown type ({type(value).__name__})")
