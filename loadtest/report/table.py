"""The results as text: one line per measurement while the bench runs, a table at its end."""

from loadtest.bench import Outcome
from loadtest.report.results import Report, ServerRow, ShapeRows, Spread, Verdict

#: Metrics that people look at: how a table calls them, and how many digits they get.
COLUMNS: dict[str, tuple[str, int]] = {
    "cpu_us": ("CPU µs per delivered edit", 2),
    "cpu_ms_per_join": ("CPU ms per join", 2),
    "kb_per_connection": ("kB per connection", 1),
    "cores": ("cores", 2),
    "late_percent": ("% later than 250 ms", 2),
    "p50_ms": ("p50 ms", 1),
    "p99_ms": ("p99 ms", 1),
}


def line(outcome: Outcome) -> str:
    """One measurement, for the progress on the terminal."""
    metrics = outcome.measured.metrics
    found = [f"{label} {metrics[name]:.{digits}f}" for name, (label, digits) in COLUMNS.items() if name in metrics]
    spent = ", ".join(
        f"{name} {seconds:.2f} s" for name, seconds in {**outcome.measured.cpu, **outcome.measured.aside}.items()
    )
    if "generator_cores" in metrics:
        found.append(f"[CPU {spent}; generator {metrics['generator_cores']:.2f} cores]")
    text = f"{outcome.shape} #{outcome.repeat} {outcome.server}: {', '.join(found)}"
    return "\n           ".join([text, *outcome.measured.notes])


def render(report: Report) -> str:
    return "\n".join(part for shape in report.shapes for part in _shape(shape))


def cell(spread: Spread, digits: int) -> str:
    """The median, and the spread where there is one."""
    text = f"{spread.median:,.{digits}f}"
    if spread.most > spread.least:
        text += f" ({spread.least:,.{digits}f} to {spread.most:,.{digits}f})"
    return text


def columns(shape: ShapeRows) -> list[str]:
    return [name for name in COLUMNS if any(name in row.metrics for row in shape.rows)]


def verdict_text(verdict: Verdict) -> str:
    label = COLUMNS[verdict.metric][0]
    goal = f"≤ {verdict.limit:g}" + (f" × {verdict.peer}" if verdict.peer else "")
    if verdict.value is None:
        return f"{label} {goal}: not measured"
    return f"{label} {goal}: {verdict.value:.2f}, {'met' if verdict.met else 'missed'}"


def _shape(shape: ShapeRows) -> list[str]:
    names = columns(shape)
    head = ["", *(COLUMNS[name][0] for name in names)]
    body = [[row.server, *(_cell(row, name) for name in names)] for row in shape.rows]
    widths = [max(len(row[index]) for row in [head, *body]) for index in range(len(head))]
    lines = ["", shape.title]
    for row in [head, *body]:
        lines.append("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    lines += [f"  {row.server}: {note}" for row in shape.rows for note in row.notes]
    lines += [
        f"  {'?' if verdict.met is None else '✓' if verdict.met else '✗'} {verdict_text(verdict)}"
        for verdict in shape.verdicts
    ]
    return lines


def _cell(row: ServerRow, name: str) -> str:
    return cell(row.metrics[name], COLUMNS[name][1]) if name in row.metrics else "-"
