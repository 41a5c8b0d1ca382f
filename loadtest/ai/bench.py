"""Runs the measurements of answers: through Atrium, through its rival, and of the stand-in itself, in turns.

             ┌── ./atrium up (gateway, AI worker, Valkey, PostgreSQL) ──┐
client ──────┼── litellm ───────────────────────────────────────────────┼──► stand-in, a token every 5 ms
             └──────────────────────────────────────────────────────────┘
"""

import asyncio
import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final

import asyncpg
import httpx
import psutil

from loadtest import usage
from loadtest.ai import readers, rival
from loadtest.ai.client import Asked, Target, ask
from loadtest.servers import Workshop
from loadtest.servers.atrium import Atrium
from loadtest.servers.child import Child, free_ports, spawn

PAUSE_MS: Final = 5
"""Between two tokens of the stand-in, and before the first."""
TOKENS: Final = 400
"""Of each answer: two seconds, some 300 words."""
STREAMS: Final = (1, 10)
READERS: Final = 200
WARM_UP: Final = 20
"""Short answers that each server gives before it is measured."""
_ROOT: Final = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Measured:
    """What one server took in one round."""

    asked: Asked
    added_ms: float
    """What the median time to the first token is above the stand-in's own, in the same round."""
    cpu_us: float
    """Of all its processes, for each token, without what they take when idle."""
    idle_us: float
    """What they take when idle in the same time, for each token."""


@dataclass
class Compared:
    """All rounds with so many streams at once."""

    streams: int
    atrium: list[Measured] = field(default_factory=list)
    rival: list[Measured] = field(default_factory=list)

    def ratio(self, name: str) -> float:
        """Atrium's median over the rival's."""
        return median(self.atrium, name) / median(self.rival, name)


@dataclass(frozen=True)
class Shared:
    """One answer that many read. CPU in microseconds for each token and reader."""

    cpu_us: float
    by_process: Mapping[str, float]


def median(rounds: Sequence[Measured], name: str) -> float:
    """Of one figure over the rounds."""
    return statistics.median(float(getattr(each, name)) for each in rounds)


class Bench:
    """One run; `async with` starts the servers and stops them."""

    def __init__(self, workshop: Workshop, tokens: int, idle_seconds: float, *, with_rival: bool = True) -> None:
        """`tokens`: of each answer. `idle_seconds`: nothing is asked, to know what a server takes all the same."""
        self._workshop = workshop
        self._tokens = tokens
        self._idle_seconds = idle_seconds
        self._with_rival = with_rival
        self._standin: Child | None = None
        self._rival: Child | None = None
        self._atrium = Atrium(workshop)
        self._model = f"say-{tokens}-at-{PAUSE_MS}ms"
        self._direct = Target(0, "/openai/v1/chat/completions", "standin", self._model)
        self._through: dict[str, Target] = {}
        self._processes: dict[str, dict[str, int]] = {}
        self._idle: dict[str, float] = {}
        self._token = ""

    async def __aenter__(self) -> "Bench":
        try:
            await self._start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._atrium.stop()
        for child in (self._rival, self._standin):
            if child is not None:
                await child.stop()

    async def compare(self, streams: int, rounds: int, count: int) -> Compared:
        """`count` answers of each in every round, so many at once."""
        result = Compared(streams)
        for number in range(rounds):
            direct = await ask(self._direct, tokens=self._tokens, streams=streams, count=count)
            for name, where in (("atrium", result.atrium), ("rival", result.rival)):
                if name not in self._through:
                    continue
                measured = await self._measure(name, direct, streams, count)
                where.append(measured)
                self._workshop.say(
                    f"{streams} at once, round {number + 1}: {name} adds {measured.added_ms:.1f} ms to the first token,"
                    f" {measured.cpu_us:.0f} us of CPU for a token"
                )
        return result

    async def share(self, rounds: int, tokens: int) -> list[Shared]:
        """One answer that 200 read, some times."""
        found = []
        for number in range(rounds):
            stream_id = await self._begin(tokens)
            processes = self._processes["atrium"]
            before, begin = usage.cpu(processes), monotonic()
            await readers.read(self._through["atrium"].port, stream_id, self._token, readers=READERS, tokens=tokens)
            used = usage.since(before, usage.cpu(processes))
            per = 1e6 / (tokens * READERS)
            idle = self._idle["atrium"] * (monotonic() - begin)
            shared = Shared((sum(used.values()) - idle) * per, {name: seconds * per for name, seconds in used.items()})
            self._workshop.say(f"{READERS} readers, round {number + 1}: {shared.cpu_us:.1f} us for a token and reader")
            found.append(shared)
        return found

    async def _measure(self, name: str, direct: Asked, streams: int, count: int) -> Measured:
        processes = self._processes[name]
        before = usage.cpu(processes)
        asked = await ask(self._through[name], tokens=self._tokens, streams=streams, count=count)
        used = sum(usage.since(before, usage.cpu(processes)).values())
        idle = self._idle[name] * asked.seconds
        added = statistics.median(asked.first_token_ms) - statistics.median(direct.first_token_ms)
        return Measured(asked, added, 1e6 * (used - idle) / asked.tokens, 1e6 * idle / asked.tokens)

    # Starting

    async def _start(self) -> None:
        (port,) = free_ports(1)
        self._direct = Target(port, self._direct.path, self._direct.key, self._direct.model)
        self._standin = await spawn(
            "stand-in",
            [sys.executable, "-m", "loadtest.standins", "--port", str(port)],
            ready="ready on",
            environment=os.environ,
            folder=_ROOT,
        )
        upstream = f"http://127.0.0.1:{port}/openai/v1"
        await self._start_atrium(upstream)
        if self._with_rival:
            await self._start_rival(upstream)
        for name, target in self._through.items():
            await ask(target, tokens=self._tokens, streams=min(STREAMS[-1], WARM_UP), count=WARM_UP)
            self._idle[name] = await self._cpu_when_idle(name)

    async def _start_atrium(self, upstream: str) -> None:
        self._workshop.say("starting Atrium")
        os.environ |= {"OPENAI_BASE_URL": upstream, "OPENAI_API_KEY": "standin", "NO_PROXY": "127.0.0.1"}
        await self._atrium.start()
        self._processes["atrium"] = self._atrium.serving() | self._atrium.aside()
        environment = psutil.Process(self._atrium.serving()["gateway-1"]).environ()
        port = int(environment["ATRIUM_PORT"])
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30.0) as http:
            made = (await http.post("/api/auth/guest", json={})).raise_for_status().json()
        self._token = str(made["access_token"])
        connection = await asyncpg.connect(environment["DATABASE_URL"])
        try:
            # Guests may not ask models without a price, nor ten at once.
            await connection.execute("UPDATE users SET tier = 'enterprise' WHERE id = $1", made["user"]["id"])
        finally:
            await connection.close()
        self._through["atrium"] = Target(port, "/v1/chat/completions", self._token, f"openai/{self._model}")

    async def _start_rival(self, upstream: str) -> None:
        await rival.install(self._workshop)
        self._workshop.say("starting LiteLLM")
        name = f"openai/{self._model}"
        self._rival, port = await rival.start(self._workshop, upstream, {name: self._model})
        self._processes["rival"] = {"litellm": self._rival.pid}
        self._through["rival"] = Target(port, "/v1/chat/completions", rival.KEY, name)

    async def _cpu_when_idle(self, name: str) -> float:
        """Seconds of CPU in a second without questions."""
        before = usage.cpu(self._processes[name])
        await asyncio.sleep(self._idle_seconds)
        return sum(usage.since(before, usage.cpu(self._processes[name])).values()) / self._idle_seconds

    async def _begin(self, tokens: int) -> str:
        """A stream that says nothing yet; its id."""
        model = f"openai/say-{tokens}-at-{PAUSE_MS}ms-late-2000ms"
        port = self._through["atrium"].port
        async with (
            httpx.AsyncClient(headers={"Authorization": f"Bearer {self._token}"}) as http,
            http.stream(
                "POST", f"http://127.0.0.1:{port}/api/ai/stream", json={"prompt": "Count, please.", "model": model}
            ) as answer,
        ):
            return str(answer.raise_for_status().headers["X-Stream-Id"])
