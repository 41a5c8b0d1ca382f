"""The page of `./atrium bench ai`: what was measured beside the goals, also where it falls short."""

import platform
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final

import psutil

from loadtest.ai import rival
from loadtest.ai.bench import PAUSE_MS, READERS, Compared, Measured, Shared
from loadtest.rest.client import at

ADDED_GOAL: Final = 0.5
CPU_GOAL: Final = 0.1
SHARED_GOAL_US: Final = 15.0
POLL_GOAL_MS: Final = 100.0
"""Were the worker polled each 500 ms as arq's is, one in ten answers would begin more than 450 ms late."""
_PACKAGES: Final = ("aiohttp", "httpx", "psycopg", "redis", "msgspec", "uvloop")


def render(
    compared: Sequence[Compared], shared: Sequence[Shared], rounds: int, tokens: int, shared_tokens: int, load: float
) -> str:
    """The whole page. `load`: the machine's load average before it began."""
    lines = [
        "# Benchmarks of answers",
        "",
        "Written by `./atrium bench ai --publish`, not by hand. Atrium (one gateway, one AI worker, with history, "
        "budgets, rate limits and logs on) beside LiteLLM's proxy (one process, without a database): the same client "
        "asks both by `POST /v1/chat/completions` with `stream: true`, and both ask the same stand-in provider, which "
        f"says a token every {PAUSE_MS} ms, {tokens} in an answer. In turns; medians of {rounds} rounds, in "
        "parentheses the least and the greatest. Each answer is compared with what the stand-in said. LiteLLM keeps "
        "nothing here; Atrium commits each question before a model is asked, and every token goes through a log that "
        "others may read.",
        "",
        f"- Date: {datetime.now(UTC):%Y-%m-%d}",
        f"- Machine: {platform.system()} {platform.release().split('-')[0]}, {psutil.cpu_count()} cores, "
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB, load average {load:.1f} before it began; "
        "the stand-in and the client run on the same cores",
        f"- Versions: LiteLLM {rival.VERSION}; Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
        "",
        "## The first token",
        "",
        "Milliseconds that a proxy adds: the median time from question to first token, less that of asking the "
        "stand-in itself in the same round. The last column: so much is added for nine of ten answers, which a "
        "worker that is polled each 500 ms would show in; where many begin in one moment, so does that they wait for a "
        "core.",
        "",
        f"| answers at once | Atrium | LiteLLM | ratio, goal ≤ {ADDED_GOAL} "
        f"| nine of ten, goal ≤ {POLL_GOAL_MS:.0f} ms |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for each in compared:
        slow = statistics.median(_slow(measured) for measured in each.atrium)
        cells = [str(each.streams), _range(each.atrium, "added_ms", 1), _range(each.rival, "added_ms", 1)]
        cells += [_ratio(each, "added_ms", ADDED_GOAL), _judged(f"{slow:.1f}", slow <= POLL_GOAL_MS)]
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        "## CPU for each token",
        "",
        "Microseconds, user and system, of all processes of the server: of Atrium its gateway, workers, Valkey and "
        "PostgreSQL. What they take when nobody asks, in as much time, is subtracted, and shown in the last columns.",
        "",
        f"| answers at once | Atrium | LiteLLM | ratio, goal ≤ {CPU_GOAL} | idle, Atrium | idle, LiteLLM |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for each in compared:
        cells = [str(each.streams), _range(each.atrium, "cpu_us", 0), _range(each.rival, "cpu_us", 0)]
        cells += [_ratio(each, "cpu_us", CPU_GOAL)]
        cells += [_range(each.atrium, "idle_us", 0), _range(each.rival, "idle_us", 0)]
        lines.append(f"| {' | '.join(cells)} |")
    middle = statistics.median(each.cpu_us for each in shared)
    spread = f" ({min(each.cpu_us for each in shared):.1f} to {max(each.cpu_us for each in shared):.1f})"
    lines += [
        "",
        f"## One answer read by {READERS}",
        "",
        f"CPU of all processes of Atrium for each token and reader, {shared_tokens:,} tokens read by {READERS} clients "
        f"at `GET /api/ai/stream/{{id}}`, their joining included, goal ≤ {SHARED_GOAL_US:.0f} µs: "
        f"**{_judged(f'{middle:.1f} µs', middle <= SHARED_GOAL_US)}**{spread if len(shared) > 1 else ''}. By process: "
        + ", ".join(
            f"{name} {statistics.median(each.by_process[name] for each in shared):.2f}" for name in shared[0].by_process
        )
        + ".",
        "",
    ]
    return "\n".join(lines)


def _slow(measured: Measured) -> float:
    """What nine of ten answers add at most, as the median of the stand-in's own is subtracted from all."""
    times = measured.asked.first_token_ms
    return at(times, 0.9) - statistics.median(times) + measured.added_ms


def _range(rounds: Sequence[Measured], name: str, digits: int) -> str:
    values = [float(getattr(each, name)) for each in rounds]
    if not values:
        return "not measured"
    middle = f"{statistics.median(values):,.{digits}f}"
    return f"{middle} ({min(values):,.{digits}f} to {max(values):,.{digits}f})" if len(values) > 1 else middle


def _ratio(compared: Compared, name: str, goal: float) -> str:
    if not compared.rival:
        return "not measured"
    ratio = compared.ratio(name)
    return _judged(f"{ratio:.2f}", ratio <= goal)


def _judged(figure: str, met: bool) -> str:
    return f"{figure} {'✓' if met else '✗'}"
