"""One file per kind of load. Each puts the load on a started server and says what it cost."""

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from loadtest import usage
from loadtest.servers import Server


@dataclass(frozen=True, slots=True)
class Task:
    """What a measurement may use besides the server: where to say things, a folder that lasts as long as the run, and
    for large documents the Node.js that makes and checks them, and the recorded session.
    """

    say: Callable[[str], None]
    folder: Path
    node: str | None = None
    recorded: Path | None = None


@dataclass(slots=True)
class Measured:
    """The numbers of one measurement, by metric; where it has several cases, by case what is its own; CPU seconds by
    process; and what a reader must know to trust them. It has none of that when it `failed`.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    cases: dict[str, dict[str, float]] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    aside: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failed: str = ""


class Interval:
    """The measured interval: CPU of the servers and of the bench itself between its begin and its end."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._cpu = usage.cpu(server.serving())
        self._aside = usage.cpu(server.aside())
        self._own = usage.own_cpu()
        self._machine = usage.machine_cpu()
        self.begin = perf_counter()

    def end(self, measured: Measured) -> float:
        """Writes CPU seconds into `measured` and returns their sum over the processes that serve."""
        seconds = perf_counter() - self.begin
        measured.cpu = usage.since(self._cpu, usage.cpu(self._server.serving()))
        measured.aside = usage.since(self._aside, usage.cpu(self._server.aside()))
        own = usage.own_cpu() - self._own
        measured.metrics |= {"seconds": seconds, "generator_cores": own / seconds}
        ours = own + sum(measured.cpu.values()) + sum(measured.aside.values())
        others = (usage.machine_cpu() - self._machine - ours) / seconds
        measured.metrics["other_cores"] = max(0.0, others)
        return sum(measured.cpu.values())


#: How the note begins about a server that cannot keep up.
SATURATED = "saturated"
#: Share of a core from which the load generator may be what limits a measurement.
GENERATOR_BUSY = 0.9
#: Cores used by strangers from which latencies are not to be trusted.
OTHERS_BUSY = 0.1


def saturated(seconds: float) -> str:
    """The note about a server that got `seconds` to deliver the rest, and did not."""
    return f"{SATURATED}: {seconds:.0f} s after the last was sent, not all had arrived; its latency is that of the rest"


def disturbances(others: float, generator: float) -> list[str]:
    """Notes about what else used the machine, given in cores; none if it was little."""
    notes = []
    if others > OTHERS_BUSY:
        notes.append(f"other programs used up to {others:.1f} cores meanwhile")
    if generator > GENERATOR_BUSY:
        notes.append(f"the load generator itself was busy (up to {generator:.0%} of a core)")
    return notes


@contextmanager
def undisturbed() -> Iterator[None]:
    """No garbage collection in the load generator while it measures: its pauses would count as the server's."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def describe(processes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {pid}" for name, pid in processes.items())
