"""What all formats' decoders have in common: the rules of a stream (heard.py), whatever its bytes mean.

bytes ──framing (sse, ndjson)──► events ──meaning (one per format)──► Heard ──the rules──► Heard
"""

from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from ai_router.formats.refusals import failed
from ai_router.formats.thinking import Content
from ai_router.formats.values import newer
from ai_router.heard import Delta, Failed, Finished, Heard, Sources, Thought, Usage

BROKE_OFF: Final = Failed("network", "the stream broke off before its end")


class Framing(Protocol):
    """How a format's bytes are cut into events. Both raise ValueError."""

    def feed(self, data: bytes) -> Iterator[bytes]: ...

    def end(self) -> Iterator[bytes]: ...


class Meaning(Protocol):
    """What a format's events say. One per answer."""

    def hear(self, event: bytes) -> Iterable[Heard]:
        """Raises ValueError for what is not of the format."""

    def ended(self) -> Heard:
        """What it means that the connection ended properly and no end was said."""


class Decoding:
    """See Decoder in port.py."""

    __slots__ = ("_content", "_framing", "_meaning", "_over", "_sources", "_usage")

    def __init__(self, framing: Framing, meaning: Meaning) -> None:
        self._framing = framing
        self._meaning = meaning
        self._content = Content()
        self._usage = Usage()
        self._sources = Sources(())
        self._over = False

    def feed(self, data: bytes) -> list[Heard]:
        heard: list[Heard] = []
        try:
            self._take(self._framing.feed(data), heard)
        except ValueError as error:
            self._close(failed("malformed", f"what was sent is not of the format: {error}"), heard)
        return heard

    def end(self) -> list[Heard]:
        heard: list[Heard] = []
        try:
            last = [] if self._over else list(self._framing.end())
        except ValueError as error:
            self._close(failed("malformed", f"what was sent is not of the format: {error}"), heard)
            return heard
        try:
            self._take(iter(last), heard)
        except ValueError:
            self._close(BROKE_OFF, heard)  # torn in the middle
        if not self._over:
            self._close(self._meaning.ended(), heard)
        return heard

    def _take(self, events: Iterator[bytes], heard: list[Heard]) -> None:
        if self._over:
            return
        for event in events:
            for each in self._meaning.hear(event):
                match each:
                    case Usage():
                        self._count(each, heard)
                    case Sources():
                        if each != self._sources:
                            self._sources = each
                            heard.append(each)
                    case Delta(text):
                        heard += self._content.hear(_clean(text))
                    case Thought(text):
                        heard.append(Thought(_clean(text)))
                    case Finished() | Failed():
                        self._close(each, heard)
                        return

    def _count(self, said: Usage, heard: list[Heard]) -> None:
        usage = newer(self._usage, said)
        if usage != self._usage:
            self._usage = usage
            heard.append(usage)

    def _close(self, last: Heard, heard: list[Heard]) -> None:
        self._over = True
        heard += self._content.rest()
        heard.append(last)


def _clean(text: str) -> str:
    """Without NUL, which PostgreSQL does not take and no text needs."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}") if "\0" in text else text
