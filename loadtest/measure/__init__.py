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
    """What a measurement may use besides the server: where to say things, and for joins the document and the Node.js
    that checks it.
    """

    say: Callable[[str], None]
    state: Path | None = None
    node: str | None = None


@dataclass(slots=True)
class Measured:
    """The numbers of one measurement, by metric; CPU seconds by process; and what a reader must know to trust them."""

    metrics: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    aside: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


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
        if others > OTHERS_BUSY:
            measured.notes.append(f"other programs used {others:.1f} cores meanwhile")
        if own / seconds > GENERATOR_BUSY:
            measured.notes.append(f"the load generator itself was busy ({own / seconds:.0%} of a core)")
        return sum(measured.cpu.values())


#: Share of a core from which the load generator may be what limits a measurement.
GENERATOR_BUSY = 0.9
#: Cores used by strangers from which latencies are not to be trusted.
OTHERS_BUSY = 0.1


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
