"""`./atrium bench`: measures Atrium and its peers on the same load, on this machine, in one run.

    ./atrium bench              everything, three times: about twenty minutes
    ./atrium bench --quick      proves that all shapes run; says nothing about speed
    ./atrium bench --publish    also writes docs/benchmarks.md and docs/benchmarks.svg
    ./atrium bench rest         the REST side, beside FastAPI (rest/)
    ./atrium bench ai           answers of models, beside LiteLLM (ai/)
    ./atrium bench --shape fanout-200 --servers atrium,y-websocket --repeat 1 --seconds 5

Without Node.js the peers cannot run: Atrium is then measured alone. Ctrl-C stops all servers that the bench started.
"""

import argparse
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from time import monotonic

from loadtest import bench, interruptible, trace, usage
from loadtest.ai import __main__ as ai
from loadtest.measure import Task
from loadtest.report import publish, results, table
from loadtest.rest import __main__ as rest
from loadtest.servers import Workshop
from loadtest.servers.atrium import Atrium, AtriumHocuspocus
from loadtest.servers.child import StartFailed
from loadtest.servers.peers import install
from loadtest.shapes import SHAPES, Kind, Shape

#: Open files for the largest shape: a connection is one at each end, and both ends inherit this limit.
OPEN_FILES = 16_384
#: How the bench exits when it was interrupted, as shells expect it.
#: Kinds of shapes whose documents Node.js makes.
_WITH_NODE = {Kind.JOINS, Kind.OPENS}
_REPOSITORY = Path(__file__).parent.parent
_DOCS = _REPOSITORY / "docs"
_RESULTS = _REPOSITORY / "bench-results" / "results.json"
#: What is measured when nobody says otherwise; `atrium` stands for the pair too (bench.chosen).
EVERY_SERVER = ["atrium", "y-websocket", "hocuspocus", "hocuspocus-redis"]
_ATRIUMS = {Atrium.name, AtriumHocuspocus.name}


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="atrium bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [shape.name for shape in SHAPES]
    servers = list(bench.SERVERS)
    parser.add_argument("--shape", action="append", choices=names, help="only this shape; may be given several times")
    parser.add_argument("--servers", default=",".join(EVERY_SERVER), help=f"any of {', '.join(servers)}")
    parser.add_argument("--repeat", type=int, default=3, help="measurements of each server and shape (default 3)")
    parser.add_argument("--seconds", type=float, help="length of the measured interval instead of the shape's own")
    parser.add_argument("--warmup", type=float, help="seconds of the same load before it, instead of the shape's own")
    parser.add_argument("--quick", action="store_true", help="small and short, once")
    parser.add_argument(
        "--results", type=Path, default=_RESULTS, help="where the numbers go (bench-results/results.json)"
    )
    parser.add_argument("--publish", action="store_true", help="write docs/benchmarks.md and docs/benchmarks.svg")
    parser.add_argument("--render", action="store_true", help="write these again from the numbers of an earlier run")
    parser.add_argument("--trace", type=Path, help=f"{trace.NAME}, if the tests' copy is not there")
    parser.add_argument("--list", action="store_true", help="name the shapes and end")
    chosen = parser.parse_args(given)
    chosen.servers = [name.strip() for name in chosen.servers.split(",")]
    if unknown := set(chosen.servers) - set(servers):
        parser.error(f"unknown server {', '.join(sorted(unknown))}; there are {', '.join(servers)}")
    if chosen.publish and (chosen.quick or chosen.shape or chosen.servers != EVERY_SERVER):
        parser.error("--publish is for a whole run: leave out --quick, --shape and --servers")
    return chosen


def wanted_shapes(chosen: argparse.Namespace) -> list[Shape]:
    shapes = [shape for shape in SHAPES if not chosen.shape or shape.name in chosen.shape]
    if chosen.quick:
        shapes = [shape.quick() for shape in shapes]
    if chosen.seconds:
        shapes = [replace(shape, seconds=chosen.seconds) for shape in shapes]
    if chosen.warmup is not None:
        shapes = [replace(shape, warmup=chosen.warmup) for shape in shapes]
    return shapes


async def main(chosen: argparse.Namespace) -> int:
    begin = monotonic()

    def say(text: str) -> None:
        print(f"[{monotonic() - begin:6.1f} s] {text}", file=sys.stderr, flush=True)

    usage.allow_open_files(OPEN_FILES)
    chosen.results.parent.mkdir(parents=True, exist_ok=True)
    shapes = wanted_shapes(chosen)
    node = shutil.which("node") if shutil.which("npm") else None
    if not node:
        if chosen.publish:
            say("Node.js is not installed, and without it there are no peers to publish")
            return 1
        say("Node.js is not installed: Atrium is measured alone, and without large documents")
        chosen.servers = [name for name in chosen.servers if name in _ATRIUMS]
    with tempfile.TemporaryDirectory(prefix="atrium-bench-", ignore_cleanup_errors=True) as folder:
        workshop = Workshop(Path(folder), say, node)
        try:
            recorded = trace.find(chosen.trace)
            shapes = _possible(shapes, recorded, workshop)
            if not _ATRIUMS.issuperset(chosen.servers) or any(shape.kind in _WITH_NODE for shape in shapes):
                await install(workshop)
            repeats = 1 if chosen.quick else chosen.repeat
            outcomes = await bench.run(
                shapes,
                chosen.servers,
                repeats,
                workshop,
                Task(say, workshop.folder, node, recorded),
                lambda outcome: say(table.line(outcome)),
                stay=chosen.quick,
            )
        except StartFailed as error:
            print(error, file=sys.stderr)
            return 1
    report = results.gather(shapes, outcomes, command=repeatable(chosen))
    print(table.render(report))
    chosen.results.write_bytes(results.encode(report))
    say(f"numbers in {chosen.results}")
    if chosen.publish:
        for path in publish.write(report, _DOCS):
            say(f"wrote {path}")
    return 1 if any(outcome.measured.failed for outcome in outcomes) else 0


def _possible(shapes: list[Shape], recorded: Path | None, workshop: Workshop) -> list[Shape]:
    """Leaves out the shapes whose documents cannot be made."""
    impossible = set() if workshop.node else set(_WITH_NODE)
    if workshop.node and not recorded and any(shape.kind is Kind.JOINS for shape in shapes):
        workshop.say(f"{trace.NAME} is not there (--trace): joins are left out")
        impossible.add(Kind.JOINS)
    return [shape for shape in shapes if shape.kind not in impossible]


def repeatable(chosen: argparse.Namespace) -> str:
    """The command that repeats this run on any machine: without its paths."""
    shown = {"shape": chosen.shape or [], "seconds": [chosen.seconds], "warmup": [chosen.warmup]}
    words = [f"--{name} {value}" for name, values in shown.items() for value in values if value is not None]
    words += [f"--servers {','.join(chosen.servers)}"] * (chosen.servers != EVERY_SERVER)
    words += ["--quick"] if chosen.quick else [f"--repeat {chosen.repeat}"]
    return " ".join(["./atrium bench", *words] + ["--publish"] * chosen.publish)


def run(given: list[str]) -> int:
    if given[:1] == ["rest"]:
        return rest.run(given[1:])
    if given[:1] == ["ai"]:
        return ai.run(given[1:])
    chosen = arguments(given)
    if chosen.list:
        for shape in SHAPES:
            print(f"{shape.name:15} {shape.title}  ({', '.join(shape.servers)})")
        return 0
    if chosen.render:
        publish.write(results.decode(chosen.results.read_bytes()), _DOCS)
        return 0
    return interruptible.run(main(chosen))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
