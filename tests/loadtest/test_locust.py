"""The locust users (loadtest/locustfile.py), a few seconds without a web page, on the Atrium that all tests share."""

import asyncio
import csv
import sys
from pathlib import Path

import pytest

from tests.loadtest.ending import ended
from tests.support.stack import Stack

LOCUSTFILE = Path(__file__).parent.parent.parent / "loadtest" / "locustfile.py"
WITHIN = 60.0


@pytest.mark.slow
async def test_locust_users_join_type_and_read(stack: Stack, tmp_path: Path) -> None:
    """Editors get acknowledgements, others get their edits, joiners join; nothing fails."""
    command = ["-m", "locust", "-f", str(LOCUSTFILE), "--host", stack.urls[0], "--headless", "--only-summary"]
    command += ["-u", "20", "-r", "20", "-t", "6s", "--csv", str(tmp_path / "run")]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        cwd=LOCUSTFILE.parent.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with ended(process):
        printed, _ = await asyncio.wait_for(process.communicate(), WITHIN)
    assert process.returncode == 0, printed.decode()
    with (tmp_path / "run_stats.csv").open(newline="") as rows:
        counts = {row["Name"]: int(row["Request Count"]) for row in csv.DictReader(rows)}
    assert counts["join"] >= 10
    assert counts["edit durable"] >= 10
    assert counts["edit delivered"] >= 1
