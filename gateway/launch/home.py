"""ATRIUM_HOME: which file and folder of an instance lies where. Used by the supervisor, status and the tests."""

import hashlib
import os
import re
import secrets
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from gateway.launch.errors import LaunchError
from gateway.launch.limits import LOG_BYTES, REASON_BYTES, SOCKET_PATH_BYTES


@dataclass(frozen=True)
class Home:
    """The directory that holds one instance's data, logs, secret and sockets."""

    root: Path

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def instance(self) -> Path:
        return self.root / "instance.json"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    @property
    def run(self) -> Path:
        """Where the sockets are: inside the home, or in the temporary directory where its path is no socket's."""
        inside = self.root / "run"
        longest = inside / "pg" / ".s.PGSQL.5432"
        # PostgreSQL and its clients read lists of directories: a comma divides them, quotes belong to the list.
        if len(os.fsencode(longest)) <= SOCKET_PATH_BYTES and not set('",') & set(str(inside)):
            return inside
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"atrium-{os.getuid()}-{digest}"

    @property
    def postgres_socket(self) -> Path:
        return self.run / "pg"

    @property
    def valkey_socket(self) -> Path:
        return self.run / "valkey.sock"

    def create(self) -> None:
        """Make the directories. As root they let the database's account pass through, not look in."""
        mode = 0o711 if os.getuid() == 0 else 0o700
        self.root.mkdir(mode=mode, parents=True, exist_ok=True)
        self.logs.mkdir(mode=0o700, exist_ok=True)
        self.valkey.mkdir(mode=0o700, exist_ok=True)
        self.run.mkdir(mode=mode, exist_ok=True)
        facts = self.run.lstat()
        ours = stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and not facts.st_mode & 0o066
        if self.run.parent != self.root and not ours:
            # In a temporary directory that all share somebody could have made it first.
            raise LaunchError(f"{self.run} is not a private directory of ours; remove it or set TMPDIR")

    def log(self, name: str) -> Path:
        """The log of a process, after setting a large one aside."""
        path = self.logs / f"{name}.log"
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path

    def secret(self) -> str:
        """The signing key of this instance, made at the first start and kept."""
        path = self.root / "secret"
        if path.exists() and (kept := path.read_text().strip()):
            return kept
        fresh = secrets.token_urlsafe(48)
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(fresh)
        new.replace(path)
        return fresh


def reason_in(log: Path, since: int = 0) -> str:
    """Why a process ended, for an error message: the last line of its log, from a place on, that sounds like it."""
    if not log.exists():
        return "(no log)"
    with log.open("rb") as file:
        size = log.stat().st_size
        file.seek(max(0, size - REASON_BYTES, since if since <= size else 0))
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines()]
    said = [line for line in lines if line]
    return next((line for line in reversed(said) if REASON.search(line)), said[-1] if said else "(empty log)")


REASON = re.compile(r"fatal|panic|error|could not|cannot|can't|no space", re.IGNORECASE)
