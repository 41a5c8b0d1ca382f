"""Updates for tests: honest histories, and hostile ones made of plausible parts or by damaging honest ones."""

from __future__ import annotations

import random
from typing import Any

import pycrdt

from rooms.codec.lib0 import var_bytes, var_string, var_uint

JSON = (b"1", b"null", b'{"a":[1]}', b'"x"')
NOT_JSON = (b"{", b"NaN", b"", b'"\\ud800"', b"undefined", b"[1,]")
NOT_TEXT = (b"", b"\xff", b"\xed\xa0\x80")
WILD = (11, 12, 31)
"""Kinds of content that Yjs 13.6 does not know."""

PANICS_AFTER = bytes.fromhex("0104010004010174026865840101036c6c6fc401010102025859840104012100")
PANICS = bytes.fromhex("01010137840188010000")
"""After the one above, pycrdt panics on this one (pitfalls.md)."""
ABORTS_Y_PY = bytes.fromhex("ffffffff0f0102")
"""Ends a y-py process, as update and as state vector."""


def honest(random_: random.Random, edits: int = 12, clients: int = 2) -> list[bytes]:
    """The updates of some clients that type, format, nest and delete, and hear each other now and then."""
    docs: list[pycrdt.Doc[Any]] = [pycrdt.Doc(client_id=number + 1) for number in range(clients)]
    updates: list[bytes] = []
    subscriptions = [doc.observe(lambda event: updates.append(event.update)) for doc in docs]
    for _ in range(edits):
        edit(random_.choice(docs), random_)
        if random_.random() < 0.5:
            for doc in docs:
                for update in list(updates):
                    doc.apply_update(update)
    del subscriptions
    return list(dict.fromkeys(updates))


def edit(doc: pycrdt.Doc[Any], random_: random.Random) -> None:
    """One random edit of one of the document's types."""
    text = doc.get("content", type=pycrdt.Text)
    array = doc.get("list", type=pycrdt.Array)
    map_ = doc.get("map", type=pycrdt.Map)
    xml = doc.get("xml", type=pycrdt.XmlFragment)
    size = len(str(text).encode())
    match random_.randrange(9):
        case 0 | 1 | 2:
            text.insert(random_.randint(0, size), random_.choice(("a", "bcd", "x" * 130)))
        case 3 if size > 2:
            start = random_.randrange(size - 1)
            del text[start : start + random_.randint(1, min(4, size - start))]
        case 4 if size:
            text.format(0, size, {"bold": random_.choice((True, {"a": 1}, "é"))})
        case 5:
            array.append(random_.choice((1, -70, 2.5, None, True, "é", b"\0\1", [1, {"a": [None]}], 2**40)))
        case 6:
            map_[random_.choice("kq")] = random_.choice((pycrdt.Map({"in": 1}), pycrdt.Text("t"), 7, "v"))
        case 7:
            xml.children.append(random_.choice((pycrdt.XmlElement("p"), pycrdt.XmlText("t"))))
        case _:
            if len(array):
                array.pop(random_.randrange(len(array)))


def damaged(update: bytes, random_: random.Random) -> bytes:
    """The update with some bytes changed, cut, doubled or put in."""
    data = bytearray(update)
    for _ in range(random_.randint(1, 3)):
        at = random_.randrange(len(data) + 1)
        match random_.randrange(6):
            case 0 | 1 if at < len(data):
                data[at] = random_.choice((0, 1, 2, 0x7F, 0x80, 0xFF, data[at] ^ (1 << random_.randrange(8))))
            case 2:
                data[at:at] = bytes(random_.randrange(256) for _ in range(random_.randint(1, 3)))
            case 3:
                del data[at : at + random_.randint(1, 4)]
            case 4:
                data[at:at] = data[at : at + random_.randint(1, 12)]
            case 5 if at < len(data):
                data[at] = (data[at] + random_.choice((-1, 1))) % 256
    return bytes(data)


def plausible(random_: random.Random) -> bytes:
    """An update of structs of all kinds, known and unknown, that refer to one another and to clients 1 to 3."""
    sections = []
    for client in random_.sample((1, 2, 3), random_.randint(1, 2)):
        structs = [_struct(random_) for _ in range(random_.randint(1, 4))]
        clock = random_.choice((0, 0, 1, 2, 3, 5, 8, 20))
        sections.append(var_uint(len(structs)) + var_uint(client) + var_uint(clock) + b"".join(structs))
    chosen = random_.sample((1, 2, 3), random_.randint(0, 2))
    deletes = b"".join(
        var_uint(client) + b"\x01" + var_uint(random_.randrange(6)) + var_uint(random_.randint(1, 3))
        for client in chosen
    )
    return var_uint(len(sections)) + b"".join(sections) + var_uint(len(chosen)) + deletes


def _id(random_: random.Random) -> bytes:
    return var_uint(random_.choice((1, 1, 2, 3, 9))) + var_uint(random_.choice((0, 1, 2, 3, 4, 5, 7, 300)))


def _struct(random_: random.Random) -> bytes:
    kind = random_.choice((0, 1, 2, 3, 4, 4, 4, 5, 6, 7, 7, 8, 9, 10, *(WILD[:3] if random_.random() < 0.05 else ())))
    if kind in (0, 10):
        return bytes((kind,)) + var_uint(random_.choice((1, 2, 5)))
    flags = random_.choice((0, 0, 0x80, 0x40, 0xC0, 0x20, 0xA0))
    parts = [bytes((flags | kind,))]
    parts += [_id(random_) for flag in (0x80, 0x40) if flags & flag]
    if not flags & 0xC0:
        parts.append(b"\x01" + var_string(random_.choice("tm")) if random_.random() < 0.5 else b"\x00" + _id(random_))
        if flags & 0x20:
            parts.append(var_string("k"))
    return b"".join(parts) + _content(kind, random_)


def _content(kind: int, random_: random.Random) -> bytes:
    json = var_bytes(random_.choice(JSON if random_.random() < 0.98 else NOT_JSON))
    match kind:
        case 1:
            return var_uint(random_.choice((1, 3)))
        case 2:
            return b"\x01" + json
        case 3:
            return var_bytes(b"\x00\xff")
        case 4:
            return var_bytes(random_.choice((b"a", b"hello", "é😀".encode()) if random_.random() < 0.98 else NOT_TEXT))
        case 5:
            return json
        case 6:
            return var_string("bold") + json
        case 7:
            type_ = random_.choice((0, 1, 2, 3, 4, 6) if random_.random() < 0.98 else (5, 7, 15))
            return var_uint(type_) + (var_string("p") if type_ in (3, 5) else b"")
        case 8:
            return var_uint(1) + value(random_)
        case 9:
            return (
                var_string("guid")
                + (b"\x76\x01" + var_string("meta") if random_.random() < 0.98 else b"")
                + value(random_)
            )
    return random_.choice((b"", b"\x00", _id(random_), b"\x00" + _id(random_) * 2))


def value(random_: random.Random, depth: int = 0) -> bytes:
    """lib0's `writeAny` of something, or of something that it does not know."""
    match random_.randrange(8 if depth < 3 else 5):
        case 0:
            return bytes((random_.choice((127, 126, 121, 120) if random_.random() < 0.98 else (115, 0)),))
        case 1:
            return b"\x7d" + random_.choice((b"\x05", b"\x45", b"\xbf\x7f", b"\xff" * 6 + b"\x7f"))
        case 2:
            return random_.choice((b"\x7b" + bytes(8), b"\x7c" + bytes(4), b"\x7a" + bytes(8)))
        case 3:
            return b"\x77" + var_string("é")
        case 4:
            return b"\x74" + var_bytes(b"12")
        case 5 | 6:
            return b"\x75\x02" + value(random_, depth + 1) + value(random_, depth + 1)
    return b"\x76\x01" + var_string(random_.choice(("a", "__proto__", ""))) + value(random_, depth + 1)
