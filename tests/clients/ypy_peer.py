"""A process with the ypy-websocket client in it; tests/clients/peer.py starts it, and speaks as with js/peer.mjs.

ypy-websocket and y-py are abandoned, and still deployed. The client asks for a websocket with `path`, `send` and
`recv`; aiohttp's needs an adapter of ten lines. It knows neither presence nor `synced`, and it sends every update that
it receives back to the server: a server must bear that.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import y_py
from ypy_websocket.websocket_provider import WebsocketProvider

LINE_BYTES = 64 * 1024 * 1024
"""One command; the longest inserts a few megabytes."""


class AiohttpWebsocket:
    """An aiohttp client socket, as ypy-websocket wants it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, path: str) -> None:
        self._socket = socket
        self.path = path

    async def send(self, message: bytes) -> None:
        """Send one message."""
        await self._socket.send_bytes(message)

    async def recv(self) -> bytes:
        """The next message; raises when the socket is closed, which ends the provider's loop."""
        return await self._socket.receive_bytes()

    def __aiter__(self) -> AiohttpWebsocket:
        return self

    async def __anext__(self) -> bytes:
        message = await self._socket.receive()
        if message.type is not aiohttp.WSMsgType.BINARY:
            raise StopAsyncIteration
        return bytes(message.data)


@dataclass
class Session:
    """One document and its connection, in a task of its own: anyio wants its scopes left where they began."""

    doc: Any = field(default_factory=lambda: y_py.YDoc(offset_kind="utf16"))
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    connection: asyncio.Task[None] | None = None

    async def connect(self, url: str, document: str, token: str) -> None:
        """Connect as the package's README says. Raises what aiohttp raises if that fails."""
        connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.connection = asyncio.create_task(self._stay(url, document, token, connected))
        await asyncio.wait((connected, self.connection), return_when=asyncio.FIRST_COMPLETED)
        if self.connection.done():
            self.connection.result()

    async def disconnect(self) -> None:
        """Close the provider and its socket."""
        self.leaving.set()
        if self.connection is not None:
            await self.connection

    async def _stay(self, url: str, document: str, token: str, connected: asyncio.Future[None]) -> None:
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(f"{url}/{document}", params={"token": token}, max_msg_size=0) as socket,
            WebsocketProvider(self.doc, AiohttpWebsocket(socket, document)),
        ):
            connected.set_result(None)
            await self.leaving.wait()


VIEWS: dict[str, Callable[[Session, str], Any]] = {
    "text": lambda session, root: str(session.doc.get_text(root)),
    "length": lambda session, root: len(session.doc.get_text(root)),
    "digest": lambda session, root: _digest(str(session.doc.get_text(root))),
}


def _digest(text: str) -> dict[str, Any]:
    units = len(text.encode("utf-16-le")) // 2
    return {"length": units, "sha256": hashlib.sha256(text.encode()).hexdigest()}


class Commands:
    """What the test may ask; the names are those of js/*.mjs."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}

    async def open(self, session: str, url: str, document: str, token: str, kind: str = "ypy-websocket") -> Any:
        """Connect a new document."""
        assert kind == "ypy-websocket"
        opened = self.sessions[session] = Session()
        opened.doc.observe_after_transaction(lambda _event: opened.changed.set())
        await opened.connect(url, document, token)
        return {"client": "0"}  # y-py does not say its client id, and has no presence to show it in

    async def insert(self, session: str, at: int, text: str, root: str = "content") -> None:
        """Insert at a UTF-16 position."""
        doc = self.sessions[session].doc
        with doc.begin_transaction() as transaction:
            doc.get_text(root).insert(transaction, at, text)

    async def delete(self, session: str, at: int, length: int, root: str = "content") -> None:
        """Delete UTF-16 units."""
        doc = self.sessions[session].doc
        with doc.begin_transaction() as transaction:
            doc.get_text(root).delete_range(transaction, at, length)

    async def wait(
        self, session: str, view: str, equals: Any = None, root: str = "content", seconds: float = 20
    ) -> Any:
        """Look until the view equals what is expected; without an expectation, once."""
        waited = self.sessions[session]
        seen = None
        try:
            async with asyncio.timeout(seconds):
                while (seen := VIEWS[view](waited, root)) != equals and equals is not None:
                    waited.changed.clear()
                    await waited.changed.wait()
        except TimeoutError:
            shown = f"{view} was not {str(equals)[:2000]!r} within {seconds} s, but {str(seen)[:2000]!r}"
            raise TimeoutError(f"{session}: {shown}") from None
        return seen

    async def disconnect(self, session: str) -> None:
        """Close the provider and its socket."""
        await self.sessions[session].disconnect()


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


async def _obey(commands: Commands, line: bytes) -> None:
    command = json.loads(line)
    number, op = command.pop("id"), command.pop("op")
    try:
        _say({"id": number, "result": await getattr(commands, op)(**command)})
    except Exception as error:  # noqa: BLE001 - whatever it is, the test is told
        _say({"id": number, "error": f"{type(error).__name__}: {error}"})


async def main() -> None:
    """Obey until stdin ends."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: _say({"fault": repr(context)}))
    lines = asyncio.StreamReader(limit=LINE_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    commands = Commands()
    async with asyncio.TaskGroup() as obeying:
        async for line in lines:
            obeying.create_task(_obey(commands, line))
    for session in commands.sessions.values():
        await session.disconnect()


if __name__ == "__main__":
    asyncio.run(main())
