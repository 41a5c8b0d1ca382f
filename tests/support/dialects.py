"""How the raw client says the same in both dialects. Used by tests/support/raw_client.py and line.py.

The messages that both share (step 1, step 2, update) are bodies; a dialect puts its address before them, knows what
comes before the first one, and counts what the server acknowledged.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from tests.support.lib0 import read_sized, read_uint, sized

Speaks = Literal["y-websocket", "hocuspocus"]
BOTH: tuple[Speaks, ...] = ("y-websocket", "hocuspocus")
PING, PONG = b"\x09", b"\x0a"


class Dialect(Protocol):
    """One document, as one connection speaks of it."""

    @property
    def address(self) -> bytes:
        """What its messages name before their body; empty where a connection has one document."""

    @property
    def hello(self) -> bytes:
        """The body before all others, or nothing."""

    def answered(self, body: bytes, before: int) -> int:
        """How many of the connection's step-2 and update messages are answered after this, of `before` before it."""

    def complaint(self, body: bytes) -> str:
        """How the server refuses something; empty where it does not."""


@dataclass(frozen=True)
class YWebsocket:
    """With `?acks=1`: `7f n` says that the first n messages are durable (SPEC D2)."""

    address: ClassVar[bytes] = b""
    hello: ClassVar[bytes] = b""

    def answered(self, body: bytes, before: int) -> int:
        return read_uint(body, 1)[0] if body[0] == 0x7F else before

    def complaint(self, body: bytes) -> str:
        return f"permission denied: {text(body, 2)}" if body[:2] == b"\x02\x00" else ""


@dataclass(frozen=True)
class Hocuspocus:
    """A SyncStatus for each message (SPEC D3); a token, under the name that all its messages begin with."""

    document: str
    token: str

    @property
    def address(self) -> bytes:
        return self.document.encode()

    @property
    def hello(self) -> bytes:
        return b"\x02\x00" + sized(self.token.encode()) + sized(b"4.8.0")

    def answered(self, body: bytes, before: int) -> int:
        return before + 1 if body[0] == 8 else before

    def complaint(self, body: bytes) -> str:
        if body[:2] == b"\x02\x01":
            return f"denied: {text(body, 2)}"
        if body[0] == 7:
            return f"closed: {text(body, 1)}"
        return "a message was refused" if body == b"\x08\x00" else ""


def pack(dialect: Dialect, body: bytes) -> bytes:
    """A frame for the server."""
    return sized(dialect.address) + body if dialect.address else body


def unpack(frame: bytes) -> tuple[bytes, bytes]:
    """Address and body of a Hocuspocus frame."""
    address, at = read_sized(frame, 0)
    return address, frame[at:]


def text(body: bytes, at: int) -> str:
    return read_sized(body, at)[0].decode()
