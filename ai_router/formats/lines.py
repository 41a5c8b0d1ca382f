"""Lines of bytes that may be cut anywhere; the ground under sse.py and ndjson.py."""

from collections.abc import Iterator

from ai_router.formats.limits import EVENT_BYTES_MAX


class Lines:
    """One stream. Its work is linear in the bytes, however small the pieces are in which they come."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that these bytes complete, without their ends (LF or CRLF); raises ValueError."""
        first, *others = data.split(b"\n")
        self._rest += first
        if others:
            yield self._whole()
            self._rest = bytearray(others.pop())
            for line in others:
                self._check(len(line))
                yield line.removesuffix(b"\r")
        self._check(len(self._rest))

    def end(self) -> bytes:
        """What stands behind the last line's end."""
        return self._whole()

    def _whole(self) -> bytes:
        self._check(len(self._rest))
        line = bytes(self._rest).removesuffix(b"\r")
        self._rest = bytearray()
        return line

    def _check(self, size: int) -> None:
        if size > EVENT_BYTES_MAX:
            raise ValueError("a line is too long")
