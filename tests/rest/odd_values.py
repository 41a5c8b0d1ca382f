"""Values that no client means: what PostgreSQL cannot keep, what is no Unicode, cursors that nobody gave out.

Made for any operation of the table from the structs that it takes. Used by test_odd_values.py and others.
"""

import asyncio
import base64
import itertools
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import inspect

IN_URLS = ("abc%00", "%00", "abc%ff", "%ed%a0%80", "a%0a", "%f0%9f%98%80" * 30)
"""NUL, a byte that is no UTF-8, a lone surrogate, a line's end, emoji."""
IN_JSON = (rb'"a\u0000"', rb'"\u0000"', b'"a\xff"', rb'"\ud800"', rb'"a\n"')
"""The same as JSON strings."""
IN_HEADERS = (b"a\xff", b"\xff", b"a\xed\xa0\x80")
ATOMS = (
    "\x00", "a\x00", "z" * 36, "\U0001f600", "2020-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.999999-23:59", "2020-01-01T00:00:00", "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff", 0, 1, -1, 2**31, 2**62, 2**63 - 1, -(2**63), 2**64 - 1,
)  # fmt: skip
"""Of what cursors are made: a list's own has one, two or three of them."""
SAMPLES = {
    "path": "odd.txt", "name": "Odd", "email": "odd@example.com", "url": "https://example.com/hook", "token": "x",
    "password": "a dozen blue herons", "new_password": "a dozen blue herons", "model": "auto", "provider": "openai",
    "instruction": "Write on.", "content": "Hello", "prompt": "Hello", "key": "sk-odd", "rating": 1, "usd_per_day": 1,
    "messages": [{"role": "user", "content": "Hello"}],
}  # fmt: skip
"""Good values of fields that must be there, by their names."""


def cursors() -> Iterator[str]:
    """Cursors by their form, holding what no list ever put there."""
    once = (0, "2020-01-01T00:00:00Z")
    for key in itertools.chain(
        ATOMS,
        ((atom,) for atom in ATOMS),
        itertools.product(ATOMS, ATOMS),
        ((first, second, atom) for first in once for second in (1, 2) for atom in ATOMS),
    ):
        yield as_cursor(key)
    yield from (
        "a", "////", "%00", "%ff", as_cursor(b"1e999"), as_cursor(b'"\\ud800"'), as_cursor(b'"a\xff"'), "W" * 2_000,
        as_cursor(b"[" * 600),
    )  # fmt: skip


def places(life: str) -> Iterator[str]:
    """The same for `changes?since=`, which holds four things; `life` is this database's."""
    for number in (0, 1, 2**62 - 1):
        for name in ("", "\x00", "\U0001f600", "a\\u0000"):
            yield as_cursor((2**40, life, (0, number), (0, name)))
            yield as_cursor((2**40, life, (number, -1), (number, name)))


async def ask_raw(host: str | None, port: int | None, start: str, heads: Sequence[bytes], body: bytes = b"") -> bytes:
    """A request byte by byte, such as client libraries refuse to send; the whole answer."""
    reader, writer = await asyncio.open_connection(host, port)
    lines = [f"{start} HTTP/1.1".encode(), b"Host: x", b"Connection: close", *heads]
    writer.write(b"\r\n".join(lines) + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    answer = await reader.read()
    writer.close()
    return answer


def as_cursor(key: object) -> str:
    """As gateway/cursors.py writes it; bytes stand for themselves."""
    raw = key if isinstance(key, bytes) else msgspec.json.encode(key)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def read_cursor(text: str) -> Any:
    """What a list put into one."""
    return msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def queries(kind: type) -> Iterator[str]:
    """Query strings with one odd value each."""
    for field in _fields(kind):
        for value in IN_URLS:
            yield f"{field.encode_name}={value}"


def bodies(kind: type, project: UUID) -> Iterator[bytes]:
    """Bodies with one odd text each, in every field that takes a text, as a key and in lists as well."""
    fields = _fields(kind)
    good = {field.encode_name: _sample(field, project) for field in fields if field.required}
    for field in fields:
        for odd in IN_JSON:
            for value in _with(_bare(field.type), odd):
                rest = {name: raw for name, raw in good.items() if name != field.encode_name}
                rest[field.encode_name] = value
                yield b"{" + b",".join(b'"%b":%b' % (name.encode(), raw) for name, raw in rest.items()) + b"}"


def _with(kind: inspect.Type, odd: bytes) -> Iterator[bytes]:
    match kind:
        case inspect.UnionType(types=types):
            for each in types:
                yield from _with(_bare(each), odd)
        case inspect.DictType(value_type=inner):
            yield b"{%b:%b}" % (odd, b'"x"')
            for value in _with(_bare(inner), odd):
                yield b'{"x":%b}' % value
        case inspect.ListType(item_type=inner):
            for value in _with(_bare(inner), odd):
                yield b"[%b]" % value
        case inspect.StrType() | inspect.AnyType() | inspect.UUIDType():
            yield odd
        case _:
            return


def _sample(field: inspect.Field, project: UUID) -> bytes:
    match _bare(field.type):
        case inspect.UUIDType():
            return b'"%b"' % str(project).encode()
        case inspect.EnumType(cls=kind):
            return msgspec.json.encode(next(iter(kind)))
        case inspect.LiteralType(values=values):
            return msgspec.json.encode(values[0])
        case inspect.ListType(item_type=inner):
            match _bare(inner):
                case inspect.LiteralType(values=values):
                    return msgspec.json.encode([values[0]])
            return b"[]"
        case _:
            return msgspec.json.encode(SAMPLES[field.encode_name])


def _fields(kind: Any) -> tuple[inspect.Field, ...]:
    shape = inspect.type_info(kind)
    assert isinstance(shape, inspect.StructType)
    return shape.fields


def _bare(kind: inspect.Type) -> inspect.Type:
    return kind.type if isinstance(kind, inspect.Metadata) else kind
