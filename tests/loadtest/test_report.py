"""From measurements to a table, a page and a chart (loadtest/report/)."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from loadtest.bench import Outcome
from loadtest.measure import Measured, saturated
from loadtest.report import publish, results, table
from loadtest.report.results import Report, gather
from loadtest.shapes import SHAPES, Kind, shape


def outcome(server: str, repeat: int, cpu: float, p99: float, *notes: str, **more: float) -> Outcome:
    measured = Measured({"cpu_us": cpu, "p99_ms": p99, **more}, cpu={server: 1.0}, notes=list(notes))
    return Outcome("fanout-200", server, repeat, measured, {})


def opened(repeat: int, text: float, edits: float) -> Outcome:
    cases = {"one long text": {"stall_ms": text}, "scattered edits": {"stall_ms": edits}}
    return Outcome("open-1mb", "atrium", repeat, Measured(cases=cases), {})


@pytest.fixture
def report() -> Report:
    outcomes = [
        outcome("atrium", 1, 5.0, 4.0, other_cores=0.05),
        outcome("y-websocket", 1, 10.0, 8.0),
        outcome("hocuspocus", 1, 8.0, 3.0),
        outcome("atrium", 2, 6.0, 4.0, other_cores=0.45),
        outcome("y-websocket", 2, 12.0, 900.0, saturated(4.0), delivered_percent=43.2),
    ]
    return gather([shape("fanout-200")], outcomes, "./atrium bench")


def test_goals_compare_medians(report: Report) -> None:
    """A goal against a peer is the ratio of the medians; it is met at or below its limit."""
    verdicts = {(each.goal.metric, each.goal.peer): each for each in report.shapes[0].verdicts}
    assert verdicts["cpu_us", "y-websocket"].value == pytest.approx(0.5)
    assert verdicts["cpu_us", "y-websocket"].met is True
    assert verdicts["cpu_us", "hocuspocus"].met is False


def test_a_goal_without_its_peer_is_not_measured() -> None:
    """A missing peer is neither a success nor a failure."""
    alone = gather([shape("fanout-200")], [outcome("atrium", 1, 5.0, 4.0)], "./atrium bench")
    assert {each.met for each in alone.shapes[0].verdicts} == {None}
    assert "not measured" in table.render(alone)
    assert "0 of 4 are met" in publish.markdown(alone)


def test_a_goal_for_always_takes_the_worst_of_all() -> None:
    """One stall that was too long in one repetition of one kind of document misses the goal."""
    report = gather([shape("open-1mb")], [opened(1, 3.0, 40.0), opened(2, 3.0, 61.0)], "./atrium bench")
    (verdict,) = report.shapes[0].verdicts
    assert (verdict.value, verdict.met) == (61.0, False)
    assert [row.label for row in report.shapes[0].rows] == ["atrium, one long text", "atrium, scattered edits"]


def test_the_table_shows_spreads_and_notes(report: Report) -> None:
    """Medians with their spread, goals that were missed, and what a reader must know."""
    text = table.render(report)
    assert "5.50 (5.00 to 6.00)" in text
    assert "✗ CPU µs per delivered edit ≤ 0.5 × hocuspocus: 0.69 × (5.50 against 8.00)" in text
    assert "y-websocket: saturated" in text
    assert "atrium: other programs used up to 0.5 cores" in text


def test_a_share_is_shown_where_not_everything_was_delivered(report: Report) -> None:
    """A server that keeps up needs no column that says so."""
    assert "43.2" in table.render(report)
    whole = gather([shape("fanout-200")], [outcome("atrium", 1, 5.0, 4.0, delivered_percent=100.0)], "./atrium bench")
    assert "% delivered" not in table.render(whole)


def test_the_page_lists_what_falls_short(report: Report) -> None:
    """Missed goals and a machine that was not quiet stand in words before the tables; details beside them."""
    goals, rest = publish.markdown(report).split("## What falls short")
    short, tables = rest.split("![")
    assert "2 of 4 are met" in goals
    assert "**missed**: CPU µs per delivered edit 0.69 × hocuspocus (5.50 against 8.00), goal ≤ 0.5 ×" in short
    assert "in 1 of 3 rows, was not quiet" in short
    assert "- y-websocket: saturated" in tables
    assert "- atrium: other programs used up to 0.5 cores" in tables


def test_a_failure_is_on_the_page() -> None:
    """A server that did not run is named with its reason, not left out."""
    failed = Outcome("fanout-200", "atrium", 1, Measured(failed="StartFailed: no ports"), {})
    assert "atrium failed: StartFailed: no ports" in publish.markdown(gather([shape("fanout-200")], [failed], "x"))
    assert "failed: StartFailed" in table.line(failed)


def test_the_page_and_its_chart_are_written(report: Report, tmp_path: Path) -> None:
    """The page names the command and all servers; the chart is well-formed and follows light and dark schemes."""
    page, picture = publish.write(report, tmp_path)
    assert "`./atrium bench`" in page.read_text()
    assert "| y-websocket |" in page.read_text()
    assert ElementTree.parse(picture).getroot().tag.endswith("svg")
    assert "prefers-color-scheme: dark" in picture.read_text()


def test_a_report_survives_its_file(report: Report) -> None:
    """The page can be written again from the numbers of an earlier run."""
    assert publish.markdown(results.decode(results.encode(report))) == publish.markdown(report)


def test_every_shape_has_a_quick_form() -> None:
    """Quick shapes keep their kind and stay small."""
    for each in SHAPES:
        quick = each.quick()
        assert quick.kind is each.kind
        assert quick.rooms * quick.clients <= 500
        assert quick.megabytes <= 2
        assert quick.kind is not Kind.JOINS or quick.clients >= quick.at_once >= 1
