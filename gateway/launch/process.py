"""A process of the operating system that we can recognise later: its id and when it started.

An id alone is not enough: it may belong to somebody else by the time that we send a signal. Called by
`instance` and `leftovers`.
"""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

LINUX = sys.platform == "linux"  # elsewhere `ps` knows


@dataclass(frozen=True)
class Process:
    """`started` is opaque: ticks since boot on Linux, a date as `ps` prints it elsewhere."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "Process":
        return cls(pid, start_time(pid) or "")

    @property
    def alive(self) -> bool:
        """True while this very process runs; a zombie does not."""
        return bool(self.started) and start_time(self.pid) == self.started

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has gone or the id belongs to another by now."""
        if self.alive:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return  # it went between the two lines


def start_time(pid: int) -> str | None:
    """When a process started, or None if there is none (or only its exit status is left)."""
    if LINUX:
        try:
            facts = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return None
        # proc(5): "pid (name) state …"; the name may hold anything, also brackets and spaces.
        fields = facts.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]
    shown = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C"},
    ).stdout.strip()
    state, _, started = shown.partition(" ")
    return None if not state or state.startswith("Z") else started.strip()


def command_line(pid: int) -> str:
    """The command line of a process, or nothing if there is no such process."""
    if LINUX:
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    return subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
