"""How long the rest of a run will take: a guess for every measurement, replaced by how long the same one took before.
Pure; used by bench.py.
"""

from collections.abc import Sequence
from statistics import mean
from typing import NamedTuple

from loadtest.shapes import Kind, Shape

#: Seconds that a measurement takes besides its warm-up and its measured interval: starting, connecting, counting,
#: stopping.
_AROUND = {Kind.IDLE: 12.0, Kind.OPENS: 25.0, Kind.EDITS: 9.0}
_AROUND_OTHERS = 6.0


class Step(NamedTuple):
    """One measurement of a run."""

    repeat: int
    shape: Shape
    server: str


class Forecast:
    """What is left of a plan. Tell it how long each step took, in their order."""

    def __init__(self, plan: Sequence[Step]) -> None:
        self._plan = plan
        self._took: list[float] = []

    def took(self, seconds: float) -> None:
        self._took.append(seconds)

    @property
    def done(self) -> int:
        return len(self._took)

    def remaining(self) -> float:
        """Seconds for the steps that are left."""
        known: dict[tuple[str, str], list[float]] = {}
        for step, seconds in zip(self._plan, self._took, strict=False):
            known.setdefault((step.shape.name, step.server), []).append(seconds)
        guessed = sum(_guess(step) for step in self._plan[: self.done])
        # On a slow machine guesses are wrong by a common factor.
        factor = sum(self._took) / guessed if guessed else 1.0
        return sum(
            mean(known[key]) if (key := (step.shape.name, step.server)) in known else factor * _guess(step)
            for step in self._plan[self.done :]
        )

    def __str__(self) -> str:
        return f"{self.done} of {len(self._plan)} done, {lasting(self.remaining())} left"


def lasting(seconds: float) -> str:
    """A duration as people say it."""
    return f"about {seconds / 60:.0f} min" if seconds >= 90 else f"about {seconds:.0f} s"


def _guess(step: Step) -> float:
    return step.shape.warmup + step.shape.seconds + _AROUND.get(step.shape.kind, _AROUND_OTHERS)
