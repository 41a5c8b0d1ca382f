"""The map of `up`: what starts after what, what runs, and what stops before what. Called by `__main__`.

lock ► leftovers ► ports ► PostgreSQL, Valkey ► migrate ► gateways, workers ► ready
stop: gateways, AI workers ► workers ► Valkey ► PostgreSQL
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial

from gateway.launch import postgres, valkey
from gateway.launch.child import Child, Program, run_once
from gateway.launch.errors import LaunchError
from gateway.launch.home import Home
from gateway.launch.instance import Instance, Listed, only_one
from gateway.launch.leftovers import end_leftovers
from gateway.launch.limits import (
    MIGRATE,
    START_READY,
    START_SERVER,
    STOP_AI,
    STOP_GATEWAY,
    STOP_HURRIED,
    STOP_WORKER,
)
from gateway.launch.log_files import keep_small
from gateway.launch.ownership import settle
from gateway.launch.process import Process
from gateway.launch.report import say
from gateway.launch.settings import CHECKOUT, Settings
from gateway.launch.waiting import check_ports, gateway_ready, until_ready


async def up(settings: Settings) -> None:
    """Start everything, say so, and keep it running until SIGTERM, SIGINT or SIGHUP; then stop everything."""
    settle(settings.home)
    settings.home.create()
    with only_one(settings.home):
        asked, hurry = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # `nohup ./atrium up` is to outlive its terminal
            loop.add_signal_handler(number, lambda: hurry.set() if asked.is_set() else asked.set())
        supervisor = Supervisor(settings)
        shortening = asyncio.create_task(keep_small(settings.home.logs))
        starting = asyncio.create_task(supervisor.start())
        stop_asked = asyncio.create_task(asked.wait())
        try:
            await asyncio.wait({starting, stop_asked}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                await stop_asked
        finally:
            asked.set()  # from here on a signal means: hurry
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            stop_asked.cancel()
            await supervisor.stop(hurry)
            shortening.cancel()


class Supervisor:
    """The running children, in the order in which they were started."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._home: Home = settings.home
        self._me = Process.of(os.getpid())
        self._children: list[Child] = []

    async def start(self) -> None:
        settings, home = self._settings, self._home
        await end_leftovers(home)
        check_ports(settings.host, settings.ports)
        await self._check_external()
        say(f"starting in {home.root}")
        environment = self._environment()
        if settings.database_url is None:
            await postgres.end_unlisted(home.postgres)
            if not home.postgres.exists():
                say("making the database (once)")
            await self._start_server(await postgres.prepare(home), partial(postgres.answers, home))
        if settings.redis_url is None:
            await self._start_server(valkey.prepare(home, settings.appendfsync), partial(valkey.answers, home))
        say("migrating the database")
        await run_once(self._module("migrate", "store.migrate", environment), home, MIGRATE)
        gateways = [self._add(self._gateway(number, environment)) for number in range(settings.gateways)]
        for number in range(settings.workers):
            name = f"worker-{number + 1}"
            self._add(self._module(name, "workers", environment | {"ATRIUM_NAME": name}, stop_within=STOP_WORKER))
        named = environment | {"ATRIUM_NAME": "ai-1"}
        self._add(self._module("ai-1", "workers", named, "ai", stop_within=STOP_AI))
        host = settings.reachable_host.strip("[]")
        for child, port in zip(gateways, settings.ports, strict=True):
            await until_ready(child, partial(gateway_ready, host, port, child), START_READY)
        if settings.host in ("0.0.0.0", "::") and settings.public_url is None:
            say("clients on other machines need ATRIUM_PUBLIC_URL to say how they reach this one")
        say(f"ready {settings.url(settings.port)}")

    async def stop(self, hurry: asyncio.Event) -> None:
        """Gateways first, because they write what they hold, and AI workers, whose answers people read there;
        the servers last, because the others write to them."""
        for group in (("gateway-", "ai-"), ("worker-",), ("valkey",), ("postgres",)):
            children = [child for child in self._children if child.program.name.startswith(group)]
            if children:
                say(f"stopping {', '.join(child.program.name for child in children)}")
            await asyncio.gather(*(child.stop(hurry, STOP_HURRIED) for child in children))
        self._home.instance.unlink(missing_ok=True)
        say("stopped")

    def _add(self, program: Program) -> Child:
        child = Child(program, self._home, self._record)
        self._children.append(child)
        return child

    def _record(self) -> None:
        listed = tuple(
            Listed(child.program.name, child.process, child.program.url) for child in self._children if child.process
        )
        try:
            Instance(self._me, self._settings.url(self._settings.port), listed).write(self._home.instance)
        except OSError as refused:
            say(f"cannot record which processes run: {refused}")  # a full disk; keeping them running matters more

    async def _start_server(self, program: Program, answers: Callable[[], Awaitable[bool]]) -> None:
        await until_ready(self._add(program), answers, START_SERVER)

    async def _check_external(self) -> None:
        """Ask servers that are not ours whether we can use them, before anything is started."""
        settings = self._settings
        if settings.database_url is None and settings.redis_url is None:
            return
        from store.probe import complaints  # only here: it brings the client libraries with it

        for line in await complaints(settings.database_url, settings.redis_url):
            raise LaunchError(line)

    def _environment(self) -> dict[str, str]:
        settings = self._settings
        return os.environ | {
            "DATABASE_URL": settings.database_url or postgres.url(self._home),
            "REDIS_URL": settings.redis_url or valkey.url(self._home),
            "ATRIUM_SECRET": settings.secret or self._home.secret(),
            "ATRIUM_HOME": str(self._home.root),
            "PYTHONUNBUFFERED": "1",
        }

    def _gateway(self, number: int, environment: dict[str, str]) -> Program:
        settings, port = self._settings, self._settings.ports[number]
        name = f"gateway-{number + 1}"
        own = {
            "ATRIUM_NAME": name,
            "ATRIUM_HOST": settings.host,
            "ATRIUM_PORT": str(port),
            "ATRIUM_PUBLIC_URL": settings.public_url or settings.url(port),
        }
        return self._module(name, "gateway", environment | own, stop_within=STOP_GATEWAY, url=settings.url(port))

    def _module(
        self,
        name: str,
        module: str,
        environment: dict[str, str],
        *arguments: str,
        stop_within: float = 5.0,
        url: str | None = None,
    ) -> Program:
        command = (sys.executable, "-m", module, *arguments)
        return Program(name, command, environment, CHECKOUT, stop_within=stop_within, url=url)
