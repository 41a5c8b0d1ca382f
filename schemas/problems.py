"""Errors over HTTP: RFC 9457 problem details. Written by gateway/problems.py, read by clients."""

from typing import Final

import msgspec

CONTENT_TYPE: Final = "application/problem+json"


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field of a body."""

    pointer: str  # JSON pointer (RFC 6901) into the body; "" is the whole body
    detail: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One error: `type` names its kind for programs, `title` and `detail` explain it to people."""

    type: str
    title: str
    status: int
    detail: str = ""
    instance: str = ""  # the path that was asked for, without its query
    request_id: str = ""  # names the line in the log
    errors: tuple[FieldError, ...] = ()
    retry_after: int | None = None  # seconds, as the header says; sockets have none
