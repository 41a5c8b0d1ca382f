"""Many clients in many rooms, typing on a schedule. Used by measure/edits, measure/cursors, measure/acks and
measure/idle.
"""

import asyncio
import random
from array import array
from collections.abc import Callable, Sequence
from time import perf_counter

from loadtest.connection import Connection, Intake, Seat, connect
from loadtest.presence import cursor
from loadtest.servers import Server
from loadtest.tally import LATENCIES, Receiver, Tally, count_edits, missing
from loadtest.updates import edit

#: Connections that are being opened at one moment; more would measure the listen backlog.
OPENING_AT_ONCE = 64
#: Seconds in which a server has to take in the whole crowd.
OPEN_SECONDS = 120.0
#: Seconds without an edit after which everything has arrived.
QUIET_SECONDS = 0.4


class Crowd:
    """`rooms` × `clients` connections. Client i of a room is author number `room * clients + i`."""

    def __init__(self, server: Server, rooms: int, clients: int) -> None:
        self.rooms, self.clients = rooms, clients
        self.sent: list[array[float]] = [array("d") for _ in range(rooms * clients)]
        self.receivers: list[Receiver] = []
        self._server = server
        self._intake = Intake(server.dialect)

    async def open(self, *, acknowledged: bool = False, first_room: int = 0) -> None:
        """Connects everybody, or everybody from `first_room` on. Raises an ExceptionGroup of WireError and OSError,
        or TimeoutError.
        """
        gate = asyncio.Semaphore(OPENING_AT_ONCE)

        async def one(seat: Seat) -> Connection:
            async with gate:
                return await connect(seat, self._intake)

        seats = [
            self._server.seat(room, client, acknowledged=acknowledged)
            for room in range(first_room, self.rooms)
            for client in range(self.clients)
        ]
        async with asyncio.timeout(OPEN_SECONDS), asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(seat)) for seat in seats]
        self.receivers = [Receiver(task.result(), number) for number, task in enumerate(tasks)]

    def room(self, number: int) -> list[Receiver]:
        return self.receivers[number * self.clients : (number + 1) * self.clients]

    def sample(self, expected: int) -> None:
        """Chooses whose latencies are kept, so that about LATENCIES of `expected` deliveries are."""
        stride = max(1, -(-expected // LATENCIES))
        for number, receiver in enumerate(self.receivers):
            receiver.sampled = number % stride == 0

    def type(self, author: int) -> None:
        """The author types one character."""
        sent = self.sent[author]
        update = edit(author, len(sent))
        sent.append(perf_counter())
        self.receivers[author].connection.send_update(update)

    def move(self, author: int) -> None:
        """The author moves its cursor. States count from 1: servers take number 0 for known."""
        sent = self.sent[author]
        if not sent:
            sent.append(0.0)
        state = cursor(author, len(sent))
        sent.append(perf_counter())
        self.receivers[author].connection.send_presence(state)

    async def quiet(self, limit: float) -> bool:
        """Waits until nothing more arrives, at most `limit` seconds; whether it came to that."""
        begin = perf_counter()
        while perf_counter() < begin + limit:
            last = max(self._intake.edits_at, begin)
            if perf_counter() - last >= QUIET_SECONDS:
                return True
            await asyncio.sleep(QUIET_SECONDS / 8)
        return False

    async def unknown_to_newcomer(self) -> int:
        """Edits of the first room that a client does not get which joins it now."""
        newcomer = Receiver(await connect(self._server.seat(0, 0), self._intake), own=-1)
        count_edits([newcomer], self.sent, Tally(float("inf")))
        newcomer.connection.close()
        return missing([newcomer], range(self.clients), self.sent)

    def gone(self) -> list[str]:
        """Why connections ended that should not have."""
        return [receiver.connection.failure for receiver in self.receivers if receiver.connection.gone]

    async def close(self) -> None:
        for receiver in self.receivers:
            receiver.connection.close()
        await asyncio.sleep(0)


def schedule(rooms: int, clients: int, authors: int, rate: float, seconds: float, seed: int) -> list[tuple[float, int]]:
    """(second, author) of every edit: per room `rate` × `seconds` of them at random moments, by its first `authors`
    clients in turn.

    Random moments, since people do not type on a common clock: bursts are part of the load. The seed makes all
    servers get the same.
    """
    chance = random.Random(seed)
    plan = []
    for room in range(rooms):
        moments = sorted(chance.uniform(0.0, seconds) for _ in range(round(rate * seconds)))
        plan += [(moment, room * clients + turn % authors) for turn, moment in enumerate(moments)]
    return sorted(plan)


async def perform(plan: Sequence[tuple[float, int]], act: Callable[[int], None]) -> None:
    """Does what the plan says at its moments, as late as the event loop's clock of one millisecond makes it."""
    begin = perf_counter()
    for moment, author in plan:
        wait = begin + moment - perf_counter()
        if wait > 0:
            await asyncio.sleep(max(wait, 0.001))
        act(author)
