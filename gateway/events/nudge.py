"""After an operation that may have changed something, tell what happened: at once when all was quiet, else together
with what others change within a moment. Nobody waits for it. Made in app.py, nudged by gateway/operations.py."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from schemas.unavailable import Unavailable

log = structlog.get_logger("gateway.events")

TELL_PAUSE_SECONDS: Final = (
    0.03  # between two runs: a run costs 1.5 ms of CPU, a busy gateway writes 500 times a second
)
RETRY_SECONDS: Final = 0.25  # at first, when a store is away
RETRY_MAX_SECONDS: Final = 4.0


class Nudge:
    """At most one run at a time. `tell` gives how many happenings it told; it is called until there are none."""

    def __init__(self, tell: Callable[[], Awaitable[int]]) -> None:
        self._tell = tell
        self._wanted = False
        self._task: asyncio.Task[None] | None = None

    def __call__(self) -> None:
        """Something may have happened."""
        self._wanted = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop; the workers tell what is left."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        pause = RETRY_SECONDS
        while self._wanted:
            self._wanted = False
            try:
                while await self._tell():
                    pause = RETRY_SECONDS
                await asyncio.sleep(TELL_PAUSE_SECONDS)
            except Unavailable as error:
                log.warning("telling postponed", reason=str(error), seconds=pause)
                self._wanted = True
                await asyncio.sleep(pause)
                pause = min(RETRY_MAX_SECONDS, pause * 2)
            except Exception:
                log.exception("telling failed")  # the workers' sweep tries again
                return
