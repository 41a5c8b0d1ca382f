"""`./atrium bench rest`: the REST side beside FastAPI with asyncpg and uvicorn, and its lists among a million files.

./atrium bench rest              everything, three rounds: about five minutes
./atrium bench rest --quick      proves that it runs; says nothing about speed
./atrium bench rest --publish    also writes docs/benchmarks-rest.md
"""

import argparse
import sys
import tempfile
from pathlib import Path
from time import monotonic

from loadtest import interruptible, usage
from loadtest.rest import report
from loadtest.rest.bench import Bench
from loadtest.servers import Workshop
from loadtest.servers.child import StartFailed

OPEN_FILES = 4_096
_DOCS = Path(__file__).parent.parent.parent / "docs"


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="atrium bench rest", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each (default 3)")
    parser.add_argument("--projects", type=int, default=100_000, help="of the large account, ten files in each")
    parser.add_argument("--quick", action="store_true", help="small and short, once")
    parser.add_argument("--publish", action="store_true", help="write docs/benchmarks-rest.md")
    chosen = parser.parse_args(given)
    if chosen.quick and chosen.publish:
        parser.error("--publish is for a whole run: leave out --quick")
    if chosen.rounds < 1 or chosen.projects < 1_000:
        parser.error("--rounds must be at least 1, --projects at least 1000")
    return chosen


async def main(chosen: argparse.Namespace) -> int:
    begin = monotonic()

    def say(text: str) -> None:
        print(f"[{monotonic() - begin:6.1f} s] {text}", file=sys.stderr, flush=True)

    usage.allow_open_files(OPEN_FILES)
    rounds, size, few, many = (1, 0.02, 100, 1_000) if chosen.quick else (chosen.rounds, 1.0, 1_000, chosen.projects)
    with tempfile.TemporaryDirectory(prefix="atrium-bench-", ignore_cleanup_errors=True) as folder:
        try:
            async with Bench(Workshop(Path(folder), say, None)) as bench:
                compared = await bench.compare(rounds, size)
                scaled = await bench.scale(few, many, rounds, size)
        except StartFailed as error:
            print(error, file=sys.stderr)
            return 1
    text = report.render(compared, scaled, few, many, rounds)
    print(text)
    if chosen.publish:
        path = _DOCS / "benchmarks-rest.md"
        path.write_text(text)
        say(f"wrote {path.name}")
    return 0


def run(given: list[str]) -> int:
    """Until done, or Ctrl-C: then the servers are stopped first."""
    return interruptible.run(main(arguments(given)))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
