"""Runs tests that only wait beside all the others, in a thread with an event loop of its own. Used by conftest.py."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

Story = Callable[[], Coroutine[Any, Any, None]]


class Beside:
    """Stories by name, begun when this was made. `ended` gives their ends; `close` cancels what still runs."""

    def __init__(self, stories: Mapping[str, Story]) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="beside the tests")
        self._thread.start()
        self._futures = {name: asyncio.run_coroutine_threadsafe(story(), self._loop) for name, story in stories.items()}

    async def ended(self, name: str) -> None:
        """Wait for the end of a story; raises what it raised."""
        await asyncio.wrap_future(self._futures[name])

    def close(self) -> None:
        """End the thread, and before it the client processes of stories that nobody waited for."""
        asyncio.run_coroutine_threadsafe(self._cancel_all(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _cancel_all(self) -> None:
        running = asyncio.all_tasks() - {asyncio.current_task()}
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
