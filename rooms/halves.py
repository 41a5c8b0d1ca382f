"""Where in a replica's texts there are characters of two UTF-16 units, so that no update comes between the halves.

    update ──may it?──► read ──► does it? ──► the replica anew, with U+FFFD for the halves (codec/halves.py)

Most documents have no such character and most updates are nowhere near one: then all this costs two comparisons.
Called by replica.py.
"""

from dataclasses import dataclass

from rooms.codec.halves import Pairs, may_have_pairs, mended, pairs_in, splits
from rooms.codec.plain import Keystroke
from rooms.codec.update import Claims, read_in_slices
from rooms.errors import Malformed
from rooms.slices import Slices, at_once


@dataclass(frozen=True, slots=True)
class Halving:
    """What an update has to do with such characters."""

    update: bytes
    """The update as it may be merged: without those of its own that it splits itself."""
    brings: Pairs
    splits: list[tuple[bytes, int]]
    """Those of the replica that have to be replaced before."""


class Halves:
    """The books of one replica."""

    __slots__ = ("known",)

    def __init__(self) -> None:
        self.known: Pairs = {}

    def near(self, stroke: Keystroke) -> bool:
        """Whether a keystroke may come between two halves."""
        for client, clock in stroke.needs:
            if (known := self.known.get(client)) and (
                clock in known or clock + 1 in known or clock + 1 - stroke.deleted in known
            ):
                return True
        return False

    def look(self, update: bytes, claims: Claims | None = None) -> Halving | None:
        """Look at an update, which may have been read with its layout; None where it has nothing to do with them."""
        if not self.known and not may_have_pairs(update):
            return None
        if claims is None or claims.layout is None:
            try:
                claims = at_once(read_in_slices(update))
            except Malformed:
                # It was read before, or it is in the log: from before it was read so strictly.
                return None
        assert claims.layout is not None
        brings = pairs_in(update, claims.layout)
        points = splits(update, claims, self.known, brings)
        own = [point for point in points if point[1] in brings.get(point[0], ())]
        if own:
            update = mended(update, claims.layout, own)
            _remove(brings, own)
        return Halving(update, brings, [point for point in points if point[1] in self.known.get(point[0], ())])

    def learn(self, halving: Halving) -> None:
        """The update was merged."""
        _remove(self.known, halving.splits)
        for client, clocks in halving.brings.items():
            self.known.setdefault(client, set()).update(clocks)

    def learn_typed(self, stroke: Keystroke) -> None:
        """This keystroke was such a character."""
        self.known.setdefault(stroke.client, set()).add(stroke.clock + 1)


def find(state: bytes) -> Slices[Pairs]:
    """All in a state; none where it is from before updates were read so strictly, and cannot be read."""
    if not may_have_pairs(state):
        return {}
    try:
        claims = yield from read_in_slices(state)
    except Malformed:
        return {}
    assert claims.layout is not None
    return pairs_in(state, claims.layout)


def without(state: bytes, points: list[tuple[bytes, int]]) -> bytes:
    """A state without these characters; raises Malformed."""
    claims = at_once(read_in_slices(state))
    assert claims.layout is not None
    return mended(state, claims.layout, points)


def _remove(pairs: Pairs, points: list[tuple[bytes, int]]) -> None:
    for client, clock in points:
        if clocks := pairs.get(client):
            clocks.discard(clock)
            if not clocks:
                del pairs[client]
