"""Draws a report as SVG by hand: per shape two groups of bars, what it costs and how late it is. Used by publish.py.

Colours follow the reader's light or dark scheme; nothing is drawn behind the chart. Each group has its own scale, and
a bar that is far longer than all others is cut and marked, so that the others can be told apart.
"""

from collections.abc import Sequence
from html import escape

from loadtest.measure import SATURATED
from loadtest.report.results import Report, ServerRow, ShapeRows
from loadtest.report.table import COLUMNS

_COSTS = ("cpu_us", "cpu_ms_per_join", "kb_per_connection", "cores")
_LATENESS = ("p99_ms",)

_WIDTH, _MARGIN, _GAP = 920, 16, 36
_NAMES, _VALUES = 118, 74
_BAR, _STEP, _HEAD, _TITLE = 13, 20, 44, 26
#: A bar may be this many times as long as the second longest before it is cut.
_CUT = 3.0

_SATURATED = "* could not keep up: it delivered only a part, and the latency is that part's"
_STYLE = """
    text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
    .title { font-size: 14px; font-weight: 600 }
    .quiet { fill: #59636e }
    .bar { fill: #9aa4b0 }
    .atrium { fill: #2f6fde }
    .cut { stroke: #ffffff; stroke-width: 2 }
    .line { stroke: #d1d9e0 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 } .quiet { fill: #9198a1 } .bar { fill: #6b7683 } .atrium { fill: #5b94f5 }
      .cut { stroke: #0d1117 } .line { stroke: #3d444d }
    }
"""


def draw(report: Report) -> str:
    """The whole chart as one SVG document."""
    parts, y = [], _MARGIN
    for shape in report.shapes:
        if not any(name in row.metrics for row in shape.rows for name in (*_COSTS, *_LATENESS)):
            continue
        parts.append(_shape(shape, y))
        y += _HEAD + _TITLE + _STEP * len(shape.rows)
    if any(_is_saturated(row) for shape in report.shapes for row in shape.rows):
        parts.append(f'  <text class="quiet" x="{_MARGIN}" y="{y}">{escape(_SATURATED)}</text>')
        y += _STEP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y}" width="{_WIDTH}" height="{y}" role="img" '
        f'aria-label="Benchmarks of {escape(report.date)}">\n  <style>{_STYLE}  </style>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _shape(shape: ShapeRows, y: int) -> str:
    lines = [f'  <text class="title" x="{_MARGIN}" y="{y + 14}">{escape(_sentence(shape.title))}</text>']
    half = (_WIDTH - 2 * _MARGIN - _GAP) // 2
    for names, x in ((_COSTS, _MARGIN), (_LATENESS, _MARGIN + half + _GAP)):
        metric = next((name for name in names if any(name in row.metrics for row in shape.rows)), None)
        if metric:
            lines += _group(shape.rows, metric, x, y + _TITLE, half)
    return "\n".join(lines)


def _group(rows: Sequence[ServerRow], metric: str, x: int, y: int, width: int) -> list[str]:
    label, digits = COLUMNS[metric]
    lines = [f'  <text class="quiet" x="{x}" y="{y + 12}">{escape(label)}, less is better</text>']
    values = {row.server: row.metrics[metric].median for row in rows if metric in row.metrics}
    full = _scale(list(values.values()))
    room = width - _NAMES - _VALUES
    top = y + _STEP
    lines.append(
        f'  <line class="line" x1="{x + _NAMES}" y1="{top - 2}" x2="{x + _NAMES}" y2="{top + _STEP * len(rows) - 4}"/>'
    )
    for number, row in enumerate(rows):
        line = top + _STEP * number
        lines.append(f'  <text x="{x}" y="{line + 11}">{escape(row.label)}{"*" * _is_saturated(row)}</text>')
        if row.server not in values:
            lines.append(f'  <text class="quiet" x="{x + _NAMES + 6}" y="{line + 11}">not measured</text>')
            continue
        value = values[row.server]
        length = max(1.0, room * min(value / full, 1.0))
        kind = "bar atrium" if row.is_atrium else "bar"
        rect = f'x="{x + _NAMES}" y="{line}" width="{length:.1f}" height="{_BAR}"'
        lines.append(f'  <rect class="{kind}" {rect} rx="2"/>')
        if value > full:
            stroke = f"M{x + _NAMES + length - 18:.1f} {line + _BAR + 1}l5 -{_BAR + 2}m4 0l-5 {_BAR + 2}"
            lines.append(f'  <path class="cut" fill="none" d="{stroke}"/>')
        lines.append(f'  <text x="{x + _NAMES + length + 6:.1f}" y="{line + 11}">{value:,.{digits}f}</text>')
    return lines


def _is_saturated(row: ServerRow) -> bool:
    return any(note.startswith(SATURATED) for note in row.notes)


def _scale(values: Sequence[float]) -> float:
    """The value that a full bar stands for."""
    *_, second, first = [0.0, 0.0, *sorted(values)]
    if second > 0 and first > _CUT * second:
        return second * _CUT
    return first or 1.0


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
