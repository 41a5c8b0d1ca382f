"""One supervised process: started, watched, started again after a death, stopped. Built by `supervisor`.

waiting ──spawn──► running ──death──► waiting (back-off) ──► running …
                      └──stop()──► ended
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from gateway.launch import exec_child
from gateway.launch.account import Account
from gateway.launch.errors import ChildFailed
from gateway.launch.home import Home, reason_in
from gateway.launch.limits import OPEN_FILES, RESTART_FIRST, RESTART_MOST, RESTART_RESET_AFTER, START_ATTEMPTS
from gateway.launch.process import Process
from gateway.launch.report import say


@dataclass(frozen=True)
class Program:
    """What to run: under which name, with what environment, how to ask it to end, and how long to wait then."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]
    directory: Path
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within: float = 5.0
    account: Account | None = None
    url: str | None = None
    before: Callable[[], None] = field(default=lambda: None)  # run before each start, also after a death


async def spawn(program: Program, log: Path) -> asyncio.subprocess.Process:
    """Start a program with its output in a log, in a session of its own: Ctrl-C in a terminal is ours alone."""
    plan = {
        "uid": program.account.uid if program.account else None,
        "gid": program.account.gid if program.account else None,
        "capabilities": program.account.capabilities if program.account else [],
        "death_signal": program.stop_signal,
        "parent": os.getpid(),
        "open_files": OPEN_FILES,
    }
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", exec_child.__file__, json.dumps(plan), *program.command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=program.environment,
            cwd=program.directory,
            start_new_session=True,
        )


async def run_once(program: Program, home: Home, within: float) -> None:
    """Run a program to its end; raises ChildFailed with the reason that its log gives."""
    log = home.log(program.name)
    since = size_of(log)
    process = await spawn(program, log)
    try:
        async with asyncio.timeout(within):
            status = await process.wait()
    except TimeoutError:
        raise ChildFailed(f"{program.name} did not end within {within:.0f} s; see {log}") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if status != 0:
        raise ChildFailed(f"{program.name} failed: {reason_in(log, since)} (all of it: {log})")


def size_of(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def back_off(previous: float, alive: float) -> float:
    """Seconds to wait before the next start, from the last wait (0 for none) and how long the child lived."""
    if alive >= RESTART_RESET_AFTER or previous == 0:
        return RESTART_FIRST
    return min(previous * 2, RESTART_MOST)


def how_it_ended(status: int) -> str:
    """An exit status as `subprocess` gives it, in words."""
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"ended with status {status}"


class Child:
    """A program that is kept running until `stop`. `changed` is called after each start and each end."""

    def __init__(self, program: Program, home: Home, changed: Callable[[], None]) -> None:
        self.program = program
        self.process: Process | None = None
        self.deaths = 0
        self._home = home
        self._changed = changed
        self._handle: asyncio.subprocess.Process | None = None
        self._log_size = 0  # of its log when it was started last
        self._stopping = asyncio.Event()
        self._task = asyncio.create_task(self._keep_running(), name=program.name)

    async def _keep_running(self) -> None:
        wait = 0.0
        while not self._stopping.is_set():
            began = time.monotonic()
            how = await self._run_until_death()
            self.deaths += 1
            if self._stopping.is_set():
                return
            wait = back_off(wait, time.monotonic() - began)
            say(f"{self.program.name} {how}; starting it again in {wait:.1f} s")
            with suppress(TimeoutError):  # which means: not stopped meanwhile
                await asyncio.wait_for(self._stopping.wait(), wait)

    async def _run_until_death(self) -> str:
        """Start the program once; how it ended, in words. A full disk or process table is one more way to die."""
        program = self.program
        try:
            program.before()
            log = self._home.log(program.name)
            self._log_size = size_of(log)
            self._handle = await spawn(program, log)
        except OSError as refused:
            return f"could not be started ({refused})"
        self.process = Process.of(self._handle.pid)
        self._changed()
        say(f"{program.name} started (pid {self.process.pid}){f' at {program.url}' if program.url else ''}")
        status = await self._handle.wait()
        self.process = None
        self._changed()
        return how_it_ended(status)

    def check(self) -> None:
        """Raise if it keeps dying before it was ever ready."""
        if self.deaths >= START_ATTEMPTS:
            log = self._home.log(self.program.name)
            raise ChildFailed(
                f"{self.program.name} does not start: {reason_in(log, self._log_size)} (all of it: {log})"
            )

    async def stop(self, hurry: asyncio.Event, hurried: float) -> None:
        """Ask it to end, wait for as long as it may take (or shorter, once `hurry` is set), then kill it."""
        self._stopping.set()
        handle, process = self._handle, self.process
        if handle is not None and process is not None:
            # Not by the handle's own methods: those may collect the exit status before asyncio can.
            process.signal(self.program.stop_signal)
            process.signal(signal.SIGCONT)  # a frozen process would not hear the first
            if not await ended(handle, self.program.stop_within, hurry, hurried):
                say(f"{self.program.name} did not end in time; killing it")
                process.signal(signal.SIGKILL)
        await self._task


async def ended(handle: asyncio.subprocess.Process, within: float, hurry: asyncio.Event, hurried: float) -> bool:
    """Wait for a process to end; True if it did."""
    exit_seen = asyncio.ensure_future(handle.wait())
    hurry_seen = asyncio.ensure_future(hurry.wait())
    try:
        await asyncio.wait({exit_seen, hurry_seen}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        if not exit_seen.done() and hurry_seen.done():
            await asyncio.wait({exit_seen}, timeout=hurried)
        return exit_seen.done()
    finally:
        exit_seen.cancel()
        hurry_seen.cancel()
