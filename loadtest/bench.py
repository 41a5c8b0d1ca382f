"""Runs shapes on servers: per repetition each server in turn, so that a slow minute of the machine hits all of them."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from loadtest.frames import WireError
from loadtest.measure import Measured, Task, acks, cursors, edits, idle, joins
from loadtest.servers import Server, Workshop
from loadtest.servers.atrium import Atrium, AtriumHocuspocus, AtriumPair
from loadtest.servers.child import StartFailed
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
) -> list[Outcome]:
    """Measures everything and calls `heard` after each measurement. A server that fails is reported and left out, the
    rest goes on.
    """
    outcomes = []
    for shape in shapes:
        for repeat in range(1, repeats + 1):
            for name in chosen(shape, servers):
                outcome = await _once(shape, name, repeat, workshop, task)
                outcomes.append(outcome)
                heard(outcome)
    return outcomes


def chosen(shape: Shape, servers: Sequence[str]) -> list[str]:
    """The servers that a shape is measured on, of those that the user wants. `atrium` stands for the pair where a
    shape has two processes,
    and `atrium-hocuspocus` is only measured when asked for."""
    wanted = [name for name in shape.servers if name in servers or (name == shape.atrium and Atrium.name in servers)]
    if AtriumHocuspocus.name in servers and shape.atrium == Atrium.name:
        wanted.append(AtriumHocuspocus.name)
    return wanted


async def _once(shape: Shape, name: str, repeat: int, workshop: Workshop, task: Task) -> Outcome:
    server = SERVERS[name](workshop)
    workshop.say(f"{shape.name} #{repeat}: starting {name}")
    try:
        await server.start()
        measured = await _MEASURES[shape.kind](server, shape, task)
    except (StartFailed, WireError, OSError, TimeoutError, ExceptionGroup) as error:
        measured = Measured(notes=[f"failed: {_reason(error)}"])
    finally:
        await server.stop()
    return Outcome(shape.name, name, repeat, measured, server.versions())


def _reason(error: Exception) -> str:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
