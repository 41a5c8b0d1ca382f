"""The main text of a document: its root type `content`, read as a string and changed by edits. Used by texts.py.

pycrdt counts a text in UTF-8 bytes, and an embedded object (a picture in a rich text) as one. In the string it is
U+FFFC, so that whoever sends the text back says whether the object stays.
"""

from typing import Any, Final, NamedTuple

import pycrdt

from rooms.errors import RoomsError
from rooms.scratch import Scratch
from rooms.shared_types import holds_text, size_of
from rooms.slices import Slices, at_once
from rooms.text_diff import Edit
from schemas.records import Loaded

CONTENT: Final = "content"
PLACEHOLDER: Final = "\ufffc"
DELETE_AT_ONCE: Final = 128 << 10
"""Bytes deleted in one slice: what is in thousands of pieces takes some milliseconds."""


class NotText(RoomsError):
    """The document's content is of another type than text; read it through a Yjs client."""


class Content(NamedTuple):
    """A text, and where in it embedded objects stand."""

    text: str
    embeds: frozenset[int] = frozenset()
    """Of the U+FFFC in it, those that stand for an object: offsets in code points."""

    def bytes_between(self, start: int, stop: int) -> int:
        """How pycrdt counts this part."""
        count = len(self.text[start:stop].encode("utf-8", "surrogatepass"))
        if self.embeds:
            count -= 2 * sum(start <= at < stop for at in self.embeds)
        return count


def read_content(doc: "pycrdt.Doc[Any]") -> Content:
    """The main text; empty where there is none yet. Raises NotText."""
    with doc.transaction():
        shared = doc.get(CONTENT, type=pycrdt.Text)
        text = str(shared)
        if len(text.encode()) == len(shared):
            if not text and len(doc.get(CONTENT, type=pycrdt.Map)):
                raise NotText("the content of this document is a map, not a text; open it with a Yjs client")
            return Content(text)
        return _with_embeds(shared)


def text_size(state: bytes) -> int:
    """Bytes of the main text of a full state in UTF-8; of a document of another type those of the state. In one go."""
    with Scratch() as scratch:
        at_once(scratch.load(Loaded(0, state, ())))
        try:
            return len(read_content(scratch.doc).text.encode())
        except NotText:
            return len(state)


def change_content(scratch: Scratch, content: Content, edits: list[Edit]) -> Slices[None]:
    """Make these edits in a copy whose main text is `content`."""
    # From the end to the beginning: what an edit shifts is behind those that follow.
    spans = []
    offset = at = 0
    for edit in edits:
        offset += content.bytes_between(at, edit.start)
        spans.append((offset, content.bytes_between(edit.start, edit.start + edit.deleted), edit.inserted))
        at = edit.start
    shared = scratch.doc.get(CONTENT, type=pycrdt.Text)
    for offset, deleted, inserted in reversed(spans):
        # Each walks the document from its beginning, 0.1 us for each of its pieces: a slice of its own.
        yield
        if inserted:
            shared.insert(offset + deleted, inserted)
        while deleted > DELETE_AT_ONCE:
            deleted -= DELETE_AT_ONCE
            del shared[offset + deleted : offset + deleted + DELETE_AT_ONCE]
            yield
        if deleted:
            del shared[offset : offset + deleted]


def _with_embeds(shared: pycrdt.Text) -> Content:
    pieces: list[str] = []
    embeds: list[int] = []
    length = at = 0
    for chunk, _ in shared.diff():
        piece = chunk if isinstance(chunk, str) else PLACEHOLDER
        if not isinstance(chunk, str):
            embeds.append(at)
        pieces.append(piece)
        length += size_of(chunk)
        at += len(piece)
    if length != len(shared) or not holds_text(shared):
        # The values of an array are counted but not shown, its shared types and the nodes of XML stand alone.
        raise NotText("the content of this document is not a text; open it with a Yjs client")
    return Content("".join(pieces), frozenset(embeds))
