"""Waiting for a condition with a wide deadline: what tests use instead of sleeping. Called everywhere."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")
PAUSE = 0.02  # seconds between two looks


def wait_for(look: Callable[[], Value | None], what: str, *, within: float = 30.0) -> Value:
    """The first truthy answer of `look`; raises AssertionError naming `what` after `within` seconds."""
    deadline = time.monotonic() + within
    while not (value := look()):
        assert time.monotonic() < deadline, f"waited {within:.0f} s for {what}"
        time.sleep(PAUSE)
    return value


async def wait_until(look: Callable[[], Value | None], what: str, *, within: float = 30.0) -> Value:
    """The same inside an event loop."""
    deadline = time.monotonic() + within
    while not (value := look()):
        assert time.monotonic() < deadline, f"waited {within:.0f} s for {what}"
        await asyncio.sleep(PAUSE)
    return value
