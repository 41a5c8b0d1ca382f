"""The results as text: one line per measurement while the bench runs, a table at its end."""

from loadtest.bench import Outcome
from loadtest.measure import disturbances
from loadtest.report.results import Report, ServerRow, ShapeRows, Spread, Verdict

#: Metrics that people look at: how a table calls them, and how many digits they get.
COLUMNS: dict[str, tuple[str, int]] = {
    "cpu_us": ("CPU µs per delivered edit", 2),
    "cpu_ms_per_join": ("CPU ms per join", 2),
    "kb_per_connection": ("kB per connection", 1),
    "kb_second_half": ("kB, second half alone", 1),
    "cores": ("cores", 2),
    "late_percent": ("% later than 250 ms", 2),
    "p50_ms": ("p50 ms", 1),
    "p99_ms": ("p99 ms", 1),
    "delivered_percent": ("% delivered", 1),
    "whole_ms": ("ms until whole", 0),
    "stall_ms": ("longest stall ms", 1),
    "apply_ms": ("applying ms (/metrics)", 1),
    "lag_ms": ("loop lag ms (/metrics)", 1),
    "put_stall_ms": ("longest stall when put ms", 0),
}
#: Columns that are left out where they say the same for every server.
_ALL_IS_WELL = {"delivered_percent": 99.95}


def line(outcome: Outcome) -> str:
    """One measurement, for the progress on the terminal."""
    measured = outcome.measured
    name = f"{outcome.shape} #{outcome.repeat} {outcome.server}"
    if measured.failed:
        return f"{name} failed: {measured.failed}"
    lines = [f"{name}: {_numbers(measured.metrics)}"]
    lines += [f"{case}: {_numbers(metrics)}" for case, metrics in measured.cases.items()]
    spent = ", ".join(f"{process} {seconds:.2f} s" for process, seconds in {**measured.cpu, **measured.aside}.items())
    generator, others = (measured.metrics.get(name, 0.0) for name in ("generator_cores", "other_cores"))
    if spent:
        lines.append(f"CPU {spent}; generator {generator:.2f} cores")
    return "\n           ".join([*lines, *measured.notes, *disturbances(others, generator)])


def render(report: Report) -> str:
    return "\n".join(part for shape in report.shapes for part in _shape(shape))


def cell(row: ServerRow, name: str) -> str:
    """The median, and the spread where there is one; a dash for what was not measured."""
    spread = row.metrics.get(name)
    if spread is None:
        return "–"
    digits = COLUMNS[name][1]
    text = f"{spread.median:,.{digits}f}"
    return text if _is_narrow(spread, digits) else f"{text} ({spread.least:,.{digits}f} to {spread.most:,.{digits}f})"


def columns(shape: ShapeRows) -> list[str]:
    """The metrics that the shape's servers have, in the order of COLUMNS."""
    return [
        name
        for name in COLUMNS
        if any(
            name in row.metrics and row.metrics[name].least < _ALL_IS_WELL.get(name, float("inf")) for row in shape.rows
        )
    ]


def goal_text(verdict: Verdict) -> str:
    """What a goal wants: `p99 ms ≤ 0.6 × hocuspocus`."""
    goal = verdict.goal
    against = f" × {goal.peer}" if goal.peer else ""
    return f"{COLUMNS[goal.metric][0]} ≤ {goal.limit:g}{against}" + (", always" if goal.always else "")


def value_text(verdict: Verdict) -> str:
    """What was measured instead, with the numbers behind a ratio."""
    if verdict.value is None or verdict.atrium is None:
        return "not measured"
    digits = COLUMNS[verdict.goal.metric][1]
    if verdict.peer is None:
        return f"{verdict.value:,.{digits}f}"
    return f"{verdict.value:.2f} × ({verdict.atrium:,.{digits}f} against {verdict.peer:,.{digits}f})"


def shortfall_text(verdict: Verdict) -> str:
    """A missed goal as part of a sentence."""
    goal = verdict.goal
    if goal.peer is None:
        return f"{COLUMNS[goal.metric][0]} {value_text(verdict)}, goal ≤ {goal.limit:g}"
    value = value_text(verdict).replace("×", f"× {goal.peer}")
    return f"{COLUMNS[goal.metric][0]} {value}, goal ≤ {goal.limit:g} ×"


def mark(verdict: Verdict) -> str:
    return "?" if verdict.met is None else "✓" if verdict.met else "✗"


def _numbers(metrics: dict[str, float]) -> str:
    return ", ".join(
        f"{label} {metrics[name]:,.{digits}f}" for name, (label, digits) in COLUMNS.items() if name in metrics
    )


def _is_narrow(spread: Spread, digits: int) -> bool:
    return round(spread.least, digits) == round(spread.most, digits)


def _shape(shape: ShapeRows) -> list[str]:
    names = columns(shape)
    head = ["", *(COLUMNS[name][0] for name in names)]
    body = [[row.label, *(cell(row, name) for name in names)] for row in shape.rows]
    widths = [max(len(row[index]) for row in [head, *body]) for index in range(len(head))]
    lines = ["", shape.title]
    for row in [head, *body]:
        lines.append("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    lines += dict.fromkeys(f"  {row.server}: {note}" for row in shape.rows for note in [*row.notes, *row.disturbances])
    return lines + [f"  {mark(each)} {goal_text(each)}: {value_text(each)}" for each in shape.verdicts]
