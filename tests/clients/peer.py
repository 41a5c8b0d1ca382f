"""A process of stock JavaScript clients, driven from a test.

The tests of this folder call it; `js/peer.mjs` is the other end. One line of JSON each way per command:

    test ── await peer.call("insert", session="ann", at=0, text="hi") ──►  node
         ◄─ result, or PeerError with the stack of the client            ──

What the client complains about by itself (console.error, uncaught exceptions) is collected in `faults`. Closing the
process raises if there are any: "no error seen by a stock client" is part of every test.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from signal import Signals
from typing import Any, Self

JAVASCRIPT = Path(__file__).parent / "js"

ANSWER_SECONDS = 300.0
"""Longer than any deadline inside the client process, whose errors say more than ours."""

LINE_BYTES = 128 * 1024 * 1024
"""The longest answer: the state of the 20 MB document in base64, with room."""


class PeerError(AssertionError):
    """A command failed in the client process; the text is the client's own. Read its last line first."""


class ClientFault(AssertionError):
    """A stock client complained (console.error, uncaught exception), which no user of Atrium may see."""


class Peer:
    """One client process. Use `node_peer()` or `ypy_peer()`; `call` is safe to use from several tasks at once."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._next_id = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._reader = asyncio.create_task(self._read())
        self.faults: list[str] = []
        self.warnings: list[str] = []

    @classmethod
    async def start(cls, *command: str, env: Mapping[str, str] | None = None) -> Self:
        """Run the command; its first answer waits until it has started, so several may start side by side."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES,
            env={**os.environ, **(env or {})},
        )
        return cls(process)

    async def call(self, op: str, **arguments: Any) -> Any:
        """Obey one command, return its result. Raises PeerError with the client's own words if it fails."""
        self._next_id += 1
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[self._next_id] = answer
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(json.dumps({"id": self._next_id, "op": op, **arguments}).encode() + b"\n")
        await stdin.drain()
        async with asyncio.timeout(ANSWER_SECONDS):
            return await answer

    async def open(self, session: str, **how: Any) -> Session:
        """Open a provider (`kind`, `url`, `document`, `token`, …: see `open` in js/connection.mjs)."""
        opened = await self.call("open", session=session, **how)
        return Session(self, session, str(opened["client"]))

    def signal(self, number: Signals) -> None:
        """Send a signal to the process; SIGSTOP freezes all its clients, SIGCONT wakes them."""
        self._process.send_signal(number)

    async def kill(self) -> None:
        """End it as a power cut does: no goodbye of any client reaches the server."""
        self._process.kill()
        await self._process.wait()

    async def close(self) -> None:
        """End it in order. Raises ClientFault if a client in it complained at any time."""
        if self._process.returncode is None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            try:
                async with asyncio.timeout(10):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        await self._reader
        if self.faults:
            raise ClientFault("\n".join(self.faults))

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            match json.loads(line):
                case {"id": int(number), "error": str(words)}:
                    self._settle(number).set_exception(PeerError(words))
                case {"id": int(number), "result": result}:
                    self._settle(number).set_result(result)
                case {"fault": str(words)}:
                    self.faults.append(words)
                case {"warning": str(words)}:
                    self.warnings.append(words)
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(PeerError("the client process ended before it answered"))

    def _settle(self, number: int) -> asyncio.Future[Any]:
        answer = self._waiting.pop(number)
        # A test that gave up has cancelled its future; its answer goes to nobody.
        return asyncio.get_running_loop().create_future() if answer.cancelled() else answer


class Session:
    """One open provider in a peer: the few commands that most tests use, by name. The rest: `do("command", …)`."""

    def __init__(self, peer: Peer, name: str, client: str) -> None:
        self.peer = peer
        self.name = name
        self.client = client
        """The Yjs client id, as a string: what `present` lists."""

    async def do(self, op: str, **arguments: Any) -> Any:
        """Any command of js/*.mjs on this session."""
        return await self.peer.call(op, session=self.name, **arguments)

    async def see(self, view: str, **expected: Any) -> Any:
        """Look at a view of js/views.mjs until it is as `equals`, `includes`, `excludes` or `count` say."""
        return await self.do("wait", view=view, **expected)

    async def synced(self) -> Self:
        """Wait until the client holds what the server has."""
        await self.see("synced", equals=True)
        return self

    async def insert(self, at: int, text: str, **more: Any) -> None:
        """Insert into the main text, at a UTF-16 position."""
        await self.do("insert", at=at, text=text, **more)

    async def text(self) -> str:
        """The main text now."""
        return str(await self.see("text"))


async def all_see(sessions: Sequence[Session], view: str, **expected: Any) -> None:
    """Wait until every one of the sessions sees the same."""
    await asyncio.gather(*(session.see(view, **expected) for session in sessions))


@asynccontextmanager
async def node_peer() -> AsyncIterator[Peer]:
    """A Node process with y-websocket 3 and 2 and the Hocuspocus provider in it."""
    peer = await Peer.start("node", str(JAVASCRIPT / "peer.mjs"))
    try:
        yield peer
    finally:
        await peer.close()


@asynccontextmanager
async def ypy_peer() -> AsyncIterator[Peer]:
    """A Python process with the ypy-websocket client in it; apart, because y-py can abort its process."""
    peer = await Peer.start(sys.executable, str(Path(__file__).with_name("ypy_peer.py")))
    try:
        yield peer
    finally:
        await peer.close()
