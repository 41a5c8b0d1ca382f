"""The two ways in which stock clients frame Yjs: y-websocket and Hocuspocus. Pure; used by connections, joiners and
locust users.

y-websocket   00 00 vector · 00 01 update · 00 02 update · 01 presence · 03 who is here?    7f n: the first n are
durable (Atrium)
Hocuspocus    the same behind varString(document), and 02 auth · 08 sync status · 09 ping (without document)
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from loadtest.presence import Seen, states
from loadtest.updates import EMPTY_UPDATE, EMPTY_VECTOR, Run, runs
from loadtest.varint import Reader, write_bytes, write_string, write_uint

SYNC, PRESENCE, AUTH, QUERY_PRESENCE, SYNC_REPLY, HOCUSPOCUS_CLOSE, PING, PONG = 0, 1, 2, 3, 4, 7, 9, 10
DURABLE = 0x7F
_STEP1, _STEP2, _UPDATE = 0, 1, 2


class Matter(Enum):
    """What a message asks of the client at once. Most ask nothing: they are looked at when the measurement is over."""

    NOTHING = auto()
    ASKED = auto()  # the server sent step 1 and wants a step 2
    SYNCED = auto()  # the server answered our step 1
    PINGED = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Heard:
    """One message of the server. `durable` is the number of a cumulative acknowledgement."""

    matter: Matter = Matter.NOTHING
    runs: tuple[Run, ...] = ()
    seen: tuple[Seen, ...] = ()
    durable: int | None = None
    reason: str = ""


class Dialect(Protocol):
    """How one kind of client says what it has to say."""

    def hello(self, document: str, token: str) -> list[bytes]:
        """What the stock client sends when its socket opens, one payload per frame."""

    def sync_reply(self, document: str) -> bytes:
        """An empty step 2: a fresh client has nothing that the server lacks."""

    def update(self, document: str, update: bytes) -> bytes: ...

    def presence(self, document: str, state: bytes) -> bytes: ...

    def hear(self, payload: bytes, *, edits: bool = True) -> Heard:
        """What a message says. Without `edits`, what was typed is not looked at: it may be anything Yjs can hold."""

    def state(self, payload: bytes) -> bytes | None:
        """The update inside a step 2, unread; None for every other message."""


class YWebSocket:
    """y-websocket's frames, without a document name: the URL has it."""

    def hello(self, document: str, token: str) -> list[bytes]:
        return [bytes((SYNC, _STEP1)) + write_bytes(EMPTY_VECTOR)]

    def sync_reply(self, document: str) -> bytes:
        return bytes((SYNC, _STEP2)) + write_bytes(EMPTY_UPDATE)

    def update(self, document: str, update: bytes) -> bytes:
        return bytes((SYNC, _UPDATE)) + write_bytes(update)

    def presence(self, document: str, state: bytes) -> bytes:
        return bytes((PRESENCE,)) + write_bytes(state)

    def hear(self, payload: bytes, *, edits: bool = True) -> Heard:
        return _hear(Reader(payload), edits=edits)

    def state(self, payload: bytes) -> bytes | None:
        return _state(Reader(payload))


class Hocuspocus:
    """Hocuspocus' frames: the document's name in front of each."""

    #: The version that the provider names behind its token.
    provider = "4.8.0"

    def hello(self, document: str, token: str) -> list[bytes]:
        address = write_string(document)
        auth = bytes((AUTH, 0)) + write_string(token) + write_string(self.provider)
        return [address + auth, address + bytes((SYNC, _STEP1)) + write_bytes(EMPTY_VECTOR)]

    def sync_reply(self, document: str) -> bytes:
        return write_string(document) + bytes((SYNC, _STEP2)) + write_bytes(EMPTY_UPDATE)

    def update(self, document: str, update: bytes) -> bytes:
        return write_string(document) + bytes((SYNC, _UPDATE)) + write_bytes(update)

    def presence(self, document: str, state: bytes) -> bytes:
        return write_string(document) + bytes((PRESENCE,)) + write_bytes(state)

    def hear(self, payload: bytes, *, edits: bool = True) -> Heard:
        if payload == bytes((PING,)):
            return Heard(Matter.PINGED)
        return _hear(_behind_address(payload), edits=edits)

    def state(self, payload: bytes) -> bytes | None:
        return None if payload == bytes((PING,)) else _state(_behind_address(payload))


def _behind_address(payload: bytes) -> Reader:
    reader = Reader(payload)
    reader.bytes()
    return reader


def _state(reader: Reader) -> bytes | None:
    if reader.uint() in (SYNC, SYNC_REPLY) and reader.uint() == _STEP2:
        return reader.bytes()
    return None


def _hear(reader: Reader, *, edits: bool) -> Heard:
    kind = reader.uint()
    if kind in (SYNC, SYNC_REPLY):
        step = reader.uint()
        body = reader.bytes()
        if step == _STEP1:
            return Heard(Matter.ASKED)
        matter = Matter.SYNCED if step == _STEP2 else Matter.NOTHING
        return Heard(matter, runs=runs(body) if edits else ())
    if kind == PRESENCE:
        return Heard(seen=states(reader.bytes()))
    if kind == DURABLE:
        return Heard(durable=reader.uint())
    if kind == AUTH and reader.uint() != 2:
        return Heard(Matter.REFUSED, reason="the server refused the token")
    if kind == HOCUSPOCUS_CLOSE:
        return Heard(Matter.REFUSED, reason=reader.string())
    return Heard()


Y_WEBSOCKET = YWebSocket()
HOCUSPOCUS = Hocuspocus()
PONG_PAYLOAD = write_uint(PONG)
