"""Server-sent events (WHATWG HTML, 9.2) as providers really send them; bytes in pieces that may be cut anywhere.

Tolerates what was recorded: CRLF, comments anywhere, a last event without its blank line, and bare JSON that is not an
event at all (Gemini's errors in mid-stream, whole answers of servers that do not stream), which comes out as an event.
"""

from collections.abc import Iterator
from typing import Final

from ai_router.formats.limits import BARE_BYTES_MAX, EVENT_BYTES_MAX
from ai_router.formats.lines import Lines

_FIELDS: Final = (b"data", b"event", b"id", b"retry")
LINE_COST: Final = 64
"""Bytes that a line takes beside its own, so that empty ones count too."""
_MARK: Final = b"\xef\xbb\xbf"
_CLOSES: Final = {b"{": (b"}",), b"[": (b"]", b"}]")}
"""How the last line of a bare JSON text begins, by its first character: others are indented."""


class Events:
    """One stream. Events are their data, which is never empty: no format needs their names."""

    __slots__ = ("_bare", "_data", "_lines", "_read", "_size", "_strange")

    def __init__(self) -> None:
        self._lines = Lines()
        self._data: list[bytes] = []
        self._bare: list[bytes] = []
        self._size = 0
        self._read = False
        self._strange = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The events that these bytes complete; raises ValueError behind them."""
        for line in self._lines.feed(data):
            if (event := self._take(line)) is not None:
                yield event

    def end(self) -> Iterator[bytes]:
        """What the stream ended in the middle of; raises ValueError when all of it was something else than events."""
        last = self._lines.end()
        torn = any(field.startswith(last) for field in _FIELDS)
        for event in (self._take(last) if last and not torn else None, self._finish()):
            if event is not None:
                yield event
        if self._strange and not self._read:
            raise ValueError("this is no event stream")

    def _take(self, line: bytes) -> bytes | None:
        if not line:
            return self._finish()
        if line.startswith(b"data:"):
            self._add(self._data, line[6:] if line[5:6] == b" " else line[5:], EVENT_BYTES_MAX)
            return None
        if self._bare or (line.startswith((b"{", b"[")) and not self._data):
            return self._take_bare(line)
        if line.startswith(_MARK) and not self._read:
            return self._take(line.removeprefix(_MARK))
        field = line.partition(b":")[0]
        if field == b"data":
            self._add(self._data, b"", EVENT_BYTES_MAX)
        elif field and field not in _FIELDS:
            self._strange = True
        return None

    def _take_bare(self, line: bytes) -> bytes | None:
        self._add(self._bare, line, BARE_BYTES_MAX)
        first = self._bare[0]
        last = _CLOSES[first[:1]]
        complete = line.rstrip().endswith(last) if line is first else line.startswith(last)
        return self._finish() if complete else None

    def _add(self, to: list[bytes], line: bytes, limit: int) -> None:
        to.append(line)
        self._size += len(line) + LINE_COST
        if self._size > limit:
            raise ValueError("an event is too large")

    def _finish(self) -> bytes | None:
        lines = self._data or self._bare
        if not lines:
            return None
        self._data, self._bare, self._size = [], [], 0
        self._read = True
        return b"\n".join(lines) or None
