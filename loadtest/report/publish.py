"""Writes a report for readers: `docs/benchmarks.md` with its chart `docs/benchmarks.svg`. Used by `./atrium bench
--publish`.
"""

from pathlib import Path

from loadtest.report import chart
from loadtest.report.results import Report, ServerRow, ShapeRows
from loadtest.report.table import COLUMNS, cell, columns, verdict_text

_TEXTS = Path(__file__).parent


def write(report: Report, folder: Path) -> list[Path]:
    """Writes both files into `folder` and returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    page, picture = folder / "benchmarks.md", folder / "benchmarks.svg"
    page.write_text(markdown(report), encoding="utf-8")
    picture.write_text(chart.draw(report), encoding="utf-8")
    return [page, picture]


def markdown(report: Report) -> str:
    machine = ", ".join(f"{name} {text}" for name, text in report.machine.items())
    versions = ", ".join(f"{name} {text}" for name, text in report.versions.items())
    facts = [
        f"- Date: {report.date}",
        f"- Command: `{report.command}`",
        f"- {report.repeats} repetitions, servers in turn; medians, spreads in parentheses",
        f"- Machine: {machine}",
        f"- Versions: {versions}",
    ]
    sections = [_section(shape) for shape in report.shapes]
    head, method = ((_TEXTS / name).read_text(encoding="utf-8") for name in ("head.md", "method.md"))
    return "\n".join([head + "\n".join(facts), "", *sections, method])


def _section(shape: ShapeRows) -> str:
    names = columns(shape)
    lines = [f"## {shape.title[:1].upper()}{shape.title[1:]}", ""]
    lines.append("| | " + " | ".join(COLUMNS[name][0] for name in names) + " |")
    lines.append("| --- |" + " ---: |" * len(names))
    for row in shape.rows:
        cells = [cell(row.metrics[name], COLUMNS[name][1]) if name in row.metrics else "–" for name in names]
        lines.append(f"| {row.server} | " + " | ".join(cells) + " |")
    lines.append("")
    lines += [f"- {'✓' if verdict.met else '✗'} {verdict_text(verdict)}" for verdict in shape.verdicts]
    lines += [text for row in shape.rows for text in _beside(row)]
    return "\n".join([*lines, ""])


def _beside(row: ServerRow) -> list[str]:
    """What does not fit into a table: CPU by process where there are several, and notes."""
    spent = {**row.cpu_seconds, **row.aside_seconds}
    lines = []
    if len(spent) > 1:
        each = ", ".join(f"{name} {seconds:.2f}" for name, seconds in spent.items())
        lines.append(f"- {row.server}: CPU seconds {each}")
    return lines + [f"- {row.server}: {note}" for note in row.notes]
