"""Writes a report for readers: `docs/benchmarks.md` with its chart `docs/benchmarks.svg`. Used by `./atrium bench
--publish`.

    head.md     what this is            facts      date, command, machine, versions
    goals       each, and whether it is met; those that are not, in words
    sections    one table per shape     method.md  what is counted, and how to repeat it
"""

from pathlib import Path

from loadtest.report import chart
from loadtest.report.results import FAILED, Report, ServerRow, ShapeRows
from loadtest.report.table import COLUMNS, cell, columns, goal_text, mark, shortfall_text, value_text

_CHART = "![Chart of all results: what they cost and how late they are](benchmarks.svg)"
_TEXTS = Path(__file__).parent


def write(report: Report, folder: Path) -> list[Path]:
    """Writes both files into `folder` and returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    page, picture = folder / "benchmarks.md", folder / "benchmarks.svg"
    page.write_text(markdown(report), encoding="utf-8")
    picture.write_text(chart.draw(report), encoding="utf-8")
    return [page, picture]


def markdown(report: Report) -> str:
    head, method = ((_TEXTS / name).read_text(encoding="utf-8") for name in ("head.md", "method.md"))
    sections = [_section(shape) for shape in report.shapes]
    before = [*_facts(report), "", *_goals(report), *_shortfalls(report), _CHART, ""]
    return "\n".join([head, *before, *sections, method])


def _facts(report: Report) -> list[str]:
    times = "once" if report.repeats == 1 else f"{report.repeats} times"
    spreads = "" if report.repeats == 1 else "; medians, in parentheses the least and the greatest"
    return [
        f"- Date: {report.date}",
        f"- Command: `{report.command}`",
        f"- Machine: {', '.join(f'{name} {text}' for name, text in report.machine.items())}",
        f"- Versions: {', '.join(f'{name} {text}' for name, text in report.versions.items())}",
        f"- Measured {times}, all servers in turn{spreads}",
    ]


def _goals(report: Report) -> list[str]:
    every = [(shape, verdict) for shape in report.shapes for verdict in shape.verdicts]
    met = sum(1 for _, verdict in every if verdict.met)
    lines = [
        "## Goals",
        "",
        f"{met} of {len(every)} are met.",
        "",
        "| | goal | measured | |",
        "| --- | --- | --- | --- |",
    ]
    for number, (shape, verdict) in enumerate(every):
        again = number and every[number - 1][0] is shape
        title = "" if again else _sentence(shape.title)
        lines.append(f"| {title} | {goal_text(verdict)} | {value_text(verdict)} | {mark(verdict)} |")
    return [*lines, ""]


def _shortfalls(report: Report) -> list[str]:
    """The goals that are not met, what was not measured, what else a user of Atrium would mind, in words."""
    lines = []
    for shape in report.shapes:
        missed = [shortfall_text(each) for each in shape.verdicts if each.met is False]
        unmeasured = [goal_text(each) for each in shape.verdicts if each.met is None]
        failures = [f"{row.server} {note}" for row in shape.rows for note in row.notes if note.startswith(FAILED)]
        own = [note for row in shape.rows if row.is_atrium for note in row.notes if not note.startswith(FAILED)]
        stalls = [_stalls(row) for row in shape.rows if "stall_ms" in row.metrics]
        for about, what in (
            ("missed", missed),
            ("not measured", unmeasured),
            ("failed", failures),
            ("atrium", own),
            ("other clients wait", stalls),
        ):
            if what:
                lines.append(f"- {_sentence(shape.title)}: **{about}**: {'; '.join(dict.fromkeys(what))}.")
    if disturbed := [row for shape in report.shapes for row in shape.rows if row.disturbances]:
        rows = sum(len(shape.rows) for shape in report.shapes)
        text = "was not quiet: times and CPU are greater than they would be. The lines below the tables say when"
        lines.append(f"- The machine, in {len(disturbed)} of {rows} rows, {text}.")
    return ["## What falls short", "", *(lines or ["Nothing: every goal is met, and nothing unusual was noticed."]), ""]


def _stalls(row: ServerRow) -> str:
    opened, put = row.metrics["stall_ms"].most, row.metrics["put_stall_ms"].most
    return f"{row.case}, up to {opened:,.0f} ms while it is opened and {put:,.0f} ms while it is put by one update"


def _section(shape: ShapeRows) -> str:
    names = columns(shape)
    lines = [f"## {_sentence(shape.title)}", ""]
    lines.append("| | " + " | ".join(COLUMNS[name][0] for name in names) + " |")
    lines.append("| --- |" + " ---: |" * len(names))
    for row in shape.rows:
        lines.append(f"| {row.label} | " + " | ".join(cell(row, name) for name in names) + " |")
    beside = dict.fromkeys(text for row in shape.rows for text in _beside(row))
    return "\n".join([*lines, "", *beside, ""]) if beside else "\n".join([*lines, ""])


def _beside(row: ServerRow) -> list[str]:
    """What does not fit into a table: CPU by process where there are several, and notes."""
    lines = [f"- {row.server}: {note}" for note in [*row.notes, *row.disturbances]]
    if len({**row.cpu_seconds, **row.aside_seconds}) < 2:
        return lines
    counted = ", ".join(f"{name} {seconds:.2f}" for name, seconds in row.cpu_seconds.items())
    beside = ", ".join(f"{name} {seconds:.2f}" for name, seconds in row.aside_seconds.items())
    return [f"- {row.server}: CPU seconds {counted}" + (f"; not counted {beside}" if beside else ""), *lines]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
