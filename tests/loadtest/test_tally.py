"""Counting what arrived (loadtest/tally.py), on notes as connections keep them."""

from array import array
from typing import cast

import pytest

from loadtest.connection import Batch, Connection
from loadtest.dialects import Heard
from loadtest.presence import Seen
from loadtest.tally import Receiver, Tally, count_edits, count_states, missing, percentile
from loadtest.updates import Run


class Notes:
    """The part of a connection that the tally reads."""

    def __init__(self, *arrivals: tuple[float, Heard]) -> None:
        self.times = array("d", [now for now, _ in arrivals])
        self.batches = [Batch((heard,), (), b"", 1) for _, heard in arrivals]


def receiver(own: int, *arrivals: tuple[float, Heard]) -> Receiver:
    return Receiver(cast(Connection, Notes(*arrivals)), own)


def edits(*runs: tuple[int, int, int]) -> Heard:
    return Heard(runs=tuple(Run(*run) for run in runs))


SENT = [[1.0, 2.0, 3.0], [1.5]]


def test_each_edit_counts_once_per_receiver() -> None:
    """Overlapping updates deliver the edits that were not there yet."""
    reader = receiver(9, (4.0, edits((0, 0, 2))), (5.0, edits((0, 1, 3), (1, 0, 1))))
    tally = Tally(since=0.0)
    count_edits([reader], SENT, tally)
    assert tally.delivered == 4
    assert sorted(tally.latencies) == [2.0, 2.0, 3.0, 3.5]
    assert missing([reader], [0, 1], SENT) == 0


def test_late_deliveries_of_earlier_edits_arrive_but_are_not_delivered() -> None:
    """A server that still works off what was sent before the interval is paid for it, and not credited with it."""
    reader = receiver(9, (4.0, edits((0, 0, 3))))
    tally = Tally(since=2.5)
    count_edits([reader], SENT, tally)
    assert (tally.arrived, tally.delivered) == (3, 1)
    assert list(tally.latencies) == [1.0]


def test_an_authors_own_echo_does_not_count() -> None:
    """Servers that send an author its own edits deliver nothing by it."""
    author = receiver(0, (4.0, edits((0, 0, 3), (1, 0, 1))))
    tally = Tally(since=0.0)
    count_edits([author], SENT, tally)
    assert tally.delivered == 1
    assert missing([author], [0, 1], SENT) == 0


def test_an_edit_behind_a_gap_counts_when_the_gap_is_filled() -> None:
    """Yjs holds back what depends on missing characters, so the reader saw it later."""
    reader = receiver(9, (4.0, edits((0, 1, 3))), (8.0, edits((0, 0, 1))))
    tally = Tally(since=0.0)
    count_edits([reader], SENT, tally)
    assert sorted(tally.latencies) == [5.0, 6.0, 7.0]


def test_what_never_came_is_missing() -> None:
    """A receiver that lacks the end of a run, or all of it, is not complete."""
    reader = receiver(9, (4.0, edits((0, 0, 2))))
    count_edits([reader], SENT, Tally(since=0.0))
    assert missing([reader], [0, 1], SENT) == 2


def test_only_the_measured_interval_counts() -> None:
    """Edits that left before it are known, not counted."""
    reader = receiver(9, (4.0, edits((0, 0, 3))))
    tally = Tally(since=2.5)
    count_edits([reader], SENT, tally)
    assert list(tally.latencies) == [1.0]


def test_a_newer_state_stands_for_older_ones() -> None:
    """A cursor that skipped a position was seen at both, at the time of the newer."""
    reader = receiver(9, (5.0, Heard(seen=(Seen(0, 2),))), (6.0, Heard(seen=(Seen(0, 2),))))
    tally = Tally(since=0.5)
    count_states([reader], SENT, tally)
    assert sorted(tally.latencies) == [2.0, 3.0]


def test_a_percentile_of_nothing_is_not_a_number() -> None:
    """Nothing delivered must not look like fast."""
    assert percentile([], 0.99) != percentile([], 0.99)
    assert percentile([3.0, 1.0, 2.0], 0.5) == pytest.approx(2.0)
