"""A replica's copy, made beside it in slices, into which a large update is merged: all of it or nothing.

    replica ──its state, part by part──► copy ◄──update, part by part          meanwhile the replica goes on
       │ └────────what is merged into it meanwhile──────► copy
       ▼
    replica takes the copy's document over, in one go, or the copy is dropped and nobody has seen it

pycrdt cannot be interrupted, and what it has merged it does not give back. Called by document.py, which owns the
replica and answers the client.
"""

from dataclasses import dataclass
from typing import NamedTuple

from rooms.checked import Checked
from rooms.codec.update import Claims, read_in_slices
from rooms.crdt import EMPTY_UPDATE
from rooms.errors import Malformed
from rooms.limits import MEND_MAX, READ_SLICE
from rooms.parts import Plan, part, plan
from rooms.replica import Replica
from rooms.slices import Slices


@dataclass(frozen=True, slots=True)
class LargeUpdate:
    """An update that was read."""

    update: bytes
    claims: Claims
    cuts: Plan
    checked: Checked | None
    """None where something that it needs was missing."""


def read_large(replica: Replica, update: bytes) -> Slices[LargeUpdate]:
    """Check an update of a client and plan its parts; raises Malformed."""
    claims = yield from read_in_slices(update)
    checked = None
    if replica.has_all(claims):
        checked = yield from replica.check(update, claims)
        update, claims = checked.update, checked.claims
    return LargeUpdate(update, claims, (yield from plan(claims)), checked)


class Taken(NamedTuple):
    """What was new in the update: in one, and part by part."""

    diff: bytes
    deltas: list[bytes]


class Draft:
    """Use it up by `take_over`, or `close` it."""

    def __init__(self, replica: Replica, checked: Checked) -> None:
        """`checked`: the update."""
        self._replica = replica
        self._checked = checked
        self._copy = Replica(keeps=replica.keeps or checked.claims.has_subdocuments)
        self._missed = replica.listen()
        self._deltas: list[bytes] = []

    def merge(self, large: LargeUpdate) -> Slices[None]:
        """Copy the replica, which must have all that the update needs, and merge the update; raises Malformed."""
        yield from self._fill(self._replica.encode())
        yield
        for cut in large.cuts:
            self._deltas.append(self._copy.absorb(part(large.update, cut), mend_max=MEND_MAX))
            yield
        if not self._copy.reached(large.claims):
            raise Malformed("structs in the update cannot be merged")
        while self._missed and not self.is_overtaken:
            self._copy.absorb(self._missed.pop(0))
            yield

    @property
    def is_overtaken(self) -> bool:
        """Whether the replica got something else of the update's clients meanwhile: then it must not be replaced."""
        return not self._replica.is_current(self._checked)

    def take_over(self) -> Taken | None:
        """From now on the replica has the update; None where it was overtaken, and nothing has changed."""
        if self.is_overtaken:
            return None
        for delta in self._missed:
            self._copy.absorb(delta)
        before = self._replica.state_vector()
        self._replica.become(self._copy)
        deltas = [delta for delta in self._deltas if delta]
        # Cheaper than to merge the deltas; it also tells what was deleted before.
        diff = self._replica.encode(before) if deltas else b""
        self._replica.learn(self._checked, diff)
        return Taken(diff, deltas)

    def close(self) -> None:
        """The replica need not tell any more what is merged into it."""
        self._replica.ignore(self._missed)

    def _fill(self, state: bytes) -> Slices[None]:
        cuts: Plan = []
        if len(state) > READ_SLICE:
            try:
                cuts = yield from plan((yield from read_in_slices(state)))
            except Malformed:
                # It is ours, and merges in one piece all the same (see cut.py).
                cuts = []
        pairs = {client: set(clocks) for client, clocks in self._replica.pairs.items()}
        self._copy.load(EMPTY_UPDATE if cuts else state, pairs)
        for cut in cuts:
            self._copy.load(part(state, cut), {})
            yield
