"""`./atrium bench rest`: small and short on real servers, and its page without any."""

import re
from pathlib import Path

import psutil
import pytest

from loadtest.rest.__main__ import arguments
from loadtest.rest.bench import Compared, Scaled
from loadtest.rest.client import Measured
from loadtest.rest.report import render
from tests.loadtest.ending import REPOSITORY, running
from tests.support.waiting import wait_for

WITHIN = 150.0  # seconds for what takes ten on an idle machine
COMPARED = ("read a project", "list 50 projects", "create a file")
LISTED = (
    "the first page of 50 projects",
    "a later page of 50",
    "projects searched by a word",
    "the files of a project",
    "the files of a project, by name",
)


def rows(page: str) -> dict[str, list[str]]:
    """The cells of each line of the page's tables, by its first one."""
    lines = [[cell.strip() for cell in line.strip("| ").split("|")] for line in page.splitlines() if "|" in line]
    return {first: others for first, *others in lines}


@pytest.mark.slow
def test_it_runs(tmp_path: Path) -> None:
    """Atrium and its rival answer everything, lists among many too; what was started is stopped; nothing is written."""
    published = {path: path.read_bytes() for path in (REPOSITORY / "docs").glob("benchmarks*")}
    output = tmp_path / "output"
    with running(output, "loadtest", "rest", "--quick") as process:
        wait_for(lambda: "rival" in output.read_text(), "the first round", within=WITHIN)
        started = psutil.Process(process.pid).children(recursive=True)
        assert process.wait(WITHIN) == 0, output.read_text()
    assert len(started) > 3
    wait_for(lambda: not any(each.is_running() for each in started), "the end of all servers")
    said = output.read_text()
    found = rows(said)
    assert {*COMPARED, *LISTED} <= found.keys()
    for title in (*COMPARED, *LISTED):
        figures = [float(figure.replace(",", "")) for figure in re.findall(r"\d[\d,.]*", " ".join(found[title]))]
        assert len(figures) == (6 if title in COMPARED else 3)
        assert min(figures) > 0, title
        assert set(found[title][-1]) & {"✓", "✗"}
    assert {path: path.read_bytes() for path in (REPOSITORY / "docs").glob("benchmarks*")} == published


def test_what_falls_short_is_on_the_page() -> None:
    """Each goal is beside what was measured, and a miss is no less visible than a hit."""

    def took(per_second: float, p99: float) -> Measured:
        return Measured(per_second, p99 / 2, p99, 0, "")

    good = Compared("good", [took(300, 5), took(200, 4), took(100, 6)], [took(100, 5)])
    bad = Compared("bad", [took(149, 5.1)], [took(100, 5)])
    assert (good.speed, good.p99) == (2, 1)
    page = rows(
        render(
            [good, bad],
            [Scaled("near", [took(1, 2)], [took(1, 6)]), Scaled("far", [took(1, 2)], [took(1, 7)])],
            10,
            1_000,
            3,
        )
    )
    assert (page["good"][2], page["good"][5]) == ("2.00 ✓", "1.00 ✓")
    assert page["good"][0] == "200 (100 to 300)"
    assert (page["bad"][2], page["bad"][5]) == ("1.49 ✗", "1.02 ✗")
    assert (page["near"][2], page["far"][2]) == ("3.00 ✓", "3.50 ✗")


@pytest.mark.parametrize("given", [["--quick", "--publish"], ["--rounds", "0"], ["--projects", "10"]])
def test_a_run_that_says_nothing_is_not_published(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What would make no honest page is refused at once."""
    with pytest.raises(SystemExit, match="2"):
        arguments(given)
    assert "atrium bench rest: error:" in capsys.readouterr().err
