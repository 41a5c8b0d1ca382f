"""The documents of the open shapes, made by real Yjs, once in a run. What they hold is written in peers/large.mjs."""

from enum import StrEnum
from pathlib import Path

from loadtest import yjs


class Content(StrEnum):
    """What a large document consists of; as rows of a table call it."""

    TEXT = "one long text"
    EDITS = "scattered edits and map keys"


async def state(node: str, content: Content, megabytes: float, folder: Path) -> bytes:
    """A document of about this size as one Yjs update, kept in `folder`. Raises StartFailed with what Node.js said."""
    target = folder / f"{content.name.lower()}-{megabytes:g}.bin"
    if not target.exists():
        await yjs.script(node, "large.mjs", content.name.lower(), str(round(megabytes * 1e6)), target)
    return target.read_bytes()
