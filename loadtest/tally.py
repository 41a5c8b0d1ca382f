"""What arrived, how late, and whether all of it did. Works on the notes of connections after a measurement, so that
it costs nothing during one. Used by measure/edits, measure/cursors and measure/acks.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from loadtest.connection import Connection

#: Latencies kept per measurement, taken from receivers evenly spread over the rooms. 200,000 make a p99 of 2,000
#: values.
LATENCIES = 200_000


@dataclass(slots=True)
class Receiver:
    """One client's knowledge: the next clock that it lacks, per author. `own` is the author whose echo does not
    count.
    """

    connection: Connection
    own: int
    sampled: bool = True
    knows: dict[int, int] = field(default_factory=dict)
    early: list[tuple[float, int, int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Tally:
    """Counts since `since` (perf_counter seconds at which the measured interval began): what `arrived`, and of that
    what was also sent since, `delivered`. A server that falls behind is still delivering what was sent before.
    """

    since: float
    arrived: int = 0
    delivered: int = 0
    latencies: array[float] = field(default_factory=lambda: array("d"))

    def percentile(self, share: float) -> float:
        """Seconds within which `share` of the sampled deliveries arrived; NaN if there were none."""
        return percentile(self.latencies, share)


def percentile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    if not ordered:
        return float("nan")
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def count_edits(receivers: Iterable[Receiver], sent: Sequence[Sequence[float]], tally: Tally) -> None:
    """Adds every edit that reached a receiver other than its author. `sent[author][clock]` is when it left.

    Yjs holds back characters whose predecessors are missing, so they count from when the gap is filled.
    """
    for receiver in receivers:
        connection = receiver.connection
        for now, batch in zip(connection.times, connection.batches, strict=True):
            for heard in batch.heard:
                for author, first, end in heard.runs:
                    if author != receiver.own:
                        _learn(receiver, now, author, first, end, sent, tally)
        del connection.times[:]
        connection.batches.clear()


def count_states(receivers: Iterable[Receiver], sent: Sequence[Sequence[float]], tally: Tally) -> None:
    """Adds presence: a state counts as seen when it or a newer one of the same author arrived."""
    for receiver in receivers:
        connection = receiver.connection
        for now, batch in zip(connection.times, connection.batches, strict=True):
            for heard in batch.heard:
                for author, clock in heard.seen:
                    if author != receiver.own and 0 <= author < len(sent):
                        known = receiver.knows.get(author, 1)
                        _note(receiver, now, author, known, clock + 1, sent, tally)
        del connection.times[:]
        connection.batches.clear()


def missing(receivers: Iterable[Receiver], authors: Iterable[int], sent: Sequence[Sequence[float]]) -> int:
    """Edits of `authors` that some receiver never got, summed over the receivers."""
    totals = [(author, len(sent[author])) for author in authors if sent[author]]
    return sum(
        total - receiver.knows.get(author, 0)
        for receiver in receivers
        for author, total in totals
        if author != receiver.own
    )


def _learn(
    receiver: Receiver,
    now: float,
    author: int,
    first: int,
    end: int,
    sent: Sequence[Sequence[float]],
    tally: Tally,
) -> None:
    known = receiver.knows.get(author, 0)
    if first > known:
        receiver.early.append((now, author, first, end))
        return
    _note(receiver, now, author, known, end, sent, tally)
    if receiver.early:
        waiting, receiver.early = receiver.early, []
        for _, waiting_author, waiting_first, waiting_end in waiting:
            _learn(receiver, now, waiting_author, waiting_first, waiting_end, sent, tally)


def _note(
    receiver: Receiver,
    now: float,
    author: int,
    known: int,
    end: int,
    sent: Sequence[Sequence[float]],
    tally: Tally,
) -> None:
    if end <= known:
        return
    receiver.knows[author] = end
    tally.arrived += end - known
    times = sent[author]
    for clock in range(known, end):
        left = times[clock]
        if left >= tally.since:
            tally.delivered += 1
            if receiver.sampled:
                tally.latencies.append(now - left)
