"""States that were lately read, so that what is written on their ground need not make them anew. Used by texts.py."""

import time
from collections import OrderedDict
from typing import Final

from schemas.documents import DocumentName

STATE_MAX: Final = 256 << 10
"""Bytes of a state that is kept; larger ones are made anew, from their stores and in slices."""
BYTES_MAX: Final = 32 << 20
"""Bytes of all states together. Past it the oldest go."""
SECONDS: Final = 900.0
"""So long somebody may take to change a text in an editor that knows only REST."""


class Bases:
    """One per process."""

    def __init__(self) -> None:
        self._states: OrderedDict[tuple[DocumentName, int], tuple[float, bytes]] = OrderedDict()
        self._bytes = 0

    def knows(self, name: DocumentName, number: int) -> bool:
        """Whether this state is kept."""
        return (name, number) in self._states

    def keep(self, name: DocumentName, number: int, state: bytes) -> None:
        """Remember the full state up to this record."""
        if len(state) > STATE_MAX or (name, number) in self._states:
            return
        now = time.monotonic()
        self._states[name, number] = now, state
        self._bytes += len(state)
        while self._bytes > BYTES_MAX or now - next(iter(self._states.values()))[0] > SECONDS:
            _, (_, old) = self._states.popitem(last=False)
            self._bytes -= len(old)

    def find(self, name: DocumentName, number: int) -> bytes | None:
        """The state, if it is kept."""
        kept = self._states.get((name, number))
        return None if kept is None else kept[1]
