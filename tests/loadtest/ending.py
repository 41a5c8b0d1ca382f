"""Running a program to its end in a test, and never leaving it behind. Used by test_bench.py and test_locust.py."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

STOP_WITHIN = 30.0  # seconds for the bench to stop its servers when a test gives up on it


@asynccontextmanager
async def ended(process: asyncio.subprocess.Process) -> AsyncIterator[asyncio.subprocess.Process]:
    """Ends the process if the test fails or times out: politely, since it has servers to stop, then for certain."""
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            try:
                await asyncio.wait_for(process.communicate(), STOP_WITHIN)
            except TimeoutError:
                process.kill()
                await process.wait()
