"""Long work in slices: a generator that stops every few milliseconds, and who runs it until it is done.

The CRDT and the reader of updates hold the loop while they work. All long work of a process takes turns, one slice in
each round of the loop, so that what many want at once stalls the others no longer than what one wants.
"""

import asyncio
import time
from collections.abc import Generator
from typing import TypeVar

from rooms.limits import SLICE_SECONDS

Result = TypeVar("Result")
Slices = Generator[None, None, Result]
"""Work that may be interrupted at each of its `yield`s."""


def at_once(work: Slices[Result]) -> Result:
    """Without any stop, as workers want it."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: Result = done.value
            return result


class Turns:
    """One per process."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def run(self, work: Slices[Result]) -> tuple[Result, float]:
        """Its result, and the longest time in seconds that it held the loop; raises what the work raises."""
        longest = 0.0
        while True:
            async with self._turn:
                # Whatever else is ready comes first.
                await asyncio.sleep(0)
                started = time.perf_counter()
                held = 0.0
                try:
                    while held <= SLICE_SECONDS:
                        next(work)
                        held = time.perf_counter() - started
                except StopIteration as done:
                    result: Result = done.value
                    return result, max(longest, time.perf_counter() - started)
            longest = max(longest, held)
