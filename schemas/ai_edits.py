"""Letting a model write into a live text: REST bodies, and what a worker needs to do it."""

from typing import Annotated, Any, Final
from uuid import UUID

from msgspec import Meta, Struct

from schemas.patterns import NO_NUL
from schemas.streams import ModelName, RequestId

INSTRUCTION_LENGTH: Final = 20_000  # characters
FILES_MAX: Final = 10
Path = Annotated[str, Meta(min_length=1, max_length=1_024, pattern=NO_NUL)]


class Selection(Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the text that If-Match names, or that is there now, in UTF-16 units as editors count; it is replaced.

    Equal numbers: a place.
    """

    start: Annotated[int, Meta(ge=0, le=2**31)]
    end: Annotated[int, Meta(ge=0, le=2**31)]


class EditRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What to write where."""

    path: Path
    instruction: Annotated[str, Meta(min_length=1, max_length=INSTRUCTION_LENGTH, pattern=NO_NUL)]
    selection: Selection | None = None
    """Without one the answer is written at the end."""
    files: Annotated[tuple[Path, ...], Meta(max_length=FILES_MAX)] = ()
    """Others that the model shall read."""
    model: ModelName = "auto"
    request_id: RequestId | None = None


class EditStarted(Struct, frozen=True):
    """The edit is on its way; follow it, cancel it or take it back by the stream's id."""

    stream_id: UUID
    topic: str
    log_begin: int
    document: str
    read: list[str]
    """Paths that the model was shown, as far as its budget went."""


def shown_as(model: str, stream_id: UUID) -> dict[str, Any]:
    """How the model appears among the participants: a name and a colour of its own."""
    return {"name": f"AI · {model}", "color": f"hsl({stream_id.int % 360}, 70%, 45%)", "ai": True}
