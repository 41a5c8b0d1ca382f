"""What the processes leave in their logs when they stop: nothing that somebody would have to look into."""

import asyncio
import re
from pathlib import Path

from tests.conftest import MakeStack
from tests.support.stack import Stack
from tests.support.waiting import wait_until
from tests.support.writers import Writers

WARNINGS = {"PYTHONWARNINGS": "always::ResourceWarning,always::RuntimeWarning"}
"""Python then reports in the log what was opened and not closed."""
UNTIDY = re.compile(
    r"Traceback|Unclosed|unclosed|never awaited|never retrieved|was destroyed|Warning:|\"error\"|\"critical\""
)


def untidy(stack: Stack) -> list[str]:
    """The lines of all logs that complain."""
    found = []
    for path in [stack.output, *sorted(Path(stack.home, "logs").glob("*.log"))]:
        if path.stem not in ("postgres", "valkey"):
            found += [f"{path.stem}: {line}" for line in path.read_text().splitlines() if UNTIDY.search(line)]
    return found


async def test_a_busy_stack_stops_tidily(own_stack: MakeStack) -> None:
    """Stopped while people type and workers merge, every process closes what it opened, and has nothing to report."""
    stack = own_stack(gateways=2, environment=WARNINGS)
    async with Writers(stack) as writers:
        await writers.progress()
        await wait_until(lambda: '"event": "snapshot"' in stack.logs("worker-1"), "a snapshot")
        assert await asyncio.to_thread(stack.stop) == 0
    assert untidy(stack) == []


def test_an_idle_stack_stops_tidily(own_stack: MakeStack) -> None:
    """The same where nothing ever happened."""
    stack = own_stack(gateways=1, environment=WARNINGS)
    assert stack.stop() == 0
    assert untidy(stack) == []
