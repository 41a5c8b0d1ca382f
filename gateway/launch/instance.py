"""`instance.json`: which processes this home runs right now. Written by the supervisor, read by `status`, by the
next `up` (to end what a killed one left behind) and by the tests."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.launch.errors import AlreadyRunning
from gateway.launch.home import Home
from gateway.launch.process import Process


@dataclass(frozen=True)
class Listed:
    """One running process by its name, with the address of those that have one."""

    name: str
    process: Process
    url: str | None = None


@dataclass(frozen=True)
class Instance:
    """The supervisor and its children."""

    up: Process
    url: str
    processes: tuple[Listed, ...] = ()

    def write(self, path: Path) -> None:
        """Replace the file as a whole: a reader sees the old list or the new one."""
        rows = [
            {"name": each.name, "pid": each.process.pid, "started": each.process.started, "url": each.url}
            for each in self.processes
        ]
        body = {"up": {"pid": self.up.pid, "started": self.up.started}, "url": self.url, "processes": rows}
        new = path.with_suffix(".new")
        new.write_text(json.dumps(body, indent=1))
        new.replace(path)

    @classmethod
    def read(cls, path: Path) -> "Instance | None":
        """The recorded instance; None where there is no file, or half a one after a power cut."""
        try:
            body = json.loads(path.read_text())
            return cls(
                up=Process(body["up"]["pid"], body["up"]["started"]),
                url=body["url"],
                processes=tuple(
                    Listed(row["name"], Process(row["pid"], row["started"]), row["url"]) for row in body["processes"]
                ),
            )
        except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
            return None


@contextmanager
def only_one(home: Home) -> Iterator[None]:
    """Hold this home, or say who does. The lock goes with the process, however that ends; the file stays."""
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(who_runs(home, os.pread(descriptor, 32, 0).decode())) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def who_runs(home: Home, pid: str) -> str:
    instance = Instance.read(home.instance)
    where = f" at {instance.url}" if instance and instance.up.alive else ""
    return f"already running{where} (pid {pid or 'unknown'}, home {home.root}); stop it or set ATRIUM_HOME"
