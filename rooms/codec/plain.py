"""The most frequent updates as a regular expression, for rooms/replica.py: what passes needs no slow reader.

A keystroke is an update of one string struct in a list, or of one deleted range. All numbers are in their shortest
form; any other spelling of them takes the slow way.
"""

import re
from typing import NamedTuple

CLIENT = rb"(?:[\x80-\xff]{4,6}[\x01-\x7f]|[\x80-\xff]{7}[\x01-\x0f]|[\x00-\x7f]|[\x80-\xff]{1,3}[\x01-\x7f])"
"""Up to 2**53 - 1."""
CLOCK = rb"(?:[\x00-\x7f]|[\x80-\xff]{1,3}[\x01-\x7f]|[\x80-\xff]{4}[\x01-\x07])"
"""Below 2**31."""
LENGTH = rb"(?:[\x01-\x7f]|[\x80-\xff][\x01-\x7f])"
_CHARACTER = {
    2: rb"[\xc2-\xdf][\x80-\xbf]",
    3: rb"[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]",
    4: rb"[\xf1-\xf3][\x80-\xbf]{3}|\xf0[\x90-\xbf][\x80-\xbf]{2}|\xf4[\x80-\x8f][\x80-\xbf]{2}",
}
"""One character of so many bytes in UTF-8: what a keystroke types in most of the world."""


def _text(size: int) -> bytes:
    ascii_ = rb"[\x00-\x7f]{%d}" % size
    return rb"\x%02x" % size + (rb"(?:%b|%b)" % (ascii_, _CHARACTER[size]) if size in _CHARACTER else ascii_)


TEXT = rb"(?:" + b"|".join(map(_text, range(1, 128))) + rb")"


_KEYSTROKE = re.compile(
    rb"\x01\x01(%(client)b)(%(clock)b)"
    rb"(?:(?:\xc4(%(client)b)(%(clock)b)|[\x84\x44])(%(client)b)(%(clock)b)|\x04\x01%(text)b)(%(text)b)\x00"
    rb"|\x00\x01(%(client)b)\x01(%(clock)b)(%(length)b)"
    % {b"client": CLIENT, b"clock": CLOCK, b"text": TEXT, b"length": LENGTH}
)


class Keystroke(NamedTuple):
    """What a keystroke brings and needs. Clients are named by their bytes in lib0's shortest form."""

    client: bytes
    clock: int
    end: int
    """Behind what was typed; `clock` where it was deleted."""
    needs: tuple[tuple[bytes, int], ...]
    """The clocks of these clients have to be higher."""
    deleted: int = 0
    """How many clocks, up to the one in `needs`."""
    is_pair: bool = False
    """Whether what was typed is one character of two UTF-16 units."""


def is_keystroke(update: bytes) -> bool:
    """Whether it is one."""
    return _KEYSTROKE.fullmatch(update) is not None


def read_keystroke(update: bytes) -> Keystroke | None:
    """None where the update is anything but a keystroke, or malformed."""
    match = _KEYSTROKE.fullmatch(update)
    if match is None:
        return None
    client, clock, left, left_clock, right, right_clock, text, deleted, start, length = match.groups()
    if client is None:
        count = _number(length)
        return Keystroke(deleted, 0, 0, ((deleted, _number(start) + count - 1),), count)
    at = _number(clock)
    is_pair = text[0] == 4 and not text.isascii()
    size = len(text) - 1 if text.isascii() else 1 + is_pair
    if right is None:
        return Keystroke(client, at, at + size, (), 0, is_pair)
    if left is None:
        return Keystroke(client, at, at + size, ((right, _number(right_clock)),), 0, is_pair)
    needs = ((left, _number(left_clock)), (right, _number(right_clock)))
    return Keystroke(client, at, at + size, needs, 0, is_pair)


def _number(raw: bytes) -> int:
    value = raw[-1]
    for byte in raw[-2::-1]:
        value = value << 7 | byte & 0x7F
    return value
