"""Runs shapes on servers, again and again: each shape on all its servers in turn, so that a slow minute of the machine
hits all of them, and all shapes once before any is repeated, so that it hits few of the repetitions.
"""

import traceback
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from loadtest.forecast import Forecast, Step
from loadtest.measure import Measured, Task, acks, cursors, edits, idle, joins, opens
from loadtest.servers import Server, Workshop
from loadtest.servers.atrium import Atrium, AtriumHocuspocus, AtriumPair
from loadtest.servers.peers import HocuspocusPair, HocuspocusServer, YWebSocketServer
from loadtest.shapes import Kind, Shape

SERVERS: dict[str, Callable[[Workshop], Server]] = {
    Atrium.name: Atrium,
    AtriumPair.name: AtriumPair,
    AtriumHocuspocus.name: AtriumHocuspocus,
    YWebSocketServer.name: YWebSocketServer,
    HocuspocusServer.name: HocuspocusServer,
    HocuspocusPair.name: HocuspocusPair,
}

_MEASURES: dict[Kind, Callable[[Server, Shape, Task], Coroutine[Any, Any, Measured]]] = {
    Kind.EDITS: edits.measure,
    Kind.JOINS: joins.measure,
    Kind.CURSORS: cursors.measure,
    Kind.IDLE: idle.measure,
    Kind.ACKS: acks.measure,
    Kind.OPENS: opens.measure,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One server under one shape, once."""

    shape: str
    server: str
    repeat: int
    measured: Measured
    versions: dict[str, str]

    def as_json(self) -> dict[str, object]:
        return asdict(self)


async def run(
    shapes: Sequence[Shape],
    servers: Sequence[str],
    repeats: int,
    workshop: Workshop,
    task: Task,
    heard: Callable[[Outcome], None],
    *,
    stay: bool = False,
) -> list[Outcome]:
    """Measures everything and calls `heard` after each measurement. A server that fails is reported and left out, the
    rest goes on. Each measurement starts its server anew, unless they `stay` until the end: where speed says nothing.
    """
    plan = [
        Step(repeat, shape, name)
        for repeat in range(1, repeats + 1)
        for shape in shapes
        for name in chosen(shape, servers)
    ]
    forecast = Forecast(plan)
    outcomes = []
    running: dict[str, Server] = {}
    try:
        for step in plan:
            begin = monotonic()
            workshop.say(f"{step.shape.name} #{step.repeat} on {step.server} ({forecast})")
            outcome = await _once(step, running, workshop, task)
            if not stay or outcome.measured.failed:
                await running.pop(step.server).stop()
            forecast.took(monotonic() - begin)
            outcomes.append(outcome)
            heard(outcome)
    finally:
        for server in running.values():
            await server.stop()
    return outcomes


def chosen(shape: Shape, servers: Sequence[str]) -> list[str]:
    """The servers that a shape is measured on, of those that the user wants. `atrium` stands for the pair where a
    shape has two processes,
    and `atrium-hocuspocus` is only measured when asked for."""
    wanted = [name for name in shape.servers if name in servers or (name == shape.atrium and Atrium.name in servers)]
    if AtriumHocuspocus.name in servers and shape.atrium == Atrium.name:
        wanted.append(AtriumHocuspocus.name)
    return wanted


async def _once(step: Step, running: dict[str, Server], workshop: Workshop, task: Task) -> Outcome:
    """Measures on the server that is running, or on one that it starts and leaves among them."""
    fresh = step.server not in running
    server = running.setdefault(step.server, SERVERS[step.server](workshop))
    try:
        if fresh:
            await server.start()
        measured = await _MEASURES[step.shape.kind](server, step.shape, task)
    except Exception as error:  # noqa: BLE001  costs one measurement, not a run of twenty minutes; it is published
        measured = Measured(failed=_reason(error))
    return Outcome(step.shape.name, step.server, step.repeat, measured, server.versions())


def _reason(error: Exception) -> str:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(place.filename).name}, line {place.lineno})"
