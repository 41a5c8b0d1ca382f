"""Bodies of the contents of text files. Used by gateway/routes/content.py."""

from typing import Annotated

from msgspec import Meta, Struct

from schemas.files import TEXT_BYTES


class ContentRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`PUT /api/files/{id}/content` as JSON; the text may as well be the body itself, as text/plain in UTF-8."""

    content: Annotated[str, Meta(max_length=TEXT_BYTES)]


class ContentWritten(Struct, frozen=True):
    """What became of a text that was put. It is durable, and everybody in the document has it."""

    etag: str  # of the text as it is now, without quotes; If-Match of the next PUT
    size: int  # bytes in UTF-8
    merged: bool  # whether others changed something meanwhile
    content: str | None  # where merged: the text as it is now. Go on from it, not from what was sent
