"""The bench itself, small and short, on real servers: `python -m loadtest --quick` as `./atrium bench` runs it. Two
runs at the same time, of Atrium and of its peers, in which each server starts once.
"""

import json
import re
import signal
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from loadtest.__main__ import arguments, repeatable
from tests.conftest import missing
from tests.loadtest.ending import running
from tests.support.waiting import wait_for

WITHIN = 150.0  # seconds for what takes fifteen on an idle machine

Metrics = dict[str, dict[str, float]]


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Metrics:
    """What the bench wrote: metrics by "shape server", or "shape server, case". Peers only with Node.js."""
    runs = {"atrium": ["fanout-200", "cursors-500", "durable-1000", "idle-4000"]}
    if "js" not in missing():
        runs["atrium"] += ["open-1mb"]
        runs["y-websocket,hocuspocus,hocuspocus-redis"] = ["fanout-200", "two-processes", "joins"]
    folders = [tmp_path_factory.mktemp("bench") for _ in runs]
    found: Metrics = {}
    with ExitStack() as stack:
        processes = [
            stack.enter_context(running(folder / "output", *command(folder, servers, shapes)))
            for folder, (servers, shapes) in zip(folders, runs.items(), strict=True)
        ]
        for process, folder in zip(processes, folders, strict=True):
            assert process.wait(WITHIN) == 0, (folder / "output").read_text()
            for each in json.loads((folder / "results.json").read_bytes())["measurements"]:
                name = f"{each['shape']} {each['server']}"
                found[name] = each["measured"]["metrics"]
                found |= {f"{name}, {case}": own for case, own in each["measured"]["cases"].items()}
    return found


def command(folder: Path, servers: str, shapes: list[str]) -> list[str]:
    words = ["loadtest", "--quick", "--servers", servers, "--results", str(folder / "results.json")]
    return words + [word for shape in shapes for word in ("--shape", shape)]


@pytest.mark.slow
def test_atrium_is_measured(metrics: Metrics) -> None:
    """Edits, presence and acknowledgements all arrive, and each shape has its numbers."""
    assert metrics["fanout-200 atrium"]["lost"] == 0
    assert metrics["fanout-200 atrium"]["p99_ms"] > 0
    assert metrics["cursors-500 atrium"]["lost"] == 0
    assert metrics["durable-1000 atrium"]["lost"] == 0
    assert metrics["idle-4000 atrium"]["connections"] == 400


@pytest.mark.slow
@pytest.mark.js
def test_the_peers_are_measured(metrics: Metrics) -> None:
    """All three deliver every edit through the load generator's codecs, and hand out a recorded session."""
    edits = ("fanout-200 y-websocket", "fanout-200 hocuspocus", "two-processes hocuspocus-redis")
    assert {metrics[name]["lost"] for name in edits} == {0}
    assert {metrics[f"joins {server}"]["joins"] for server in ("y-websocket", "hocuspocus")} == {30}


@pytest.mark.slow
@pytest.mark.js
def test_opening_is_measured(metrics: Metrics) -> None:
    """A document comes back whole after its server was stopped, with the time it took and the stalls it made."""
    for content in ("one long text", "scattered edits and map keys"):
        opened = metrics[f"open-1mb atrium, {content}"]
        assert opened["whole_ms"] > 0
        assert opened["stall_ms"] > 0
        assert opened["apply_ms"] > 0


@pytest.mark.slow
def test_ctrl_c_leaves_no_process(tmp_path: Path) -> None:
    """An interrupted bench stops what it started and says so by its exit code."""
    words = ["loadtest", "--shape", "fanout-200", "--servers", "atrium", "--seconds", "60", "--repeat", "1"]
    with running(tmp_path / "output", *words, "--results", str(tmp_path / "results.json")) as process:
        serving = wait_for(
            lambda: re.search(r"typing \((.*)\)", (tmp_path / "output").read_text()), "typing", within=WITHIN
        )
        started = [int(pid) for pid in re.findall(r" (\d+)", serving[1])]
        assert started
        process.send_signal(signal.SIGINT)
        assert process.wait(WITHIN) == 130
    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in started), "the end of all servers")


def test_an_unknown_server_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong name ends with one clear line."""
    with pytest.raises(SystemExit, match="2"):
        arguments(["--servers", "atrium,etherpad"])
    assert "unknown server etherpad" in capsys.readouterr().err


def test_the_published_command_repeats_the_run() -> None:
    """What was chosen is in it; what was not, and paths of this machine, are not."""
    assert repeatable(arguments(["--publish"])) == "./atrium bench --repeat 3 --publish"
    chosen = arguments(["--shape", "joins", "--servers", "atrium", "--repeat", "1", "--results", "/tmp/somewhere"])
    assert repeatable(chosen) == "./atrium bench --shape joins --servers atrium --repeat 1"
