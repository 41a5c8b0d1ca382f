"""What is measured and what it is measured against. Read by the command line, the bench and the report."""

from dataclasses import dataclass, replace
from enum import StrEnum


class Kind(StrEnum):
    """A kind of load; each has a file in measure/."""

    EDITS = "edits"
    JOINS = "joins"
    CURSORS = "cursors"
    IDLE = "idle"
    ACKS = "acks"
    OPENS = "opens"


@dataclass(frozen=True, slots=True)
class Goal:
    """Atrium's median of `metric` is at most `limit`, or where `peer` is given, `limit` times the peer's median. Where
    the goal is `always`, its greatest value must be, over all repetitions and kinds of document.
    """

    metric: str
    limit: float
    peer: str | None = None
    always: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A load. `rate` is edits per second and room, or cursor moves per second and client; joins come `at_once` at a
    time; documents that are opened have `megabytes`, there are `rooms` of each kind, and the worker gets `patience`
    seconds to store them before.
    """

    name: str
    title: str
    kind: Kind
    rooms: int
    clients: int
    rate: float = 0.0
    seconds: float = 5.0
    warmup: float = 2.0
    at_once: int = 0
    megabytes: float = 0.0
    patience: float = 60.0
    atrium: str = "atrium"
    peers: tuple[str, ...] = ("y-websocket", "hocuspocus")
    goals: tuple[Goal, ...] = ()

    @property
    def servers(self) -> tuple[str, ...]:
        return (self.atrium, *self.peers)

    @property
    def authors(self) -> int:
        """How many clients of a room type: a fast typist makes some five edits a second."""
        return max(1, min(self.clients, -(-round(self.rate) // EDITS_PER_AUTHOR)))

    def quick(self) -> "Shape":
        """The same load in about a second with fewer clients: proves that it runs, says nothing about speed."""
        return replace(
            self,
            rooms=max(1, self.rooms // QUICK_DIVISOR),
            clients=self.clients if self.clients < 10 else self.clients // QUICK_DIVISOR,
            rate=max(self.rate / QUICK_DIVISOR, float(EDITS_PER_AUTHOR)),
            at_once=self.at_once // QUICK_DIVISOR,
            megabytes=self.megabytes / QUICK_DIVISOR,
            patience=0.0,
            seconds=0.6,
            warmup=0.2,
        )


EDITS_PER_AUTHOR = 5
QUICK_DIVISOR = 10

_CPU, _P99 = "cpu_us", "p99_ms"


def _edits(cpu: tuple[float, ...], p99: tuple[float, ...], peers: tuple[str, ...]) -> tuple[Goal, ...]:
    wanted = [Goal(_CPU, limit, peer) for limit, peer in zip(cpu, peers, strict=True)]
    latest = peers[-len(p99) :]
    return (*wanted, *(Goal(_P99, limit, peer) for limit, peer in zip(p99, latest, strict=True)))


_BOTH = ("y-websocket", "hocuspocus")

SHAPES: tuple[Shape, ...] = (
    Shape(
        "fanout-200",
        "1 room × 200 clients, 100 edits/s",
        Kind.EDITS,
        rooms=1,
        clients=200,
        rate=100,
        goals=_edits((0.6, 0.5), (1.0, 1.0), _BOTH),
    ),
    Shape(
        "rooms-100",
        "100 rooms × 5 clients, 20 edits/s each",
        Kind.EDITS,
        rooms=100,
        clients=5,
        rate=20,
        goals=_edits((0.6, 0.45), (1.0, 1.0), _BOTH),
    ),
    Shape(
        "burst-600",
        "1 room × 300 clients, 600 edits/s",
        Kind.EDITS,
        rooms=1,
        clients=300,
        rate=600,
        goals=_edits((0.25, 0.45), (0.6,), _BOTH),
    ),
    Shape(
        "burst-2000",
        "1 room × 300 clients, 2,000 edits/s",
        Kind.EDITS,
        rooms=1,
        clients=300,
        rate=2000,
        warmup=1.5,
        goals=_edits((0.25, 0.45), (0.6,), _BOTH),
    ),
    Shape(
        "two-processes",
        "two processes, clients of each room spread over both, 100 rooms × 6, 20 edits/s each",
        Kind.EDITS,
        rooms=100,
        clients=6,
        rate=20,
        atrium="atrium-2",
        peers=("hocuspocus-redis",),
        goals=_edits((0.25,), (0.5,), ("hocuspocus-redis",)),
    ),
    Shape(
        "joins",
        "300 joins, 100 at a time, seph-blog1 whole",
        Kind.JOINS,
        rooms=1,
        clients=300,
        at_once=100,
        goals=(
            Goal("cpu_ms_per_join", 0.1, "y-websocket"),
            Goal("cpu_ms_per_join", 0.12, "hocuspocus"),
            Goal(_P99, 0.2, "y-websocket"),
            Goal(_P99, 0.2, "hocuspocus"),
        ),
    ),
    Shape(
        "cursors-500",
        "500 clients in one room, each moves its cursor once a second",
        Kind.CURSORS,
        rooms=1,
        clients=500,
        rate=1,
        goals=(Goal("cores", 0.5), Goal("late_percent", 0.0)),
    ),
    Shape(
        "idle-4000",
        "4,000 idle connections in 800 rooms",
        Kind.IDLE,
        rooms=800,
        clients=5,
        goals=(Goal("kb_per_connection", 12.0),),
    ),
    Shape(
        "durable-1000",
        "edit to durable acknowledgement, 50 rooms × 4 clients, 1,000 edits/s",
        Kind.ACKS,
        rooms=50,
        clients=4,
        rate=20,
        peers=(),
        goals=(Goal(_P99, 15.0),),
    ),
    Shape(
        "open-1mb",
        "a document of 1 MB that the gateway does not have is opened",
        Kind.OPENS,
        rooms=5,
        clients=1,
        megabytes=1.0,
        peers=(),
        goals=(Goal("stall_ms", 50.0, always=True),),
    ),
    Shape(
        "open-20mb",
        "a document of 20 MB that the gateway does not have is opened",
        Kind.OPENS,
        rooms=1,
        clients=1,
        megabytes=20.0,
        peers=(),
    ),
)


def shape(name: str) -> Shape:
    return next(each for each in SHAPES if each.name == name)
