"""`Range: bytes=…` of one range (RFC 9110, section 14). Pure; called by routes/binary.py."""

import re
from typing import Final

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Unsatisfiable(Exception):
    """The range begins behind the end. Answer: 416 with `Content-Range: bytes */{size}`."""


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First byte and end (exclusive) of what is asked for; None for everything, also where the header is of a form
    that we do not know: that is how RFC 9110 wants it. Raises Unsatisfiable."""
    match = None if header is None else _RANGE.fullmatch(header.strip())
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        last = min(int(match[2]), size)
        if last == 0:
            raise Unsatisfiable
        return size - last, size
    begin, end = int(match[1]), size if match[2] == "" else min(int(match[2]) + 1, size)
    if match[2] != "" and int(match[2]) < begin:
        return None
    if begin >= size:
        raise Unsatisfiable
    return begin, end
