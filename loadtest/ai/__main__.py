"""`./atrium bench ai`: answers of models through Atrium beside LiteLLM's proxy, and one answer that 200 clients read.

./atrium bench ai              everything, three rounds: about seven minutes; the first time installs LiteLLM
./atrium bench ai --alone      without LiteLLM
./atrium bench ai --quick      proves that it runs, without LiteLLM; says nothing about speed
./atrium bench ai --publish    also writes docs/benchmarks-ai.md

All of it stays on this machine: both ask a stand-in that says a token every 5 ms.
"""

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from loadtest import interruptible, usage
from loadtest.ai import report
from loadtest.ai.bench import STREAMS, Bench
from loadtest.ai.client import Broken
from loadtest.servers import Workshop
from loadtest.servers.child import StartFailed

OPEN_FILES: Final = 4_096
_DOCS: Final = Path(__file__).parent.parent.parent / "docs"


@dataclass(frozen=True)
class Size:
    """How much is asked: tokens of an answer, answers of a round by how many at once, tokens of the one for many."""

    idle_seconds: float
    tokens: int
    answers: tuple[int, ...]
    shared_tokens: int


WHOLE: Final = Size(5.0, 400, (10, 40), 2_000)
QUICK: Final = Size(0.5, 20, (2, 10), 100)


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="atrium bench ai", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each (default 3)")
    parser.add_argument("--alone", action="store_true", help="without LiteLLM")
    parser.add_argument("--quick", action="store_true", help="small and short, once, without LiteLLM")
    parser.add_argument("--publish", action="store_true", help="write docs/benchmarks-ai.md")
    chosen = parser.parse_args(given)
    if chosen.publish and (chosen.quick or chosen.alone):
        parser.error("--publish is for a whole run: leave out --quick and --alone")
    if chosen.rounds < 1:
        parser.error("--rounds must be at least 1")
    return chosen


async def main(chosen: argparse.Namespace) -> int:
    begin = monotonic()

    def say(text: str) -> None:
        print(f"[{monotonic() - begin:6.1f} s] {text}", file=sys.stderr, flush=True)

    usage.allow_open_files(OPEN_FILES)
    load = os.getloadavg()[0]
    rounds, size = (1, QUICK) if chosen.quick else (chosen.rounds, WHOLE)
    with tempfile.TemporaryDirectory(prefix="atrium-bench-", ignore_cleanup_errors=True) as folder:
        workshop = Workshop(Path(folder), say, None)
        try:
            with_rival = not (chosen.quick or chosen.alone)
            async with Bench(workshop, size.tokens, size.idle_seconds, with_rival=with_rival) as bench:
                compared = [
                    await bench.compare(streams, rounds, count)
                    for streams, count in zip(STREAMS, size.answers, strict=True)
                ]
                shared = await bench.share(rounds, size.shared_tokens)
        except (StartFailed, Broken, TimeoutError) as error:
            print(str(error) or "an answer took too long", file=sys.stderr)
            return 1
    text = report.render(compared, shared, rounds, size.tokens, size.shared_tokens, load)
    print(text)
    if chosen.publish:
        path = _DOCS / "benchmarks-ai.md"
        path.write_text(text)
        say(f"wrote {path.name}")
    return 0


def run(given: list[str]) -> int:
    """Until done, or Ctrl-C: then the servers are stopped first."""
    return interruptible.run(main(arguments(given)))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
