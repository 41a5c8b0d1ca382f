"""How long something took in each case of a test file, held to what is promised. Used where seconds are promised.

One slow case says that the machine was busy; half of them, that what they test became slow.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median, quantiles

import pytest

STRETCH = 5.0
"""How much longer the slowest tenth may take: a machine that runs other things as well."""
FEW = 10
"""Cases below which there is no slowest tenth."""


@dataclass
class Goal:
    """A promise of so many seconds. `note` each case; a last test of the file calls `check`."""

    seconds: float
    cases: dict[str, float] = field(default_factory=dict)

    def note(self, case: str, seconds: float) -> float:
        """What one case took; printed, and given back."""
        print(f"{case}: {seconds:.3f} s (goal {self.seconds:g} s)")
        self.cases[f"{len(self.cases) + 1} {case}"] = seconds
        return seconds

    def check(self) -> None:
        """Half of the cases are within the goal, and nine of ten not far beyond."""
        if not self.cases:
            pytest.skip("no case of this file was run")
        slowest = sorted(self.cases.items(), key=lambda item: -item[1])[:5]
        told = ", ".join(f"{case}: {seconds:.2f} s" for case, seconds in slowest)
        taken = list(self.cases.values())
        assert median(taken) <= self.seconds, f"half took longer than {self.seconds} s; {told}"
        nine_of_ten = quantiles(taken, n=10)[-1] if len(taken) >= FEW else max(taken)
        assert nine_of_ten <= self.seconds * STRETCH, f"many took longer than {self.seconds * STRETCH} s; {told}"
