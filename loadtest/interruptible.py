"""Runs a benchmark to its end, or to Ctrl-C or SIGTERM: then its servers are stopped first. Used by each __main__."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Any, Final

import uvloop

INTERRUPTED: Final = 130
"""As a shell names the end by Ctrl-C: 128, and the signal's number."""


def run(main: Coroutine[Any, Any, int]) -> int:
    """Its exit code, or INTERRUPTED."""

    async def interruptible() -> int:
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(main)
        stopping = False

        def stop() -> None:
            nonlocal stopping
            print("\nstopping the servers" if not stopping else "still stopping", file=sys.stderr, flush=True)
            if not stopping:
                stopping = True
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        try:
            return await task
        except asyncio.CancelledError:
            return INTERRUPTED

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(interruptible())
