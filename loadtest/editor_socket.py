"""A blocking WebSocket client of Atrium for locust users: greenlets read while users type. Used by locustfile.py.

It speaks y-websocket with `acks=1` through the codecs of the benchmarks; only the socket itself is websocket-client's,
since that one yields to gevent.
"""

from collections.abc import Callable
from contextlib import suppress
from time import perf_counter

import websocket

from loadtest.dialects import Y_WEBSOCKET, Heard, Matter
from loadtest.presence import cursor
from loadtest.updates import edit

#: Seconds in which a server has to answer the handshake and the first sync.
OPEN_SECONDS = 30.0


class EditorSocket:
    """One connection to one document. `author` must be unique within the document, and new: its clocks begin at 0."""

    def __init__(self, url: str, author: int) -> None:
        """Connects and waits for the document's state. Raises websocket.WebSocketException or OSError."""
        self.author = author
        #: When each edit left, by its clock.
        self.sent: list[float] = []
        #: When each cursor state left; their clocks begin at 1.
        self.moved: list[float] = []
        self.state_bytes = 0
        self._acknowledged = 0
        self._seen: dict[int, int] = {}
        self._socket = websocket.create_connection(url, timeout=OPEN_SECONDS)
        for payload in Y_WEBSOCKET.hello("", ""):
            self._socket.send_binary(payload)
        while True:
            payload = self._receive()
            state = Y_WEBSOCKET.state(payload)
            if state is not None:
                self.state_bytes = len(state)
                break
            self._answer(Y_WEBSOCKET.hear(payload))
        self._socket.settimeout(None)
        self._opened = perf_counter()

    def type(self) -> None:
        """Types one character."""
        update = edit(self.author, len(self.sent))
        self.sent.append(perf_counter())
        self._socket.send_binary(Y_WEBSOCKET.update("", update))

    def move(self) -> None:
        """Moves the cursor."""
        self.moved.append(perf_counter())
        self._socket.send_binary(Y_WEBSOCKET.presence("", cursor(self.author, len(self.moved))))

    def listen(self, heard: Callable[[Heard], None]) -> None:
        """Calls `heard` for every message until the connection ends. Raises websocket.WebSocketException or OSError."""
        while True:
            message = Y_WEBSOCKET.hear(self._receive())
            self._answer(message)
            heard(message)

    def acknowledged(self, count: int) -> list[float]:
        """Seconds that the edits waited which an acknowledgement of `count` messages names for the first time."""
        upto = min(count - 1, len(self.sent))  # the empty step 2 was the first message
        now = perf_counter()
        waits = [now - left for left in self.sent[self._acknowledged : upto]]
        self._acknowledged = max(self._acknowledged, upto)
        return waits

    def first_sight(self, mover: "EditorSocket", clock: int) -> float | None:
        """Seconds from a cursor's move until now, where it is new to us; None for repetitions, and for what was there
        before we came.
        """
        if clock <= self._seen.get(mover.author, 0) or clock > len(mover.moved):
            return None
        self._seen[mover.author] = clock
        left = mover.moved[clock - 1]
        return perf_counter() - left if left > self._opened else None

    def close(self) -> None:
        """Says goodbye and closes, without waiting for the answer: another greenlet may be reading."""
        with suppress(websocket.WebSocketException, OSError):  # the connection may have ended by itself
            self._socket.send_close()
        self._socket.shutdown()  # type: ignore[no-untyped-call]

    def _receive(self) -> bytes:
        payload = self._socket.recv()
        if not isinstance(payload, bytes) or not payload:
            raise websocket.WebSocketConnectionClosedException("the server closed the connection")
        return payload

    def _answer(self, message: Heard) -> None:
        if message.matter is Matter.ASKED:
            self._socket.send_binary(Y_WEBSOCKET.sync_reply(""))
