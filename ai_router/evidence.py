"""What was seen of a model in a category, as sums: they can be kept anywhere, aged, and added in any order.

Evidence halves in HALF_LIFE, since providers change what stands behind a name; so the choice keeps exploring a little.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Final

from ai_router.heard import Kind

HALF_LIFE: Final = 14 * 86_400.0
"""Seconds."""
BLAMELESS: Final[frozenset[Kind]] = frozenset({"authentication", "payment", "invalid", "too-long", "rate", "filtered"})
"""Failures that say nothing about how well a model answers."""
OWN_BLAMELESS: Final = BLAMELESS | {"not-found"}
"""The same with somebody's own key, whose account may not have the model."""
PERSON_MOST: Final = 4.0
"""Judgements that one person counts for, of a model in a category: a quarter of a prior (board.py), so nobody alone
decides what others get."""
GUEST_SHARE: Final = 0.1
"""Of a judgement: anybody may be many guests."""
RATINGS_FOR: Final = 5 * HALF_LIFE
"""Seconds after which a rating is no longer read: it would weigh 3 %."""
SHORTEST: Final = 0.01
"""Seconds; the clock is no finer."""
CHEAPEST: Final = 1e-6
"""USD."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Sums of what was seen up to `at`, older things counting less."""

    at: float
    """Unix seconds."""
    liked: float = 0.0
    disliked: float = 0.0
    succeeded: float = 0.0
    failed: float = 0.0
    timed: float = 0.0
    log_seconds: float = 0.0
    priced: float = 0.0
    log_usd: float = 0.0

    def aged(self, now: float) -> "Evidence":
        """What it is worth later; a clock that went back leaves it as it is."""
        if now <= self.at:
            return self
        factor = 0.5 ** ((now - self.at) / HALF_LIFE)
        return Evidence(now, *(getattr(self, name) * factor for name in _SUMS))

    def __add__(self, other: "Evidence") -> "Evidence":
        """Both, at the later time."""
        at = max(self.at, other.at)
        one, two = self.aged(at), other.aged(at)
        return Evidence(at, *(getattr(one, name) + getattr(two, name) for name in _SUMS))


_SUMS: Final = tuple(field.name for field in fields(Evidence) if field.name != "at")


def answered(at: float, seconds: float | None, usd: float | None) -> Evidence:
    """An answer to its end: seconds to the first token, and its cost as it was settled."""
    return Evidence(
        at,
        succeeded=1.0,
        timed=0.0 if seconds is None else 1.0,
        log_seconds=0.0 if seconds is None else math.log(max(seconds, SHORTEST)),
        priced=0.0 if usd is None else 1.0,
        log_usd=0.0 if usd is None else math.log(max(usd, CHEAPEST)),
    )


def broke(at: float, kind: Kind, *, own_key: bool = False) -> Evidence:
    """An answer that failed."""
    return Evidence(at, failed=0.0 if kind in (OWN_BLAMELESS if own_key else BLAMELESS) else 1.0)


def judged(at: float, good: float, weight: float = 1.0) -> Evidence:
    """What somebody thought of an answer, or a benchmark's score: 0 to 1."""
    return Evidence(at, liked=good * weight, disliked=(1 - good) * weight)


def all_of(evidence: Iterable[Evidence]) -> Evidence:
    """The sum."""
    total = Evidence(0.0)
    for each in evidence:
        total += each
    return total
