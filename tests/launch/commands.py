"""Running `./atrium`'s second half to its end, for starts that have to fail. Called by the tests beside it."""

import os
import subprocess
import sys
from pathlib import Path

from gateway.launch.settings import CHECKOUT

ENDS_WITHIN = 60.0  # seconds


def launch(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m gateway.launch …` with this home; for commands that end by themselves."""
    kept = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")}
    return subprocess.run(
        [sys.executable, "-m", "gateway.launch", *arguments],
        cwd=CHECKOUT,
        env=kept | {"ATRIUM_HOME": str(home)} | environment,
        capture_output=True,
        text=True,
        timeout=ENDS_WITHIN,
        check=False,
    )


def refusal(ended: subprocess.CompletedProcess[str]) -> str:
    """The one line with which a start was refused; asserts that there was nothing else, least of all a traceback."""
    assert ended.returncode == 1, (ended.returncode, ended.stdout, ended.stderr)
    lines = ended.stderr.strip().splitlines()
    assert len(lines) == 1, ended.stderr
    assert lines[0].startswith("atrium: ")
    return lines[0].removeprefix("atrium: ")
