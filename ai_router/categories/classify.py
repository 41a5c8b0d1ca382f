"""The category of a message: local, and faster than a millisecond. Called once for each `auto` request.

A multinomial logistic regression over features.py; docs/ai.md says how often it is right.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from ai_router.categories.features import features
from schemas.conversation import Image, Turn
from schemas.models import CATEGORIES, Category

_WEIGHTS: Final = msgspec.json.decode(
    (Path(__file__).parent / "weights.json").read_bytes(), type=dict[str, tuple[int, ...]]
)
_SCALE: Final = 100
FOLLOWS: Final = 6
"""Words: shorter messages may be about what was said before."""
UNSURE: Final = 0.8
"""Below this probability such a message keeps the category before it."""
UNSURE_CHAT: Final = 0.93
"""The same where it seems to be a quick word: all short messages do."""
REMEMBERED: Final = 3
"""Questions that are looked at."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What a text seems to be."""

    category: Category
    probability: float


def guess(text: str) -> Guess:
    """By its words alone."""
    chances = probabilities(text)
    category = max(chances, key=lambda each: chances[each])
    return Guess(category, chances[category])


def probabilities(text: str) -> Mapping[Category, float]:
    """Of all categories; they add up to one."""
    names = dict.fromkeys(features(text))
    rows = [row for name in names if (row := _WEIGHTS.get(name)) is not None]
    if not rows:
        return dict.fromkeys(CATEGORIES, 1 / len(CATEGORIES))
    size = _SCALE * math.sqrt(len(names))
    sums = [sum(column) / size for column in zip(*rows, strict=True)]
    highest = max(sums)
    chances = [math.exp(each - highest) for each in sums]
    total = sum(chances)
    return {category: chance / total for category, chance in zip(CATEGORIES, chances, strict=True)}


def category_of_talk(turns: Sequence[Turn]) -> Category:
    """Of what is asked last in a conversation, with the questions before it where its own words leave it open."""
    before: Category | None = None
    for turn in [each for each in turns if each.speaker == "user"][-REMEMBERED:]:
        before = category_of(turn, before)
    return before or "fast-chat"


def category_of(turn: Turn, before: Category | None = None) -> Category:
    """Of the last turn of a chat; `before`: the category of the one before it, which "shorter, please" goes on with."""
    if any(isinstance(part, Image) for part in turn.parts):
        return "multimodal"
    text = turn.text
    if not text.strip():
        return before or "fast-chat"
    found = guess(text)
    unsure = UNSURE_CHAT if found.category == "fast-chat" else UNSURE
    if before is not None and found.probability < unsure and len(text.split()) <= FOLLOWS:
        return before
    return found.category
