"""A client with a replica of its own, for tests that count: either dialect with acknowledgements, over raw frames.

    begin ──► hello, step 1 ──► (server's step 1 ──► step 2), edits as updates ──► `7f n` or SyncStatus: acknowledged

Like a stock client it keeps its document over reconnects and tells the server what that lacks. Unlike one it knows
which of its edits are acknowledged, and notes whenever the server asks again for one of those (SPEC [D8]). Used by
tests/support/writers.py and by tests/faults.
"""

import asyncio
import itertools
import random
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import aiohttp
from pycrdt import Doc, Text

from tests.support.dialects import Dialect, YWebsocket, pack
from tests.support.lib0 import read_sized, read_uint, sized
from tests.support.line import Line

COME_BACK = {None, 1000, 1001, 1006, 1012, 1013}
"""Close codes after which a client returns; all others mean that somebody did something wrong."""
_ids = itertools.count(1)


class RawClient:
    """One document, over a line of its own or a shared one, for as long as the `async with` lasts.

    `urls` are addresses of the same document through different gateways: the first is used until it fails. On a shared
    line (Hocuspocus) there are none.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        urls: Sequence[str] = (),
        *,
        label: str = "",
        dialect: Dialect | None = None,
        line: Line | None = None,
    ) -> None:
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
        """Complaints: closed with a code that no fault justifies, refused, or acknowledged what was never sent."""
        self.codes: list[int | None] = []
        """With what each connection ended."""
        self.synced = asyncio.Event()
        """Set while connected and in possession of the server's state."""
        self.here = False
        """Whether it is connected or tries to be."""
        self.line = line or Line(http, urls)
        self._shares_line = line is not None
        self._dialect = dialect or YWebsocket()
        self._send: Callable[[bytes], None] | None = None
        self._doc: Doc[Any] = Doc(client_id=self.id)
        self._text = self._doc.get("content", type=Text)
        self._clock = 0
        self._clocks: list[int] = []
        """Our own clock at the end of each token."""
        self._sent: list[int] = []
        """The same for each message of this connection that the server will acknowledge."""
        self._answered = 0
        """How many of those it has."""
        self._local: list[bytes] = []
        self._typing = False
        self._subscription = self._doc.observe(self._observe)

    async def __aenter__(self) -> Self:
        self.here = True
        self.line.add(self)
        if not self._shares_line:
            await self.line.__aenter__()
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
    def reading(self) -> asyncio.Event:
        """Clear it and the client stops reading its socket."""
        return self.line.reading

    @property
    def url(self) -> str:
        """The address that it is connected to, or tries next."""
        return self.line.url

    @property
    def address(self) -> bytes:
        """What the server names before its messages to this client."""
        return self._dialect.address

    def type(self, count: int = 1) -> None:
        """Insert the next token, or as many in one edit, somewhere between others."""
        fresh = [f"<{self.label}:{number}>" for number in range(self.typed + 1, self.typed + count + 1)]
        text = self.text
        at = max(0, text.find("<", random.randrange(len(text)))) if text else 0
        self.insert(at, "".join(fresh))
        self.typed += count
        self._clocks += [self._clock] * count

    def insert(self, at: int, text: str, *, root: str = "content") -> None:
        """Insert ASCII text; sent at once where connected."""
        self._typing = True
        self._doc.get(root, type=Text).insert(at, text)
        self._typing = False
        self._clock += len(text)
        self._flush()

    def delete(self, at: int, length: int) -> None:
        """Delete text; sent at once where connected."""
        self._typing = True
        del self._text[at : at + length]
        self._typing = False
        self._flush()

    def ask(self) -> None:
        """Ask for the whole document again, as if we had nothing."""
        assert self._send is not None
        self._send(pack(self._dialect, b"\x00\x00\x01\x00"))

    async def end(self) -> None:
        """Leave, for good."""
        if self.here:
            self.here = False
            if not self._shares_line:
                await self.line.__aexit__(None, None, None)
            self.line.remove(self)
            self._doc.unobserve(self._subscription)

    # -- what the line tells -----------------------------------------------------------------------

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Connected: say hello, and ask for what we lack."""
        self._sent, self._answered, self._send = [], 0, send
        self._local.clear()  # the step 2 has it
        self.connections += 1
        if self._dialect.hello:
            send(pack(self._dialect, self._dialect.hello))
        send(pack(self._dialect, b"\x00\x00" + sized(self._doc.get_state())))

    def hear(self, body: bytes) -> None:
        """A message of the server."""
        match body[:2]:
            case b"\x00\x00":
                theirs, _ = read_sized(body, 2)
                self._compare(theirs)
                self._say(b"\x00\x01" + sized(self._doc.get_update(theirs)))
            case b"\x00\x01":
                self._doc.apply_update(read_sized(body, 2)[0])
                self.synced.set()
            case b"\x00\x02":
                self._doc.apply_update(read_sized(body, 2)[0])
            case _:
                self._settle(self._dialect.answered(body, self._answered))
                if complaint := self._dialect.complaint(body):
                    self.wrong.append(f"{self.label}: {complaint}")

    def cut(self) -> None:
        """The connection is over."""
        self._send = None
        self.synced.clear()

    def closed(self, code: int | None) -> None:
        """With this code."""
        self.codes.append(code)
        if code not in COME_BACK:
            self.wrong.append(f"{self.label}: closed with {code}")

    def _settle(self, answered: int) -> None:
        if answered == self._answered:
            return
        if not self._answered < answered <= len(self._sent):
            self.wrong.append(f"{self.label}: {answered} of {len(self._sent)} messages acknowledged")
        else:
            self.acknowledged = max(self.acknowledged, self._sent[answered - 1])
        self._answered = answered

    def _compare(self, state_vector: bytes) -> None:
        theirs = clocks(state_vector).get(self.id, 0)
        if theirs < self.acknowledged:
            self.asked_again.append(f"{self.label}: {self.acknowledged} were acknowledged, the server has {theirs}")

    # -- what we send ------------------------------------------------------------------------------

    def _observe(self, event: Any) -> None:
        if self._typing:
            self._local.append(event.update)

    def _flush(self) -> None:
        if self._send is not None:
            for update in self._local:
                self._say(b"\x00\x02" + sized(update))
        self._local.clear()

    def _say(self, body: bytes) -> None:
        assert self._send is not None
        self._send(pack(self._dialect, body))
        self._sent.append(self._clock)


def clocks(state_vector: bytes) -> dict[int, int]:
    """Yjs' state vector: the next clock of each client."""
    count, at = read_uint(state_vector, 0)
    found = {}
    for _ in range(count):
        client, at = read_uint(state_vector, at)
        found[client], at = read_uint(state_vector, at)
    return found
