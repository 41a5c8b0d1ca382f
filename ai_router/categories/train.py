"""Makes weights.json of training.tsv: `python -m ai_router.categories.train`, some seconds of plain Python.

Multinomial logistic regression by stochastic gradients. The same files give the same weights. How good they are is
measured in tests/ai, on messages that are not in training.tsv.
"""

import json
import math
import random
import re
from collections import Counter
from pathlib import Path
from typing import Final

from ai_router.categories.features import features
from schemas.models import CATEGORIES, Category

HERE: Final = Path(__file__).parent
COPIES: Final = 6
"""Messages that are made of one with slots."""
ROUNDS: Final = 30
STEP: Final = 0.15
DECAY: Final = 2e-4
"""L2 regularisation for each step."""
RARE: Final = 2
"""Messages in which a feature has to stand, so that it is no accident of one."""
DROPPED: Final = 0.25
"""Of a message's features that are left out at random in each round, so that none is relied on alone."""
SCALE: Final = 100
LEAST: Final = 5
"""Weights below, in hundredths, are left out of the file."""

Example = tuple[int, list[str]]


def messages(path: Path, rng: random.Random) -> list[tuple[Category, str]]:
    """Category and text, slots filled."""
    slots: dict[str, list[str]] = {}
    found: list[tuple[Category, str]] = []
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            continue
        category, second, text = line.split("\t")
        if category == "=":
            slots[second] = text.split("|")
            continue
        text = text.replace("\\n", "\n")
        names = re.findall(r"\{(\w+)\}", text)
        filled = {
            re.sub(r"\{(\w+)\}", lambda slot: rng.choice(slots[slot[1]]), text) for _ in range(COPIES if names else 1)
        }
        found += [(CATEGORIES[CATEGORIES.index(category)], each) for each in sorted(filled)]
    return found


def train(examples: list[Example], rng: random.Random) -> dict[str, list[float]]:
    """Weights of each feature for each category."""
    weights: dict[str, list[float]] = {}
    squares: dict[str, list[float]] = {}
    share = Counter(category for category, _ in examples)
    for _ in range(ROUNDS):
        rng.shuffle(examples)
        for category, every in examples:
            present = [name for name in every if rng.random() >= DROPPED]
            rows = [weights.setdefault(name, [0.0] * len(CATEGORIES)) for name in present]
            size = 1 / math.sqrt(len(every) or 1)
            sums = [size * sum(column) for column in zip(*rows, strict=True)] or [0.0] * len(CATEGORIES)
            highest = max(sums)
            chances = [math.exp(each - highest) for each in sums]
            total = sum(chances)
            # Rare categories count as much as frequent ones.
            importance = len(examples) / (len(share) * share[category])
            for index, chance in enumerate(chances):
                error = (chance / total - (index == category)) * importance * size
                for name, row in zip(present, rows, strict=True):
                    gradient = error + DECAY * row[index]
                    square = squares.setdefault(name, [1e-3] * len(CATEGORIES))
                    square[index] += gradient * gradient
                    row[index] -= STEP * gradient / math.sqrt(square[index])
    return weights


def made() -> dict[str, list[int]]:
    """The weights, in hundredths."""
    rng = random.Random(4)
    examples = [
        (CATEGORIES.index(category), list(dict.fromkeys(features(text))))
        for category, text in messages(HERE / "training.tsv", rng)
    ]
    seen = Counter(name for _, every in examples for name in every)
    examples = [(category, [name for name in every if seen[name] >= RARE]) for category, every in examples]
    rounded = {name: [round(each * SCALE) for each in row] for name, row in sorted(train(examples, rng).items())}
    return {name: row for name, row in rounded.items() if max(map(abs, row)) >= LEAST}


def main() -> None:
    """Write the file, a line for each feature."""
    lines = (
        f"{json.dumps(name, ensure_ascii=False)}:{json.dumps(row).replace(' ', '')}" for name, row in made().items()
    )
    (HERE / "weights.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
