"""[L1] Nothing that replicas accept, alone or together, makes the CRDT use freed memory.

`ATRIUM_FUZZ_CASES` makes it longer.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CASES = int(os.environ.get("ATRIUM_FUZZ_CASES", "1000"))
OVERWRITING = {"MALLOC_PERTURB_": "165", "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"}
"""What is freed is overwritten, and given to the next one at once."""

FOUND = {
    45: "nothing was known of places",
    501: "an item of a list stood next to an entry of a map",
    172: "an entry of a map was split",
    694: "a struct that was known in part claimed another parent",
    33: "a subdocument was deleted with what was around it",
    331: "two gateways were told different things by one client, and one could not merge what the other accepted",
}
"""Seeds that found something, and what."""


def cross(seed: int, cases: int) -> str:
    command = [sys.executable, "-m", "tests.rooms.crossfire", str(seed), str(cases)]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **OVERWRITING}, timeout=600, check=False
    )
    assert done.returncode == 0, (done.returncode, done.stdout[-200:], done.stderr[-2000:])
    return done.stdout


@pytest.mark.parametrize("seed", FOUND)
def test_seeds_that_found_something(seed: int) -> None:
    """Each of these once ended the process, most of the time."""
    cross(seed, 1)


def test_crossfire() -> None:
    """A process in which hostile updates are merged at two gateways, crossed, compacted and deleted lives."""
    seen = cross(10_000, CASES)
    for word in ("accepted", "refused", "left out", "broken"):
        assert word in seen
