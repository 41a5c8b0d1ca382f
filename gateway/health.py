"""`/healthz`: the loop lives. `/readyz`: this gateway can work. Asked by load balancers and the launcher.

Whoever owns something that the work needs registers a check in the wiring file: `health.add("redis", ping)`,
where `ping` returns when all is well and raises when not.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from gateway.limits import CHECK_SECONDS, RETRY_AFTER_SECONDS

Check = Callable[[], Awaitable[object]]


class Report(msgspec.Struct, frozen=True):
    """What /readyz answers."""

    ready: bool
    checks: dict[str, str]  # "ok", or what is wrong


class Health:
    """The checks of one process, and whether it is on its way out."""

    def __init__(self, name: str) -> None:
        self.draining = False  # set once, when the process is told to stop
        self._name = name
        self._checks: dict[str, Check] = {}
        self._running: dict[str, asyncio.Task[str]] = {}

    def add(self, name: str, check: Check) -> None:
        """Be ready only if `check` returns; what it raises is shown by its class alone."""
        self._checks[name] = check

    async def report(self) -> Report:
        """Run all checks at the same time, each with its deadline."""
        names = list(self._checks)
        said = dict(zip(names, await asyncio.gather(*map(self._ask, names)), strict=True))
        if self.draining:
            said["draining"] = "this gateway is stopping"
        return Report(ready=all(text == "ok" for text in said.values()), checks=said)

    async def live(self, request: web.Request) -> web.Response:
        """`GET /healthz`. By the process id the launcher sees that no stranger has its port."""
        return web.json_response({"status": "ok", "name": self._name, "pid": os.getpid()})

    async def ready(self, request: web.Request) -> web.Response:
        """`GET /readyz`: 200, or 503 with what is wrong."""
        report = await self.report()
        return web.Response(
            body=msgspec.json.encode(report),
            status=200 if report.ready else 503,
            headers={} if report.ready else {"Retry-After": str(RETRY_AFTER_SECONDS)},
            content_type="application/json",
        )

    async def _ask(self, name: str) -> str:
        # A check that hangs is asked once, however often /readyz is: it may hold a connection, and
        # cancelling a command half way can hand its answer to the connection's next user.
        task = self._running.get(name)
        if task is None:
            task = self._running[name] = asyncio.ensure_future(_outcome(self._checks[name]))
            task.add_done_callback(lambda _: self._running.pop(name, None))
        done, _ = await asyncio.wait({task}, timeout=CHECK_SECONDS)
        return task.result() if done else f"no answer within {CHECK_SECONDS:.0f} s"


async def _outcome(check: Check) -> str:
    try:
        await check()
    except Exception as error:  # noqa: BLE001  whatever it is, the answer is "not ready"; texts may hold secrets
        return type(error).__name__
    return "ok"
