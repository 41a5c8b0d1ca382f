"""A client with a replica of its own, for tests that count: y-websocket with acknowledgements, over raw frames.

    connect ──► step 1 ──► (server's step 1 ──► step 2), edits as updates ──► `7f n` ──► these are acknowledged
       ▲                                   lost, 1012, 1013, 1006                │
       └──────────────── pause ◄─────────────────────────────────────────────────┘

Like a stock client it keeps its document over reconnects and tells the server what that lacks. Unlike one it knows
which of its edits are acknowledged, and notes whenever the server asks again for one of those (SPEC [D8]). Used by
tests/support/writers.py and by tests/faults.
"""

import asyncio
import itertools
import random
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import aiohttp
from pycrdt import Doc, Text
from yarl import URL

from tests.support.lib0 import read_sized, read_uint, sized

PAUSE_FIRST, PAUSE_MOST = 0.05, 0.5  # seconds between attempts to connect
GREETING = 10.0  # seconds until the server must have accepted a connection; then the next address is tried
COME_BACK = {None, 1000, 1001, 1006, 1012, 1013}
"""Close codes after which a client returns; all others mean that somebody did something wrong."""
_ids = itertools.count(1)


class RawClient:
    """One connection to one document, for as long as the `async with` lasts.

    `urls` are addresses of the same document through different gateways: the first is used until it fails.
    """

    def __init__(self, http: aiohttp.ClientSession, urls: Sequence[str], *, label: str = "") -> None:
        self.id = next(_ids)
        self.label = label or str(self.id)
        self.typed = 0
        """Tokens typed so far: they are `<label:1>`, `<label:2>`, …"""
        self.acknowledged = 0
        """Edits up to this clock of our own are acknowledged."""
        self.connections = 0
        self.asked_again: list[str] = []
        """Complaints: the server asked again for what it had acknowledged."""
        self.wrong: list[str] = []
        """Complaints: closed with a code that no fault justifies, or acknowledged what was never sent."""
        self.codes: list[int | None] = []
        """With what each connection ended."""
        self.synced = asyncio.Event()
        """Set while connected and in possession of the server's state."""
        self.reading = asyncio.Event()
        """Clear it and the client stops reading its socket."""
        self.reading.set()
        self._http = http
        self._urls = deque(urls)
        self._doc: Doc[Any] = Doc(client_id=self.id)
        self._text = self._doc.get("content", type=Text)
        self._clock = 0
        self._clocks: list[int] = []
        """Our own clock at the end of each token."""
        self._sent: list[int] = []
        """The same for each message of this connection that the server will acknowledge."""
        self._local: list[bytes] = []
        self._typing = False
        self._subscription = self._doc.observe(self._observe)
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._outbox: asyncio.Queue[bytes] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._stay_connected(), name=f"client {self.label}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.end()

    # -- what a test asks and does -----------------------------------------------------------------

    @property
    def text(self) -> str:
        return str(self._text)

    @property
    def tokens(self) -> list[str]:
        return [f"<{self.label}:{number}>" for number in range(1, self.typed + 1)]

    @property
    def acknowledged_tokens(self) -> list[str]:
        """Those of them that are acknowledged."""
        return [token for token, clock in zip(self.tokens, self._clocks, strict=True) if clock <= self.acknowledged]

    @property
    def all_acknowledged(self) -> bool:
        return self.acknowledged == self._clock

    @property
    def here(self) -> bool:
        """Whether it is connected or tries to be."""
        return self._task is not None

    @property
    def url(self) -> str:
        """The address that it is connected to, or tries next."""
        return self._urls[0]

    def type(self, count: int = 1) -> None:
        """Insert the next token, or as many in one edit, somewhere between others."""
        fresh = [f"<{self.label}:{number}>" for number in range(self.typed + 1, self.typed + count + 1)]
        text = self.text
        at = max(0, text.find("<", random.randrange(len(text)))) if text else 0
        self.insert(at, "".join(fresh))
        self.typed += count
        self._clocks += [self._clock] * count

    def insert(self, at: int, text: str) -> None:
        """Insert ASCII text; sent at once where connected."""
        self._typing = True
        self._text.insert(at, text)
        self._typing = False
        self._clock += len(text)
        self._flush()

    def delete(self, at: int, length: int) -> None:
        """Delete text; sent at once where connected."""
        self._typing = True
        del self._text[at : at + length]
        self._typing = False
        self._flush()

    async def end(self) -> None:
        """Disconnect, for good."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
            self._doc.unobserve(self._subscription)

    # -- the connection ----------------------------------------------------------------------------

    async def _stay_connected(self) -> None:
        pause = PAUSE_FIRST
        while True:
            came_in = False
            try:
                async with asyncio.timeout(GREETING):
                    socket = await self._http.ws_connect(URL(self._urls[0], encoded=True), max_msg_size=0)
                try:
                    came_in = await self._converse(socket)
                finally:
                    self._socket = None
                    self.synced.clear()
                    await socket.close()
                    self._note(socket.close_code)
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass  # the gateway is away, or went while we spoke: that is what these tests do
            self._urls.rotate(-1)
            pause = PAUSE_FIRST if came_in else min(PAUSE_MOST, pause * 2)
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))

    async def _converse(self, socket: aiohttp.ClientWebSocketResponse) -> bool:
        """Until the connection ends; whether the server said anything."""
        self._sent, self._outbox, self._socket = [], asyncio.Queue(), socket
        self._local.clear()  # the step 2 has it
        self.connections += 1
        sender = asyncio.create_task(self._send(socket, self._outbox))
        self._outbox.put_nowait(b"\x00\x00" + sized(self._doc.get_state()))
        heard = False
        try:
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.BINARY:
                    break
                heard = True
                self._receive(message.data)
                await self.reading.wait()
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)  # unlike `suppress` it lets our own end through
        return heard

    @staticmethod
    async def _send(socket: aiohttp.ClientWebSocketResponse, outbox: asyncio.Queue[bytes]) -> None:
        while True:
            await socket.send_bytes(await outbox.get())

    def _receive(self, frame: bytes) -> None:
        match frame[:2]:
            case b"\x00\x00":
                theirs, _ = read_sized(frame, 2)
                self._compare(theirs)
                self._say(b"\x00\x01" + sized(self._doc.get_update(theirs)))
            case b"\x00\x01":
                self._doc.apply_update(read_sized(frame, 2)[0])
                self.synced.set()
            case b"\x00\x02":
                self._doc.apply_update(read_sized(frame, 2)[0])
            case _ if frame[0] == 0x7F:
                count, _ = read_uint(frame, 1)
                if not 0 < count <= len(self._sent):
                    self.wrong.append(f"{self.label}: acknowledged {count} of {len(self._sent)} messages")
                else:
                    self.acknowledged = max(self.acknowledged, self._sent[count - 1])

    def _compare(self, state_vector: bytes) -> None:
        theirs = clocks(state_vector).get(self.id, 0)
        if theirs < self.acknowledged:
            self.asked_again.append(f"{self.label}: {self.acknowledged} were acknowledged, the server has {theirs}")

    def _note(self, code: int | None) -> None:
        self.codes.append(code)
        if code not in COME_BACK:
            self.wrong.append(f"{self.label}: closed with {code}")

    # -- what we send ------------------------------------------------------------------------------

    def _observe(self, event: Any) -> None:
        if self._typing:
            self._local.append(event.update)

    def _flush(self) -> None:
        if self._socket is not None:
            for update in self._local:
                self._say(b"\x00\x02" + sized(update))
        self._local.clear()

    def _say(self, message: bytes) -> None:
        self._outbox.put_nowait(message)
        self._sent.append(self._clock)


def clocks(state_vector: bytes) -> dict[int, int]:
    """Yjs' state vector: the next clock of each client."""
    count, at = read_uint(state_vector, 0)
    found = {}
    for _ in range(count):
        client, at = read_uint(state_vector, at)
        found[client], at = read_uint(state_vector, at)
    return found
