"""Atrium itself, started by its own launcher as its users start it: PostgreSQL, Valkey with its append-only file, a
worker.

CPU and memory count the gateways and Valkey; the worker and PostgreSQL are shown apart. Rooms are projects of one
guest.
"""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import httpx
import psutil

from loadtest.connection import Seat
from loadtest.dialects import HOCUSPOCUS, Y_WEBSOCKET, Dialect
from loadtest.servers import Workshop
from loadtest.servers.child import Child, StartFailed, free_ports, spawn

#: Seconds for the first start, which makes the database.
START_SECONDS = 120.0
_REPOSITORY = Path(__file__).parent.parent.parent
#: All clients of the bench come from one address, and all rooms belong to one account.
RATE_FACTOR = "100000"
#: The main text of every room.
DOCUMENT = "main.md"


class Atrium:
    """`./atrium up` in a home of its own, which is kept from one start to the next as a user's would be."""

    name = "atrium"
    dialect: Dialect = Y_WEBSOCKET
    gateways = 1

    def __init__(self, workshop: Workshop) -> None:
        self._home = workshop.folder / self.name
        self._child: Child | None = None
        self._processes: dict[str, int] = {}
        self._urls: list[httpx.URL] = []
        self._rooms: list[tuple[str, str]] = []
        self._versions: dict[str, str] = {}

    async def start(self) -> None:
        port = free_ports(self.gateways)[0]
        command = [sys.executable, "-m", "gateway.launch"]
        environment = {**os.environ, "ATRIUM_HOME": str(self._home), "ATRIUM_RATE_FACTOR": RATE_FACTOR}
        for inherited in ("DATABASE_URL", "REDIS_URL"):
            environment.pop(inherited, None)
        self._child = await spawn(
            self.name,
            [*command, "up", "--port", str(port), "--gateways", str(self.gateways), "--workers", "1"],
            ready="ready http",
            environment=environment,
            folder=_REPOSITORY,
            seconds=START_SECONDS,
        )
        instance = json.loads((await output([*command, "status", "--json"], environment)) or "{}")
        self._processes = {process["name"]: process["pid"] for process in instance["processes"]}
        self._versions = {
            called: await program_version(self._processes[name])
            for name, called in (("valkey", "Valkey"), ("postgres", "PostgreSQL"))
            if name in self._processes
        }
        self._urls = [httpx.URL(process["url"]) for process in instance["processes"] if process.get("url")]

    async def prepare(self, rooms: int) -> None:
        async with httpx.AsyncClient(base_url=self._urls[0], timeout=30.0) as http:
            guest = (await _post(http, "/api/auth/guest", None))["access_token"]
            http.headers["Authorization"] = f"Bearer {guest}"
            self._rooms = []
            for number in range(rooms):
                project = (await _post(http, "/api/projects", {"name": f"bench {number}"}))["id"]
                token = (await _post(http, f"/api/projects/{project}/token", {}))["token"]
                self._rooms.append((project, token))

    def seat(self, room: int, client: int, *, acknowledged: bool = False) -> Seat:
        url = self._urls[client % len(self._urls)]
        project, token = self._rooms[room]
        target = f"/collab/{project}/{DOCUMENT}?token={token}" + ("&acks=1" if acknowledged else "")
        return Seat(url.host, url.port or 80, target, DOCUMENT, token, self.dialect)

    def serving(self) -> dict[str, int]:
        return {name: pid for name, pid in self._processes.items() if name.startswith(("gateway", "valkey"))}

    def aside(self) -> dict[str, int]:
        return {name: pid for name, pid in self._processes.items() if name not in self.serving()}

    async def figures(self) -> dict[str, float]:
        async with httpx.AsyncClient(base_url=self._urls[0], timeout=30.0) as http:
            page = (await http.get("/metrics")).raise_for_status().text
        samples = (line.split() for line in page.splitlines() if not line.startswith("#") and "{" not in line)
        return {name: float(value) for name, value in samples}

    def versions(self) -> dict[str, str]:
        return self._versions

    async def stop(self) -> None:
        if self._child:
            await self._child.stop()
        self._child, self._processes, self._urls = None, {}, []


class AtriumPair(Atrium):
    """Two gateways; the clients of each room are spread over both, against what the room's token advises."""

    name = "atrium-2"
    gateways = 2


class AtriumHocuspocus(Atrium):
    """The same server, asked in Hocuspocus framing."""

    name = "atrium-hocuspocus"
    dialect: Dialect = HOCUSPOCUS

    def seat(self, room: int, client: int, *, acknowledged: bool = False) -> Seat:
        url = self._urls[client % len(self._urls)]
        project, token = self._rooms[room]
        return Seat(url.host, url.port or 80, "/hocuspocus", f"{project}/{DOCUMENT}", token, self.dialect)


async def program_version(pid: int) -> str:
    """The version that the program of a running process names, such as 16.4."""
    printed = await output([psutil.Process(pid).exe(), "--version"], dict(os.environ))
    found = re.search(r"\d+(\.\d+)+", printed)
    return found[0] if found else printed.strip()


async def output(command: list[str], environment: dict[str, str]) -> str:
    """What a command that ends by itself printed. Raises StartFailed if it failed."""
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, cwd=_REPOSITORY, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    printed, complaints = await process.communicate()
    if process.returncode != 0:
        raise StartFailed(f"{' '.join(command)}:\n{complaints.decode(errors='replace')[-2000:]}")
    return printed.decode()


async def _post(http: httpx.AsyncClient, path: str, body: dict[str, str] | None) -> dict[str, str]:
    answer = await http.post(path, json=body) if body is not None else await http.post(path)
    if answer.is_error:
        raise StartFailed(f"POST {path}: {answer.status_code} {answer.text[:300]}")
    reply: dict[str, str] = answer.json()
    return reply
