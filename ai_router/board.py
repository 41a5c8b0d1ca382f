"""What is believed of each model in each category: the port that the automatic choice reads (choice.py).

    prior(category, model) ──posterior──► Standing ──score──► Normal ──► choice.py
    Evidence (evidence.py) ──┘

`Believed` is the default; a leaderboard with votes and benchmarks gives the same Standing.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Protocol

from ai_router.cost import NANO, upper
from ai_router.evidence import Evidence
from ai_router.models import Model
from schemas.models import Category


@dataclass(frozen=True, slots=True)
class Beta:
    """A belief about a share, such as of answers that succeed: as if so many good and bad ones had been seen."""

    good: float
    bad: float

    @property
    def mean(self) -> float:
        """What is expected."""
        return self.good / (self.good + self.bad)

    @property
    def variance(self) -> float:
        """How unsure that is."""
        seen = self.good + self.bad
        return self.good * self.bad / (seen * seen * (seen + 1))


@dataclass(frozen=True, slots=True)
class Logs:
    """A belief about a positive quantity by its natural logarithm."""

    mean: float
    weight: float
    """Observations that the belief is worth."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is believed of one model in one category."""

    worth: Beta
    """How good its answers are: what people, votes and benchmarks say."""
    success: Beta
    """How often it answers to the end."""
    seconds: Logs
    """To its first token."""
    usd: Logs
    """Of an answer."""


class Board(Protocol):
    """Who knows how models do. The one here is workers/ai/experience.py: observations go to its `note`, and what people
    say of answers is read by store/opinions.py.
    """

    def standing(self, category: Category, model: Model) -> Standing:
        """Never fails: of what nobody has seen, the prior with its wide variance."""


@dataclass(frozen=True, slots=True)
class Believed:
    """The default board: priors, and what was observed here."""

    evidence: Mapping[tuple[Category, str], Evidence]
    """By category and model name."""
    now: float
    """Unix seconds: evidence ages."""
    day: date

    def standing(self, category: Category, model: Model) -> Standing:
        """See Board."""
        before = prior(category, model, self.day)
        seen = self.evidence.get((category, model.name))
        return before if seen is None else posterior(before, seen.aged(self.now))


PRIOR_ANSWERS: Final = 16.0
"""Judgements that a prior of worth counts for: a dozen people's thumbs outweigh a table."""
PRIOR_SUCCESS: Final = Beta(19.0, 1.0)
PRIOR_TIMES: Final = 4.0
"""Observations that priors of latency and cost count for: measuring is better than guessing."""
STRENGTH_UNKNOWN: Final = 0.5
GOOD_FOR: Final = 0.04
"""What being known for a category adds to the strength."""
NOT_FOR: Final = 0.12
"""What being known for others alone takes away."""
FREE: Final = 1e-6
"""USD; has a logarithm."""
TYPICAL: Final[Mapping[Category, tuple[int, int]]] = {
    "coding": (2_000, 1_500), "reasoning": (500, 2_500), "writing": (500, 800), "analysis": (4_000, 800),
    "research": (300, 1_000), "fast-chat": (200, 150), "multimodal": (1_500, 400),
}  # fmt: skip
"""Tokens of a question and its answer, before any was counted."""


def prior(category: Category, model: Model, day: date) -> Standing:
    """What strength, price and abilities let one expect."""
    strength = STRENGTH_UNKNOWN if model.strength is None else model.strength
    known_for = 0.0 if not model.categories else GOOD_FOR if category in model.categories else -NOT_FOR
    worth = min(max(strength + known_for, 0.02), 0.98)
    # Stronger models think before they speak; those that search do that first; a local one has to load.
    seconds = 3.0 if strength > 0.8 or model.provider == "ollama" else 1.5 if strength > 0.7 else 0.8
    if "search" in model.abilities:
        seconds += 2.0
    usd = upper(model, day, *TYPICAL[category]) / NANO
    return Standing(
        Beta(worth * PRIOR_ANSWERS, (1 - worth) * PRIOR_ANSWERS),
        PRIOR_SUCCESS,
        Logs(math.log(seconds), PRIOR_TIMES),
        Logs(math.log(max(usd, FREE)), PRIOR_TIMES),
    )


def posterior(before: Standing, seen: Evidence) -> Standing:
    """A prior with what was seen."""
    return Standing(
        Beta(before.worth.good + seen.liked, before.worth.bad + seen.disliked),
        Beta(before.success.good + seen.succeeded, before.success.bad + seen.failed),
        _with(before.seconds, seen.log_seconds, seen.timed),
        _with(before.usd, seen.log_usd, seen.priced),
    )


def _with(before: Logs, total: float, count: float) -> Logs:
    weight = before.weight + count
    return replace(before, mean=(before.mean * before.weight + total) / weight, weight=weight)
