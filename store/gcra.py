"""The generic cell rate algorithm (ITU-T I.371): the arithmetic of rate limits, pure. store/lua/gcra.lua says the same.

A window of `count` requests in `seconds` lets `count` come at once, and then one every `seconds / count`. All that is
kept per subject and window is one number, the theoretical arrival time (TAT).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """At most `count` requests in any burst, and on average `count` in `seconds`."""

    count: int
    seconds: int

    @property
    def interval(self) -> int:
        """Microseconds of one request; the clock has no smaller step, so more than a million a second are a million."""
        return max(1, self.seconds * MICRO // self.count)

    @property
    def tolerance(self) -> int:
        """Microseconds that the TAT may lie ahead."""
        return self.interval * self.count


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one request."""

    allowed: bool
    left: tuple[int, ...]
    """Per window: microseconds of tolerance left after it; where it was refused, negative ones are how long to wait."""

    def remaining(self, windows: Sequence[Window]) -> int:
        """How many more may come at once."""
        return max(0, min(left // window.interval for left, window in zip(self.left, windows, strict=True)))

    @property
    def wait(self) -> int:
        """Whole seconds until a refused request would be allowed."""
        return max(1, -(min(self.left) // MICRO))

    def narrowest(self, windows: Sequence[Window]) -> int:
        """The index of the window with the least left."""
        shares = [left / window.tolerance for left, window in zip(self.left, windows, strict=True)]
        return shares.index(min(shares))


def take(tats: Mapping[int, int], windows: Sequence[Window], now: int) -> tuple[Verdict, dict[int, int]]:
    """One request at `now` (microseconds) of a subject with `tats` (by index of window): the verdict, the new TATs."""
    ahead = [max(now, tats.get(index, now)) + window.interval for index, window in enumerate(windows)]
    left = tuple(window.tolerance - (tat - now) for window, tat in zip(windows, ahead, strict=True))
    if min(left) < 0:
        return Verdict(False, left), dict(tats)
    return Verdict(True, left), dict(enumerate(ahead))
