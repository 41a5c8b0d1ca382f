"""JSON bodies in and out, by msgspec. Called by the routes; errors point at the field."""

import re
from collections.abc import Iterable
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from gateway.spellings import WrittenTwice, as_written, in_snake_case
from schemas.problems import FieldError

BodyT = TypeVar("BodyT")

_PATH: Final = re.compile(r"^(?P<what>.*?)(?: - at `(?P<where>key in )?\$?(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")  # .name, [index], and [...] for any key
_FIELD: Final = re.compile(r"^Object (?:missing required|contains unknown) field `(?P<name>.*)`$", re.DOTALL)


class BadBody(Exception):
    """The body is not what the endpoint takes; `errors` says where and why, the caller can correct it."""

    def __init__(self, status: int, detail: str, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.status = status  # 400: not JSON; 422: JSON of another shape
        self.detail = detail
        self.errors = errors


async def read_body(request: web.Request, kind: type[BodyT], optional: bool = False) -> BodyT:
    """The body as `kind`; an empty one counts as `{}` where it is optional. Raises BadBody, or 413."""
    raw = await _whole(request)
    if not raw.strip():
        if not optional:
            raise BadBody(400, "the body is empty; this endpoint takes a JSON object")
        raw = b"{}"
    return decode(raw, kind)


async def _whole(request: web.Request) -> bytes:
    try:
        return await request.read()
    except (web.RequestPayloadError, ConnectionError):
        # Its chunks or its compression are wrong, or it broke off: the client's doing, and no error of ours.
        raise BadBody(400, "the body cannot be read to its end") from None


def decode(raw: bytes, kind: type[BodyT]) -> BodyT:
    """Bytes to a struct, whose fields may be in camelCase. Raises BadBody."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        if str(error).startswith("Object contains unknown field"):
            return _decode_camel_case(raw, kind)
        raise _misshapen(field_error(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadBody(400, f"the body is not JSON: {error}") from None


def _decode_camel_case(raw: bytes, kind: type[BodyT]) -> BodyT:
    try:
        value, written = in_snake_case(msgspec.json.decode(raw), kind)
        return msgspec.json.decode(msgspec.json.encode(value), type=kind)
    except WrittenTwice as twice:
        raise _misshapen(FieldError(_pointer(twice.steps), "given in two spellings")) from None
    except msgspec.ValidationError as error:
        found = field_error(str(error))
        steps = tuple(step.replace("~1", "/").replace("~0", "~") for step in found.pointer.split("/")[1:])
        raise _misshapen(FieldError(_pointer(as_written(steps, written)), found.detail)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadBody(400, f"the body is not JSON: {error}") from None


def _misshapen(found: FieldError) -> BadBody:
    return BadBody(422, "the body does not have the right shape", (found,))


def _pointer(steps: Iterable[str]) -> str:
    """RFC 6901."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


def field_error(message: str) -> FieldError:
    """msgspec's "what - at `$.a[0]`" as a JSON pointer (/a/0) and what is wrong there."""
    match = _PATH.match(message)
    assert match is not None  # every part of the pattern is optional
    what = match["what"]
    steps = [name or index.replace("...", "*") for name, index in _STEP.findall(match["path"] or "")]
    if (field := _FIELD.match(what)) is not None:
        steps.append(field["name"])
    return FieldError(pointer=_pointer(steps), detail=what)


def answer(body: msgspec.Struct, status: int = 200) -> web.Response:
    """A struct as a JSON response that nobody may keep: most of them hold tokens or what few may see."""
    return web.Response(
        body=msgspec.json.encode(body),
        status=status,
        headers={"Cache-Control": "no-store"},
        content_type="application/json",
    )
