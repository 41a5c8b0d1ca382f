"""Runs the measurements of the REST side: each operation on Atrium and on the rival in turns, then lists among many.

./atrium up (one gateway) ──┐
                            ├── same PostgreSQL, same account, same token, 32 connections, in turns
uvicorn rival:app ──────────┘
"""

import json
import statistics
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from uuid import UUID

import httpx
import psutil

from loadtest.rest import data
from loadtest.rest.client import Measured, measure, request
from loadtest.servers import Workshop
from loadtest.servers.atrium import Atrium
from loadtest.servers.child import Child, free_ports, spawn

CONNECTIONS = 32
WARM_UP = 0.2
"""Share of a round's requests that is sent before it and not counted."""
PROJECTS = 60
"""Of the account that both are asked with: more than one page of 50."""
_ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Operation:
    """What is asked, and how often in one round."""

    title: str
    count: int
    make: Callable[[], bytes]


@dataclass
class Compared:
    """All rounds of one operation."""

    title: str
    atrium: list[Measured] = field(default_factory=list)
    rival: list[Measured] = field(default_factory=list)

    @property
    def speed(self) -> float:
        """Requests per second of Atrium over the rival's; medians."""
        return _median(self.atrium, "requests_per_second") / _median(self.rival, "requests_per_second")

    @property
    def p99(self) -> float:
        """The same for the 99th percentile of the time to answer."""
        return _median(self.atrium, "p99_ms") / _median(self.rival, "p99_ms")


@dataclass
class Scaled:
    """One way to list, among few and among many."""

    title: str
    few: list[Measured] = field(default_factory=list)
    many: list[Measured] = field(default_factory=list)

    @property
    def p99(self) -> float:
        """99th percentile among many over that among few; medians."""
        return _median(self.many, "p99_ms") / _median(self.few, "p99_ms")


class Bench:
    """One run; `async with` starts the servers and stops them."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._atrium = Atrium(workshop)
        self._rival: Child | None = None
        self._rival_port = 0
        self._environment: Mapping[str, str] = {}

    async def __aenter__(self) -> "Bench":
        await self._atrium.start()
        pid = self._atrium.serving()["gateway-1"]
        self._environment = psutil.Process(pid).environ()
        (self._rival_port,) = free_ports(1)
        command = [sys.executable, "-m", "uvicorn", "loadtest.rest.rival:app", "--port", str(self._rival_port)]
        command += ["--loop", "uvloop", "--http", "httptools", "--log-level", "info"]
        self._rival = await spawn(
            "rival", command, ready="Uvicorn running", environment=dict(self._environment), folder=_ROOT
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._rival is not None:
            await self._rival.stop()
        await self._atrium.stop()

    async def compare(self, rounds: int, scale: float) -> list[Compared]:
        """Each operation on both, in turns; `scale` times as many requests as usual."""
        token, projects = await self._account(PROJECTS)
        compared = []
        for operation in _operations(token, projects, scale):
            result = Compared(operation.title)
            for number in range(rounds):
                for where, port in ((result.atrium, self._port), (result.rival, self._rival_port)):
                    await measure(
                        port, operation.make, connections=CONNECTIONS, count=int(operation.count * WARM_UP) or 32
                    )
                    where.append(await measure(port, operation.make, connections=CONNECTIONS, count=operation.count))
                self._workshop.say(
                    f"{operation.title}, round {number + 1}: {result.atrium[-1].requests_per_second:.0f} requests/s"
                    f" (p99 {result.atrium[-1].p99_ms:.1f} ms), rival {result.rival[-1].requests_per_second:.0f}"
                    f" ({result.rival[-1].p99_ms:.1f} ms)"
                )
            compared.append(result)
        return compared

    async def scale(self, few: int, many: int, rounds: int, scale: float) -> list[Scaled]:
        """The lists of an account with few projects and of one with many, in turns, in the same database."""
        accounts = []
        for projects in (few, many):
            token, _ = await self._account(1)
            self._workshop.say(f"making {projects:,} projects with {projects * data.FILES_PER_PROJECT:,} files")
            user = await self._user(token)
            made = await data.fill(self._environment["DATABASE_URL"], user, projects)
            accounts.append((token, made))
        results = []
        for title, requests, path in _LISTS:
            result = Scaled(title)
            for _ in range(rounds):
                for where, (token, made) in zip((result.few, result.many), accounts, strict=True):
                    paths = await self._paths(path, token, made)
                    numbers = count()

                    def make(paths: list[str] = paths, token: str = token, numbers: "count[int]" = numbers) -> bytes:
                        return request("GET", paths[next(numbers) % len(paths)], token)

                    total = max(CONNECTIONS, int(requests * scale))
                    await measure(self._port, make, connections=8, count=total // 4)
                    where.append(await measure(self._port, make, connections=8, count=total))
            self._workshop.say(
                f"{title}: p99 {_median(result.few, 'p99_ms'):.1f} ms among few,"
                f" {_median(result.many, 'p99_ms'):.1f} ms among many"
            )
            results.append(result)
        return results

    async def _paths(self, path: str, token: str, projects: list[UUID]) -> list[str]:
        """The requests of one kind of list: other words, other projects, or page after page."""
        if "{word}" in path:
            return [path.format(word=word) for word in data.WORDS]
        if "{project}" in path:
            return [path.format(project=project) for project in projects[:200]]
        if "{cursor}" not in path:
            return [path]
        # Pages from all over the list, as somebody who scrolls through it asks for them.
        paths, cursor = [], ""
        async with self._http(token) as http:
            for _ in range(50):
                answer = (await http.get("/api/projects?limit=100" + (f"&cursor={cursor}" if cursor else ""))).json()
                cursor = answer["next_cursor"]
                if cursor is None:
                    break
                paths.append(path.format(cursor=cursor))
        return paths

    @property
    def _port(self) -> int:
        return int(self._environment["ATRIUM_PORT"])

    def _http(self, token: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self._port}", headers={"Authorization": f"Bearer {token}"}, timeout=30.0
        )

    async def _account(self, projects: int) -> tuple[str, list[str]]:
        async with self._http("") as http:
            del http.headers["Authorization"]
            answer = (await http.post("/api/auth/guest", json={})).raise_for_status().json()
        token = str(answer["access_token"])
        async with self._http(token) as http:
            made = [
                (await http.post("/api/projects", json={"name": f"Bench {number}"})).raise_for_status().json()["id"]
                for number in range(projects)
            ]
        return token, made

    async def _user(self, token: str) -> UUID:
        async with self._http(token) as http:
            me = (await http.get("/api/auth/me")).raise_for_status().json()
        return UUID(me["user"]["id"])


_LISTS = (
    ("the first page of 50 projects", 2_000, "/api/projects?limit=50"),
    ("a later page of 50", 2_000, "/api/projects?limit=50&cursor={cursor}"),
    ("projects searched by a word", 1_000, "/api/projects?limit=50&q={word}"),
    ("the files of a project", 2_000, "/api/projects/{project}/files?limit=50"),
    ("the files of a project, by name", 1_000, "/api/projects/{project}/files?limit=50&q=7"),
)


def _operations(token: str, projects: list[str], scale: float) -> list[Operation]:
    numbers = count()

    def read() -> bytes:
        return request("GET", f"/api/projects/{projects[next(numbers) % len(projects)]}", token)

    def listed() -> bytes:
        return request("GET", "/api/projects?limit=50", token)

    def create() -> bytes:
        number = next(numbers)
        body = json.dumps({"path": f"bench/{number // 1000}/{number}.md"}).encode()
        return request("POST", f"/api/projects/{projects[number % len(projects)]}/files", token, body)

    return [
        Operation("read a project", int(8_000 * scale), read),
        Operation("list 50 projects", int(4_000 * scale), listed),
        Operation("create a file", int(3_000 * scale), create),
    ]


def _median(rounds: list[Measured], name: str) -> float:
    return statistics.median(float(getattr(each, name)) for each in rounds)
