"""JSON, one value in a line (Ollama); bytes in pieces that may be cut anywhere."""

from collections.abc import Iterator

from ai_router.formats.lines import Lines


class Values:
    """One stream, with the face of sse.Events: each line that is not blank is an event."""

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        self._lines = Lines()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The values that these bytes complete; raises ValueError behind them."""
        for line in self._lines.feed(data):
            if line.strip():
                yield line

    def end(self) -> Iterator[bytes]:
        """The last line, where it came without its end."""
        if (line := self._lines.end()).strip():
            yield line
