"""What live documents count about themselves: plain numbers, cheap enough for the hot path, read when scraped."""

from bisect import bisect_left
from collections import Counter


class Histogram:
    """Counts of durations in fixed buckets, in seconds."""

    __slots__ = ("buckets", "counts", "total")

    BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

    def __init__(self) -> None:
        self.counts = [0] * (len(self.BOUNDS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(self.BOUNDS, seconds)] += 1
        self.total += seconds


class Figures:
    """The counters of one process."""

    __slots__ = (
        "broken",
        "commits",
        "connections",
        "deliveries_out",
        "durable",
        "fan_out",
        "gaps",
        "open_stall",
        "presence_in",
        "presence_out",
        "refused",
        "restored",
        "resyncs",
        "slow_peers",
        "updates_in",
        "worst_stall",
    )

    def __init__(self) -> None:
        self.connections = 0
        self.updates_in = 0
        self.deliveries_out = 0
        """Frames with edits written to peers."""
        self.presence_in = 0
        self.presence_out = 0
        self.commits = 0
        self.gaps = 0
        """Updates that came before what they depend on."""
        self.slow_peers = 0
        """Times that a peer's queue was full and was replaced by a later diff."""
        self.resyncs = 0
        """Times that announcements were missed and the log was read instead."""
        self.broken = 0
        """Documents that were given up because what is committed could not be merged."""
        self.restored = 0
        """Logs that Redis had lost and this process wrote back."""
        self.refused: Counter[str] = Counter()
        """Input that was refused, by reason."""
        self.fan_out = Histogram()
        """From the arrival of a frame's first update until it was written to all."""
        self.durable = Histogram()
        """From an update's arrival until it is durable."""
        self.worst_stall = 0.0
        self.open_stall = Histogram()
        """Longest time that opening one document held the loop in one piece."""
