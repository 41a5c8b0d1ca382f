"""Runs the scripts of peers/ that hold a real Yjs. Used by trace.py and large.py, and to check what clients got."""

import asyncio
import base64
import json
from collections.abc import Sequence
from pathlib import Path

import msgspec

from loadtest.servers.child import StartFailed
from loadtest.servers.peers import FOLDER


class Seen(msgspec.Struct, frozen=True):
    """What a Yjs client sees: the root text, a hash of all else that peers/large.mjs writes, the state vector, and
    whether something waits for what it lacks.
    """

    text: str
    rest: str
    vector: dict[str, int]
    pending: bool


async def look(node: str, updates: Sequence[bytes]) -> Seen:
    """What a real Yjs client sees in these updates."""
    request = json.dumps({"updates": [base64.b64encode(update).decode() for update in updates]})
    return msgspec.json.decode(await script(node, "read.mjs", given=request.encode()), type=Seen)


async def script(node: str, name: str, *arguments: str | Path, given: bytes = b"") -> bytes:
    """Runs peers/`name` to its end and returns what it printed. Raises StartFailed with what it complained about."""
    process = await asyncio.create_subprocess_exec(
        node,
        FOLDER / name,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complaints = await process.communicate(given)
    if process.returncode != 0:
        raise StartFailed(f"{name} failed:\n{complaints.decode(errors='replace')[-2000:]}")
    return printed
