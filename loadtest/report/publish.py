"""Writes a report for readers: `docs/benchmarks.md` with its chart `docs/benchmarks.svg`. Used by `./atrium bench
--publish`.

    head.md     what this is            facts      date, command, machine, versions
    goals       each, and whether it is met; those that are not, in words
    sections    one table per shape     method.md  what is counted, and how to repeat it
"""

from pathlib import Path

from loadtest.report import chart
from loadtest.report.results import Report, ServerRow, ShapeRows
from loadtest.report.table import COLUMNS, cell, columns, goal_text, mark, value_text

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
    return "\n".join([head, *_facts(report), "", *_goals(report), *_shortfalls(report), *sections, method])


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
    """The goals that are not met, the servers that failed or lagged behind, in words."""
    lines = []
    for shape in report.shapes:
        title = _sentence(shape.title)
        for verdict in shape.verdicts:
            if verdict.met is None:
                lines.append(f"- {title}: {goal_text(verdict)} was not measured.")
            elif not verdict.met:
                lines.append(
                    f"- **Missed.** {title}: the goal is {goal_text(verdict)}, measured {value_text(verdict)}."
                )
        lines += dict.fromkeys(f"- {title}: {row.server} {note}" for row in shape.rows for note in row.notes)
    return ["## What falls short", "", *(lines or ["Nothing: every goal is met, and nothing unusual was noticed."]), ""]


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
    """What does not fit into a table: CPU by process where there are several."""
    spent = {**row.cpu_seconds, **row.aside_seconds}
    if len(spent) < 2:
        return []
    counted = ", ".join(f"{name} {seconds:.2f}" for name, seconds in row.cpu_seconds.items())
    beside = ", ".join(f"{name} {seconds:.2f}" for name, seconds in row.aside_seconds.items())
    return [f"- {row.server}, CPU seconds: {counted}" + (f"; not counted: {beside}" if beside else "")]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
