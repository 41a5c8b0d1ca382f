"""The locust users (loadtest/locustfile.py), some seconds without a web page, on the Atrium that all tests share."""

import csv
import signal
from pathlib import Path

import pytest

from tests.loadtest.ending import running
from tests.support.stack import Stack
from tests.support.waiting import wait_for

WITHIN = 60.0
ENOUGH = {"join": 10, "edit durable": 10, "edit delivered": 1, "cursor seen": 1}


@pytest.mark.slow
def test_locust_users_join_type_read_and_move(stack: Stack, tmp_path: Path) -> None:
    """Editors get acknowledgements, others get their edits and see cursors move, joiners join; nothing fails."""
    command = ["locust", "-f", "loadtest/locustfile.py", "--host", stack.urls[0], "--headless", "--only-summary"]
    command += ["-u", "20", "-r", "20", "--csv", str(tmp_path / "run")]

    def enough() -> bool:
        found = counts(tmp_path / "run_stats.csv")
        return all(found.get(name, 0) >= least for name, least in ENOUGH.items())

    with running(tmp_path / "output", *command) as process:
        wait_for(lambda: enough() or process.poll() is not None, "users that are served", within=WITHIN)
        process.send_signal(signal.SIGTERM)
        assert process.wait(WITHIN) == 0, (tmp_path / "output").read_text()  # 1 if a request failed


def counts(statistics: Path) -> dict[str, int]:
    """Requests by name, as far as locust has written them."""
    if not statistics.exists():
        return {}
    with statistics.open(newline="") as rows:
        return {row["Name"]: int(row["Request Count"]) for row in csv.DictReader(rows) if row.get("Request Count")}
