"""Writes a report for readers: `docs/benchmarks.md` with its chart `docs/benchmarks.svg`. Used by `./atrium bench
--publish`.
"""

from pathlib import Path

from loadtest.report import chart
from loadtest.report.results import Report, ServerRow, ShapeRows
from loadtest.report.table import COLUMNS, cell, columns, verdict_text

_HEAD = """\
# Benchmarks

Atrium and the servers that people use today, on the same load, in one run. This page is written by `./atrium bench
--publish`;
anybody can repeat it. Where Atrium falls short of its goal, the page says so.

![Chart of all results](benchmarks.svg)
"""

_METHOD = """\
## How it is measured

- **Atrium runs with everything on**: its log in Valkey with the append-only file, acknowledgements, PostgreSQL, a
worker. Its CPU
  and memory are those of the gateways and Valkey; the worker and PostgreSQL, which merge the log in the background,
  are named
  below each table. **The peers store nothing**: y-websocket's own server and Hocuspocus run as their documentation
  starts
  them, without a database and without logging. `hocuspocus-redis` is two Hocuspocus processes with its Redis extension,
  and the CPU of the Valkey between them counts.
- **A delivered edit** is one character that another client of the room received; the author's own echo does not count.
  CPU per delivered edit is the CPU time of all processes that serve, from the first edit until the last one has
  arrived, divided
  by the deliveries. At the end every client must have every edit.
- **Latency** runs from the moment an edit is handed to the author's socket to the moment another client has read it.
- **The load** comes from one process (`loadtest/`): bare asyncio protocols on uvloop, edits made by hand without a
CRDT,
  each distinct frame read once. Edits come at random moments, the same for every server; a room has as many authors
  as it takes
  at five edits a second each. Every server is started anew for each measurement and warmed up with the same load.
- y-websocket is asked in its dialect, Hocuspocus in its own, Atrium in y-websocket's.
- **Joins** come in waves: all of a wave open their sockets in the same instant. The document is a recorded session of
138,000 edits,
  and what joiners got is compared with it by a real Yjs.
- **Idle memory** is the growth of PSS, which counts shared pages once, per connection.
- The load generator, the server and everything else share the cores of one machine.
"""


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
    return "\n".join([_HEAD, *facts, "", *sections, _METHOD])


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
