"""How much of a log one replica has: the arithmetic of following, without any I/O.

Numbers arrive from two sides: announcements of what others committed, and the answers to our own commits. Either may
overtake the other, so what is ahead of its turn waits until the numbers between are there.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from rooms.limits import AHEAD_MAX
from schemas.records import Commit


class Verdict(Enum):
    NEXT = auto()
    """In turn: apply it."""
    OLD = auto()
    """Already here."""
    GAP = auto()
    """Something before it is missing: read the log after `known`."""


@dataclass(slots=True)
class Tail:
    """`known`: all records up to this number are in the replica."""

    known: int
    _own: dict[int, int] = field(default_factory=dict)
    """Our own commits that are ahead of `known`: first number → last number."""

    @property
    def behind(self) -> bool:
        """Whether an own commit showed that records of others are still to come."""
        return bool(self._own)

    @property
    def highest(self) -> int:
        """The highest number that the log is known to have given."""
        return max(self.known, *self._own.values()) if self._own else self.known

    def committed(self, first: int, last: int) -> None:
        """Our own records got these numbers."""
        if first > self.known + 1:
            self._own[first] = last
        else:
            self.advance(last)

    def heard(self, first: int, last: int) -> Verdict:
        """Records of others were announced; NEXT means that the caller applies them and then calls advance."""
        if last <= self.known:
            return Verdict.OLD
        return Verdict.NEXT if first <= self.known + 1 else Verdict.GAP

    def advance(self, last: int) -> None:
        """All records up to `last` are in the replica."""
        self.known = max(self.known, last)
        if not self._own:
            return
        while (own := self._own.pop(self.known + 1, None)) is not None:
            self.known = max(self.known, own)
        for first in [first for first in self._own if first <= self.known]:
            self.known = max(self.known, self._own.pop(first))


class Ahead:
    """Records of others that wait for those before them."""

    __slots__ = ("_commits",)

    def __init__(self) -> None:
        self._commits: dict[int, Commit] = {}
        """By their first number."""

    def __bool__(self) -> bool:
        return bool(self._commits)

    def wait(self, commit: Commit) -> bool:
        """Keep these; False where too many wait."""
        if len(self._commits) >= AHEAD_MAX:
            return False
        self._commits[commit.first] = commit
        return True

    def take(self, known: int) -> Commit | None:
        """The next ones whose turn has come, `known` being the last number that is there."""
        while self._commits and (first := min(self._commits)) <= known + 1:
            commit = self._commits.pop(first)
            if commit.last > known:
                return commit
        return None
