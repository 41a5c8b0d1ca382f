"""The bench itself, small and short, on a real Atrium: `python -m loadtest --quick` as `./atrium bench` runs it."""

import asyncio
import json
import re
import signal
import sys
from pathlib import Path

import psutil
import pytest

from tests.loadtest.ending import ended
from tests.support.waiting import wait_until

REPOSITORY = Path(__file__).parent.parent.parent
WITHIN = 120.0  # seconds for what takes twenty on an idle machine


async def start(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "loadtest",
        *arguments,
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def bench(results: Path, *arguments: str) -> dict[str, dict[str, float]]:
    """Runs the bench to its end and returns the metrics by "shape server"."""
    process = await start("--quick", "--results", str(results), *arguments)
    async with ended(process):
        printed, _ = await asyncio.wait_for(process.communicate(), WITHIN)
    assert process.returncode == 0, printed.decode()
    found = json.loads(await asyncio.to_thread(results.read_bytes))["measurements"]
    return {f"{each['shape']} {each['server']}": each["measured"]["metrics"] for each in found}


@pytest.mark.slow
async def test_atrium_alone_is_measured(tmp_path: Path) -> None:
    """Edits, presence and acknowledgements all arrive, and each shape has its numbers."""
    shapes = ("--shape", "fanout-200", "--shape", "cursors-500", "--shape", "durable-1000", "--shape", "idle-4000")
    metrics = await bench(tmp_path / "results.json", "--servers", "atrium", *shapes)
    assert metrics["fanout-200 atrium"]["lost"] == 0
    assert metrics["fanout-200 atrium"]["cpu_us"] > 0
    assert metrics["cursors-500 atrium"]["lost"] == 0
    assert metrics["durable-1000 atrium"]["lost"] == 0
    assert metrics["idle-4000 atrium"]["connections"] == 400


@pytest.mark.slow
@pytest.mark.js
async def test_the_peers_are_measured(tmp_path: Path) -> None:
    """All three peers start, deliver every edit through the load generator's codecs, and stop."""
    shapes = ("--shape", "fanout-200", "--shape", "two-processes", "--shape", "joins")
    metrics = await bench(tmp_path / "results.json", "--servers", "y-websocket,hocuspocus,hocuspocus-redis", *shapes)
    edits = ("fanout-200 y-websocket", "fanout-200 hocuspocus", "two-processes hocuspocus-redis")
    assert {metrics[name]["lost"] for name in edits} == {0}
    assert metrics["joins y-websocket"]["joins"] == 30
    assert metrics["joins hocuspocus"]["joins"] == 30


@pytest.mark.slow
async def test_ctrl_c_leaves_no_process() -> None:
    """An interrupted bench stops what it started and says so by its exit code."""
    process = await start("--shape", "fanout-200", "--servers", "atrium", "--seconds", "60", "--repeat", "1")
    assert process.stdout
    printed = ""
    async with ended(process):
        while not (serving := re.search(r"typing \((.*)\)", printed)):
            line = await asyncio.wait_for(process.stdout.readline(), WITHIN)
            assert line, printed
            printed += line.decode()
        started = [int(pid) for pid in re.findall(r" (\d+)", serving[1])]
        assert started
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), WITHIN)
    assert process.returncode == 130
    await wait_until(lambda: not any(psutil.pid_exists(pid) for pid in started), "the end of all servers")


async def test_an_unknown_server_is_named() -> None:
    """A wrong name ends with one clear line, not a traceback."""
    process = await start("--servers", "atrium,etherpad")
    async with ended(process):
        printed, _ = await asyncio.wait_for(process.communicate(), WITHIN)
    assert process.returncode == 2
    assert "unknown server etherpad" in printed.decode()
    assert "Traceback" not in printed.decode()
