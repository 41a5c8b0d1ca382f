"""One number for a Standing: utilities between 0 and 1, weighted by category, with how unsure it is. Used by choice.py.

The weights are published in docs/ai.md. Uncertainty is carried through as variance, so that a score is a normal
distribution: the choice samples from it (Thompson), and how probable a choice was can be computed, not guessed.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ai_router.board import Logs, Standing
from schemas.models import Category

PARTS: Final = ("worth", "success", "speed", "price")
WEIGHTS: Final[Mapping[Category, tuple[float, float, float, float]]] = {
    "coding": (0.65, 0.15, 0.08, 0.12),
    "reasoning": (0.67, 0.15, 0.05, 0.13),
    "writing": (0.55, 0.12, 0.13, 0.20),
    "analysis": (0.60, 0.15, 0.10, 0.15),
    "research": (0.60, 0.15, 0.10, 0.15),
    "fast-chat": (0.25, 0.15, 0.35, 0.25),
    "multimodal": (0.55, 0.15, 0.13, 0.17),
}
"""Of each part, in the order of PARTS."""
HALF_SECONDS: Final = 2.0
"""To the first token, at which speed is worth one half."""
HALF_USD: Final = 0.01
"""Of an answer, at which price is worth one half."""
PRICE_SLOPE: Final = 0.5
"""Prices span five decades, waiting two."""
SPREAD_SECONDS: Final = 0.7
SPREAD_USD: Final = 1.0
"""Standard deviations of the logarithm of one observation."""
LEAST_SPREAD: Final = 0.01
"""Of a score: providers change, so nothing is ever quite sure."""
EXPLORE: Final = 0.8
"""Of the spread is sampled from: with dozens of models people would else seldom get one that is thought to be good."""


@dataclass(frozen=True, slots=True)
class Score:
    """How good a choice is thought to be: normally distributed."""

    mean: float
    spread: float
    """Standard deviation that is sampled with."""
    parts: tuple[float, float, float, float]
    """Expected utilities, in the order of PARTS."""


def score(category: Category, standing: Standing) -> Score:
    """Of one model."""
    speed, speed_variance = _utility(standing.seconds, HALF_SECONDS, 1.0, SPREAD_SECONDS)
    price, price_variance = _utility(standing.usd, HALF_USD, PRICE_SLOPE, SPREAD_USD)
    means = (standing.worth.mean, standing.success.mean, speed, price)
    variances = (standing.worth.variance, standing.success.variance, speed_variance, price_variance)
    weights = WEIGHTS[category]
    variance = sum(weight * weight * each for weight, each in zip(weights, variances, strict=True))
    mean = sum(weight * each for weight, each in zip(weights, means, strict=True))
    return Score(mean, max(EXPLORE * math.sqrt(variance), LEAST_SPREAD), means)


def _utility(logs: Logs, half: float, slope: float, spread: float) -> tuple[float, float]:
    """Less is better: a logistic curve over the logarithm, and its variance by the delta method."""
    value = 1 / (1 + math.exp(slope * (logs.mean - math.log(half))))
    steepness = slope * value * (1 - value)
    return value, steepness * steepness * spread * spread / logs.weight


def draw(scores: Sequence[Score], rng: random.Random) -> int:
    """Which one wins a round of Thompson sampling."""
    drawn = [rng.gauss(each.mean, each.spread) for each in scores]
    return drawn.index(max(drawn))


REACH: Final = 5.0
"""Standard deviations to either side that are integrated over."""
STEPS: Final = 64


def propensity(scores: Sequence[Score], chosen: int) -> float:
    """How probable it is that `draw` gives this one: ∫ φ(z) ∏ Φ((m + s·z - mⱼ) / sⱼ) dz by the trapezoidal rule."""
    me = scores[chosen]
    others = [each for index, each in enumerate(scores) if index != chosen]
    total, weights = 0.0, 0.0
    for step in range(STEPS + 1):
        z = REACH * (2 * step / STEPS - 1)
        density = math.exp(-z * z / 2)
        mine = me.mean + me.spread * z
        beaten = 1.0
        for other in others:
            beaten *= 0.5 * math.erfc((other.mean - mine) / (other.spread * math.sqrt(2)))
        total += density * beaten
        weights += density
    return total / weights
