"""A stock-like client in memory: a pycrdt document on one side, a document's Peer on the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pycrdt

from gateway.sockets.frames import CLOSE
from rooms.codec import ywebsocket
from rooms.codec.messages import SyncStep1, SyncStep2, Update
from rooms.document import Document
from rooms.peer import Peer

LATE_MAX = 2
"""What was being merged when a socket filled up still leaves, to all alike; and the part of others, to an author."""


def payload(frame: bytes) -> bytes:
    """What an unmasked server frame carries."""
    assert frame[0] == 0x82 and frame[0] != CLOSE
    size = frame[1]
    assert size < 128, "frames from servers are not masked"
    return frame[{126: 4, 127: 10}.get(size, 2) :]


class Client:
    """Edits `text`, sends what is new, and applies what it gets when `read` is called."""

    def __init__(self, client_id: int | None = None, *, may_write: bool = True) -> None:
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=client_id) if client_id else pycrdt.Doc()
        self.text = self.doc.get("content", type=pycrdt.Text)
        self.may_write = may_write
        self.outbox: list[tuple[str, bytes]] = []
        """What is on its way to the server: ("step 1" | "step 2" | "update", bytes)."""
        self.inbox: list[bytes] = []
        self.sent = 0
        """Step-2 and update messages that the server has received from this connection."""
        self.durable_count = 0
        self.refusals: list[str] = []
        self.socket_is_full = False
        self.late = 0
        """Frames that came although the socket is full."""
        self.peer: Peer | None = None
        self.document: Document | None = None
        self._heard: set[bytes] = set()
        self._applying = False
        self._subscription = self.doc.observe(self._changed)

    def connect(self, document: Document) -> None:
        """A new connection, as y-websocket begins it."""
        assert self.document is None
        self.sent = self.durable_count = 0
        self.socket_is_full = False
        self.peer = Peer(write=self.write, outlet=self, user=bytes(16), may_write=self.may_write)
        self.document = document
        self.outbox = [("step 1", self.doc.get_state())]
        document.join(self.peer)

    def cut(self) -> None:
        """The connection is gone with all that was under way."""
        if self.document is not None and self.peer is not None:
            self.document.leave(self.peer)
        self.document = self.peer = None
        self.outbox, self.inbox = [], []

    def write(self, frame: bytes) -> None:
        """The server's end of the socket."""
        if self.socket_is_full:
            self.late += 1
            assert self.late <= LATE_MAX, "a paused peer is still written to"
        self.inbox.append(payload(frame))

    def fill(self) -> None:
        """Its socket is full."""
        if self.document is not None and self.peer is not None and not self.socket_is_full:
            self.socket_is_full, self.late = True, 0
            self.document.pause(self.peer)

    def drain(self) -> None:
        """Its socket takes more again."""
        if self.document is not None and self.peer is not None and self.socket_is_full:
            self.socket_is_full = False
            self.document.resume(self.peer)

    def send(self, most: int | None = None) -> None:
        """The server receives what is under way."""
        now, self.outbox = self.outbox[:most], self.outbox[most:] if most is not None else []
        for kind, data in now:
            if self.document is None or self.peer is None:
                return
            if kind == "step 1":
                self.document.sync(self.peer, data)
            else:
                self.sent += 1
                self.document.receive(self.peer, data, is_answer=kind == "step 2")

    def read(self, most: int | None = None) -> None:
        """Apply what the server sent, and answer."""
        now, self.inbox = self.inbox[:most], self.inbox[most:] if most is not None else []
        self._applying = True
        for message in now:
            match ywebsocket.decode(message):
                case SyncStep1(state_vector):
                    self.outbox.append(("step 2", self.doc.get_update(state_vector)))
                case SyncStep2(update) | Update(update):
                    self.doc.apply_update(update)
        self._applying = False

    @property
    def all_acknowledged(self) -> bool:
        return self.durable_count == self.sent

    def durable(self, count: int, updates: Sequence[bytes]) -> None:
        assert count == len(updates) > 0
        self.durable_count += count
        assert self.durable_count <= self.sent, "acknowledged more than was sent"

    def refused(self, reason: str) -> None:
        self.refusals.append(reason)

    def broken(self, reason: str) -> None:
        self.refusals.append(reason)
        self.cut()

    def _changed(self, event: pycrdt.TransactionEvent) -> None:
        if not self._applying and self.document is not None:
            self.outbox.append(("update", event.update))


def joined(document: Document, client: Client | None = None) -> Client:
    """A client that has done its handshake."""
    client = client or Client()
    client.connect(document)
    client.send()
    client.read()
    client.send()
    return client
