"""From measurements to a table, a page and a chart (loadtest/report/)."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from loadtest.bench import Outcome
from loadtest.measure import Measured
from loadtest.report import publish, table
from loadtest.report.results import Report, gather
from loadtest.shapes import SHAPES, Kind, shape


def outcome(server: str, repeat: int, cpu: float, p99: float, *notes: str) -> Outcome:
    measured = Measured({"cpu_us": cpu, "p99_ms": p99}, {server: 1.0}, {}, list(notes))
    return Outcome("fanout-200", server, repeat, measured, {})


@pytest.fixture
def report() -> Report:
    outcomes = [
        outcome("atrium", 1, 5.0, 4.0),
        outcome("y-websocket", 1, 10.0, 8.0),
        outcome("hocuspocus", 1, 8.0, 3.0),
        outcome("atrium", 2, 6.0, 4.0),
        outcome("y-websocket", 2, 12.0, 900.0, "3 deliveries of 9 had not arrived at the end"),
    ]
    return gather([shape("fanout-200")], outcomes, "./atrium bench")


def test_goals_compare_medians(report: Report) -> None:
    """A goal against a peer is the ratio of the medians; it is met at or below its limit."""
    verdicts = {(each.metric, each.peer): each for each in report.shapes[0].verdicts}
    assert verdicts["cpu_us", "y-websocket"].value == pytest.approx(0.5)
    assert verdicts["cpu_us", "y-websocket"].met is True
    assert verdicts["cpu_us", "hocuspocus"].met is False


def test_a_goal_without_its_peer_is_not_measured() -> None:
    """A missing peer is neither a success nor a failure."""
    alone = gather([shape("fanout-200")], [outcome("atrium", 1, 5.0, 4.0)], "./atrium bench")
    assert {each.met for each in alone.shapes[0].verdicts} == {None}
    assert "not measured" in table.render(alone)


def test_the_table_shows_spreads_and_notes(report: Report) -> None:
    """Medians with their spread, goals that were missed, and what a reader must know."""
    text = table.render(report)
    assert "5.50 (5.00 to 6.00)" in text
    assert "missed" in text
    assert "3 deliveries of 9" in text


def test_the_page_and_its_chart_are_written(report: Report, tmp_path: Path) -> None:
    """The page names the command and all servers; the chart is well-formed and follows light and dark schemes."""
    page, picture = publish.write(report, tmp_path)
    assert "`./atrium bench`" in page.read_text()
    assert "| y-websocket |" in page.read_text()
    assert ElementTree.parse(picture).getroot().tag.endswith("svg")
    assert "prefers-color-scheme: dark" in picture.read_text()


def test_every_shape_has_a_quick_form() -> None:
    """Quick shapes keep their kind and stay small."""
    for each in SHAPES:
        quick = each.quick()
        assert quick.kind is each.kind
        assert quick.rooms * quick.clients <= 500
        assert quick.kind is not Kind.JOINS or quick.clients >= quick.at_once >= 1
