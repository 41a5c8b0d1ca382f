"""The large document of the join shape: a recorded session typed into real Yjs, once, by Node.js. Used by
measure/joins.
"""

import asyncio
import base64
import json
from pathlib import Path

from loadtest.servers.child import StartFailed
from loadtest.servers.peers import FOLDER

NAME = "seph-blog1.json.gz"
_REPOSITORY = Path(__file__).parent.parent


def find(given: Path | None) -> Path | None:
    """The recorded session: the given file, or the tests' copy."""
    if given:
        return given
    return next(iter(sorted((_REPOSITORY / "tests").rglob(NAME))), None)


async def state(node: str, trace: Path, folder: Path) -> Path:
    """The session's final state as one Yjs update, in a file of `folder`. Raises StartFailed with what Node.js said."""
    target = folder / "state.bin"
    if not target.exists():
        await _run(node, b"", str(FOLDER / "trace.mjs"), str(trace), str(target))
    return target


async def text(node: str, updates: list[bytes]) -> str:
    """What a real Yjs client reads from these updates."""
    request = json.dumps({"updates": [base64.b64encode(update).decode() for update in updates]})
    answer = json.loads(await _run(node, request.encode(), str(FOLDER / "read.mjs")))
    return str(answer["text"])


async def _run(node: str, request: bytes, *arguments: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        node,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complaints = await process.communicate(request)
    if process.returncode != 0:
        raise StartFailed(f"{Path(arguments[0]).name} failed:\n{complaints.decode(errors='replace')[-2000:]}")
    return printed
