"""The page of `./atrium bench rest`: what was measured beside the goals, also where it falls short."""

import platform
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

import psutil

from loadtest.rest.bench import CONNECTIONS, Compared, Scaled
from loadtest.rest.client import Measured

SPEED_GOAL = 1.5
P99_GOAL = 1.0
SCALE_GOAL = 3.0
_PACKAGES = ("aiohttp", "psycopg", "msgspec", "uvloop", "fastapi", "asyncpg", "uvicorn", "pydantic", "httptools")


def render(compared: Sequence[Compared], scaled: Sequence[Scaled], few: int, many: int, rounds: int) -> str:
    """The whole page."""
    lines = [
        "# Benchmarks of the REST side",
        "",
        "Written by `./atrium bench rest --publish`, not by hand. One gateway of Atrium, with rate limits, history, "
        "events and logs on, beside the same three operations in FastAPI, asyncpg and uvicorn "
        "(`loadtest/rest/rival.py`), which has none of these: on the same PostgreSQL, with the same account and token, "
        f"over {CONNECTIONS} connections, in turns. Medians of {rounds} rounds, in parentheses the least and the "
        "greatest.",
        "",
        f"- Date: {datetime.now(UTC):%Y-%m-%d}",
        f"- Machine: {platform.system()} {platform.release().split('-')[0]}, {psutil.cpu_count()} cores, "
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB; PostgreSQL and the load run on the same cores",
        f"- Versions: Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
        "",
        "| | requests/s, Atrium | FastAPI | ratio, goal ≥ 1.5 | p99 ms, Atrium | FastAPI | ratio, goal ≤ 1 |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for each in compared:
        cells = [
            each.title,
            _range(each.atrium, "requests_per_second", 0),
            _range(each.rival, "requests_per_second", 0),
        ]
        cells += [_judged(each.speed, each.speed >= SPEED_GOAL)]
        cells += [_range(each.atrium, "p99_ms", 1), _range(each.rival, "p99_ms", 1)]
        cells += [_judged(each.p99, each.p99 <= P99_GOAL)]
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        f"## Lists among {many:,} projects with {many * 10:,} files",
        "",
        f"The same lists for an account with {few:,} projects and one with {many:,}, in one database, over 8 "
        "connections.",
        "",
        f"| | p99 ms among {few:,} | among {many:,} | ratio, goal ≤ 3 |",
        "| --- | ---: | ---: | ---: |",
    ]
    for row in scaled:
        cells = [row.title, _range(row.few, "p99_ms", 1), _range(row.many, "p99_ms", 1)]
        lines.append(f"| {' | '.join([*cells, _judged(row.p99, row.p99 <= SCALE_GOAL)])} |")
    return "\n".join([*lines, ""])


def _range(rounds: Sequence[Measured], name: str, digits: int) -> str:
    values = [float(getattr(each, name)) for each in rounds]
    middle = f"{statistics.median(values):,.{digits}f}"
    return f"{middle} ({min(values):,.{digits}f} to {max(values):,.{digits}f})" if len(values) > 1 else middle


def _judged(ratio: float, met: bool) -> str:
    return f"{ratio:.2f} {'✓' if met else '✗'}"
