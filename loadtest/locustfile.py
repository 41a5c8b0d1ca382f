"""Users for locust, against a running Atrium: guest → project → room token → /collab, then what people do there.

    ./atrium up
    .venv/bin/locust -f loadtest/locustfile.py --host http://127.0.0.1:8000           # web page on port 8089
    .venv/bin/locust -f loadtest/locustfile.py --host … --headless -u 200 -r 20 -t 60s
    .venv/bin/locust -f loadtest/locustfile.py --host … --headless -u 50 -r 10 -t 30s Editor Reader

The last one has only editors and readers. Users share rooms of ROOM_SIZE. What is recorded: `join` (opening the
document until it is synced, and its size), `edit durable` (from typing to acknowledgement), `edit delivered` (from
typing to another user of this locust process, every SAMPLE-th), `cursor seen` (the same from a move). For numbers to
publish use `./atrium bench`: locust's own cost is far above a server's.
"""

import random
from collections import Counter
from collections.abc import Callable
from time import perf_counter

import gevent
from gevent.lock import BoundedSemaphore
from locust import HttpUser, between, constant_pacing, events, task
from websocket import WebSocketException

from loadtest.dialects import Heard
from loadtest.editor_socket import EditorSocket
from loadtest.updates import FIRST_CLIENT_ID

#: Users that share a document.
ROOM_SIZE = 8
#: One in so many deliveries is recorded: recording costs more than receiving.
SAMPLE = 10
#: The path of the document in every project.
DOCUMENT = "main.md"

_rooms: list["Room"] = []
_making = BoundedSemaphore()
_sockets: dict[int, EditorSocket] = {}


class Room:
    """A project that some users share, and how many came so far. Its owner's room token lets all of them edit."""

    def __init__(self, url: str, project: str, token: str) -> None:
        self.address = f"{url}/collab/{project}/{DOCUMENT}?token={token}&acks=1"
        self.taken = 0


class Someone(HttpUser):
    """What all users have in common: a seat in a room, and a greenlet that reads."""

    abstract = True

    def on_start(self) -> None:
        self.room = self._room()
        self.socket: EditorSocket | None = None
        self.deliveries: Counter[str] = Counter()

    def on_stop(self) -> None:
        self.leave()

    def enter(self) -> EditorSocket:
        """The open connection; opens it where there is none, and records how long that took."""
        if self.socket is None:
            author = random.randrange(1 << 31)
            socket = self._measured("join", lambda: EditorSocket(self.room.address, author))
            self.socket = _sockets[author] = socket
            gevent.spawn(self._listen, socket)
        return self.socket

    def leave(self) -> None:
        if self.socket is not None:
            left, self.socket = self.socket, None  # first, so that the reading greenlet knows that we meant it
            _sockets.pop(left.author, None)
            left.close()

    def _room(self) -> Room:
        with _making:
            if not _rooms or _rooms[-1].taken >= ROOM_SIZE:
                _rooms.append(self._new_room())
            _rooms[-1].taken += 1
            return _rooms[-1]

    def _new_room(self) -> Room:
        guest = self.client.post("/api/auth/guest").json()["access_token"]
        headers = {"Authorization": f"Bearer {guest}"}
        project = self.client.post("/api/projects", json={"name": "locust"}, headers=headers).json()["id"]
        path = f"/api/projects/{project}/token"
        answer = self.client.post(path, headers=headers, name="/api/projects/[id]/token").json()
        return Room(answer["url"], project, answer["token"])

    def _listen(self, socket: EditorSocket) -> None:
        try:
            socket.listen(lambda message: self._heard(socket, message))
        except (WebSocketException, OSError) as error:
            if socket is self.socket:  # not closed by ourselves
                self.leave()
                self._record("connection", 0.0, error=error)

    def _heard(self, socket: EditorSocket, message: Heard) -> None:
        if message.durable is not None:
            for wait in socket.acknowledged(message.durable):
                self._record("edit durable", wait)
        for author, first, end in message.runs:
            writer = _sockets.get(author)
            if writer is None or writer is socket:
                continue
            for clock in range(first, min(end, len(writer.sent))):
                self._delivered("edit delivered", perf_counter() - writer.sent[clock])
        for author, clock in message.seen:
            mover = _sockets.get(author)
            if mover is None or mover is socket:
                continue
            since_move = socket.first_sight(mover, clock)
            if since_move is not None:
                self._delivered("cursor seen", since_move)

    def _delivered(self, name: str, wait: float) -> None:
        self.deliveries[name] += 1
        if self.deliveries[name] % SAMPLE == 0:
            self._record(name, wait)

    def _measured(self, name: str, act: Callable[[], EditorSocket]) -> EditorSocket:
        begin = perf_counter()
        try:
            socket = act()
        except (WebSocketException, OSError) as error:
            self._record(name, perf_counter() - begin, error=error)
            raise
        self._record(name, perf_counter() - begin, length=socket.state_bytes)
        return socket

    def _record(self, name: str, seconds: float, length: int = 0, error: Exception | None = None) -> None:
        events.request.fire(  # type: ignore[no-untyped-call]
            request_type="WS",
            name=name,
            response_time=seconds * 1e3,
            response_length=length,
            exception=error,
            context={},
        )


class Editor(Someone):
    """Types five characters a second, as fast as people do."""

    weight = 4
    wait_time = between(0.1, 0.3)

    @task
    def type(self) -> None:
        self.enter().type()


class Reader(Someone):
    """Is there and reads."""

    weight = 8
    wait_time = between(1.0, 5.0)

    @task
    def read(self) -> None:
        self.enter()


class Joiner(Someone):
    """Opens the document, looks, and leaves."""

    weight = 2
    wait_time = between(0.5, 2.0)

    @task
    def visit(self) -> None:
        self.leave()
        self.enter()


class Mover(Someone):
    """Moves its cursor once a second."""

    weight = 2
    wait_time = constant_pacing(1.0)

    @task
    def move(self) -> None:
        self.enter().move()


assert FIRST_CLIENT_ID + (1 << 31) < 1 << 32, "client ids are 32-bit numbers"
