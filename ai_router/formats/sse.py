"""Server-sent events (WHATWG HTML, 9.2) as providers really send them; bytes in pieces that may be cut anywhere.

Tolerates what was recorded: CRLF, comments anywhere, a last event without its blank line, and bare JSON that is not an
event at all (Gemini's errors in mid-stream), which comes out as an event named BARE.
"""

from typing import Final, NamedTuple

BARE: Final = "(bare)"
LINE_MAX: Final = 4 << 20
"""Bytes of one event: a large image of a model as base64. Answer: ValueError, which is Failed("malformed")."""


class Event(NamedTuple):
    name: str
    data: str


class Events:
    """One stream."""

    __slots__ = ("_bare", "_data", "_name", "_rest", "_size")

    def __init__(self) -> None:
        self._rest = b""
        self._name = ""
        self._data: list[str] = []
        self._bare: list[str] = []
        self._size = 0

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete; raises ValueError."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        found: list[Event] = []
        for line in lines:
            self._take(line.removesuffix(b"\r").decode("utf-8", "replace"), found)
        if self._size + len(self._rest) > LINE_MAX:
            raise ValueError("an event is too large")
        return found

    def end(self) -> list[Event]:
        """What the stream ended in the middle of."""
        found: list[Event] = []
        if self._rest:
            self._take(self._rest.removesuffix(b"\r").decode("utf-8", "replace"), found)
            self._rest = b""
        self._finish(found)
        if self._bare:
            found.append(Event(BARE, "\n".join(self._bare)))
            self._bare = []
        return found

    def _take(self, line: str, found: list[Event]) -> None:
        self._size += len(line)
        if self._bare or (line.startswith(("{", "[")) and not self._data):
            self._bare.append(line)
            return
        if not line:
            self._finish(found)
            return
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value

    def _finish(self, found: list[Event]) -> None:
        if self._data:
            found.append(Event(self._name, "\n".join(self._data)))
        self._name, self._data, self._size = "", [], 0
