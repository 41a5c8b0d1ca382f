"""A child process of the bench: started, watched until it says that it is ready, and ended by its process id. Used by
servers/*.
"""

import asyncio
import random
import signal
import socket
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

#: Lines of a child's output that are kept, to be shown when it fails.
KEPT_LINES = 40
#: Seconds that a child has to end after SIGTERM. Atrium's launcher promises 20.
STOP_SECONDS = 25.0
#: Where servers listen: below the range from which outgoing connections take their ports.
PORTS = (20_000, 32_000)


class StartFailed(Exception):
    """A server did not start. The message holds its last output; nothing of it is left running."""


class Child:
    """One process. It is in a session of its own, so that Ctrl-C reaches the bench alone, which then ends its
    children in order.
    """

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.process = process
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._reading: asyncio.Task[None]

    @property
    def pid(self) -> int:
        return self.process.pid

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        await self._reading

    async def _read(self, ready: str) -> None:
        assert self.process.stdout
        async for raw in self.process.stdout:
            line = raw.decode(errors="replace").rstrip()
            self._lines.append(line)
            if ready in line and not self._ready.done():
                self._ready.set_result(line)
        if not self._ready.done():
            self._ready.set_result("")

    async def _until_ready(self, seconds: float) -> None:
        try:
            line = await asyncio.wait_for(self._ready, seconds)
        except TimeoutError:
            line = ""
        except asyncio.CancelledError:
            await self.stop()
            raise
        if not line:
            await self.stop()
            raise StartFailed(f"{self.name} did not start:\n" + "\n".join(self._lines))


async def spawn(
    name: str,
    command: Sequence[str],
    *,
    ready: str,
    environment: Mapping[str, str],
    folder: Path | None = None,
    seconds: float = 30.0,
) -> Child:
    """Starts a process and waits for a line that has `ready` in it. Raises StartFailed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,  # kept open: peers end when it closes (peers/exit-with-parent.cjs)
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=dict(environment),
        cwd=folder,
        start_new_session=True,
    )
    child = Child(name, process)
    child._reading = asyncio.create_task(child._read(ready))
    await child._until_ready(seconds)
    return child


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 in a row that nobody listens on now. Raises StartFailed."""
    for _ in range(100):
        first = random.randrange(*PORTS)
        sockets = [socket.socket() for _ in range(count)]
        try:
            for port, each in enumerate(sockets, start=first):
                each.bind(("127.0.0.1", port))
            return list(range(first, first + count))
        except OSError:
            continue
        finally:
            for each in sockets:
                each.close()
    raise StartFailed(f"no {count} free ports in a row")
