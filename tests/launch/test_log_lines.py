"""What logs a line must not fail because the line cannot be written (gateway/logs.py, workers/logs.py)."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from gateway import logs as gateway_logs
from gateway.launch.settings import CHECKOUT
from workers import logs as worker_logs

SCRIPT = """
import logging, structlog
from {module} import configure_logs
configure_logs("info", "x")
structlog.get_logger("a").warning("unheard")
logging.getLogger("b").warning("unheard")
print("still here")
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("module", ["gateway.logs", "workers.logs"])
def test_a_full_disk_stops_nobody(module: str) -> None:
    """On a full disk lines are lost, and the process goes on."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT.format(module=module)],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.stdout == "still here\n"


@pytest.mark.parametrize("lines", [gateway_logs.Lines, worker_logs.Lines])
def test_lost_lines_are_counted(lines: "type[gateway_logs.Lines] | type[worker_logs.Lines]") -> None:
    """As soon as there is room again the log says how many lines it lacks."""

    class Disk(io.StringIO):
        full = True

        def write(self, text: str) -> int:
            if self.full:
                raise OSError(28, "No space left on device")
            return super().write(text)

    disk = Disk()
    log = lines(disk)
    log.msg("1")
    log.msg("2")
    disk.full = False
    log.msg("3")
    log.msg("4")
    kept, told, last = disk.getvalue().splitlines()
    assert (kept, last) == ("3", "4")
    assert json.loads(told)["count"] == 2


def test_workers_log_libraries_as_json() -> None:
    """A library's warning is one JSON line of the worker's log, like its own events."""
    script = SCRIPT.format(module="workers.logs")
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=True
    )
    own, library = map(json.loads, done.stderr.splitlines())
    assert (own["event"], own["level"], own["process"]) == ("unheard", "warning", "x")
    assert (library["event"], library["level"], library["process"]) == ("unheard", "warning", "x")
