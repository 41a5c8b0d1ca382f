"""Running a program to its end in a test, and never leaving it behind. Used by test_bench.py and test_locust.py."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent.parent
STOP_WITHIN = 30.0  # seconds for the program to stop what it started when a test gives up on it


@contextmanager
def running(output: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m …` with what it prints in a file. Ends it if the test fails: politely, since it has servers to stop,
    then for certain.
    """
    with output.open("wb") as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments], cwd=REPOSITORY, stdout=printed, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
