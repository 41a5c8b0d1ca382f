"""The large document of the join shape: a recorded session typed into real Yjs, once, by Node.js. Used by
measure/joins.
"""

from pathlib import Path

from loadtest import yjs

NAME = "seph-blog1.json.gz"
_REPOSITORY = Path(__file__).parent.parent


def find(given: Path | None) -> Path | None:
    """The recorded session: the given file, or the tests' copy."""
    if given:
        return given
    return next(iter(sorted((_REPOSITORY / "tests").rglob(NAME))), None)


async def state(node: str, trace: Path, folder: Path) -> bytes:
    """The session's final state as one Yjs update, kept in `folder`. Raises StartFailed with what Node.js said."""
    target = folder / "trace.bin"
    if not target.exists():
        await yjs.script(node, "trace.mjs", trace, target)
    return target.read_bytes()
