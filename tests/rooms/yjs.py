"""The stock Yjs as a judge: a Node process that applies updates and says what it thinks of them (apply.mjs)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Verdict:
    error: str | None
    """What Yjs threw."""
    pending: bool
    """Something waits for what it depends on."""
    state: bytes
    """The state vector afterwards."""
    text: str
    """The text of the root `content`."""


class Yjs:
    """One Node process; every question is answered before the next."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def apply(self, updates: list[bytes]) -> Verdict:
        """A fresh document, and these updates in this order."""
        answer = self._ask({"updates": [update.hex() for update in updates]})
        return Verdict(answer["error"], answer["pending"], bytes.fromhex(answer["state"]), answer["text"])

    def halves(self, seed: int) -> list[bytes]:
        """What clients send that type, format and delete emoji and halves of them, in causal order."""
        return [bytes.fromhex(update) for update in self._ask({"halves": seed})["updates"]]

    def parses(self, presence: bytes) -> bool:
        """Whether an awareness client could read this state."""
        return bool(self._ask({"presence": presence.hex()})["error"] is None)

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def yjs() -> Iterator[Yjs]:
    """A judge for one module's tests."""
    script = Path(__file__).with_name("apply.mjs")
    with subprocess.Popen(["node", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Yjs(process)
        finally:
            process.kill()
