"""A copy of a document in which an edit is made before everybody gets it, as one update. Used by texts.py, restore.py.

    state, parts, records ──load──► doc ──edited──► take() ──► the update that says what was edited

A client id may be given: the same edit of the same state under the same id is the same update, so that it has its
effect once, however often it is sent.
"""

from collections.abc import Set
from types import TracebackType
from typing import Any, Self

import pycrdt

from rooms.codec.update import read_in_slices
from rooms.crdt import EMPTY_STATE_VECTOR, EMPTY_UPDATE, merge
from rooms.errors import Malformed, Unreadable
from rooms.filled import absorb_all
from rooms.halves import find
from rooms.limits import FAILED_RECORDS_MAX
from rooms.parts import pack, plan, unpack
from rooms.places import find_places
from rooms.replica import Replica
from rooms.slices import Slices
from schemas.records import Loaded

CUT_MIN = 128 << 10
"""Bytes of a state that is cut before it is loaded, where nobody has done so: all of it could take 10 ms."""


class Scratch:
    """To be entered with `with`: pycrdt never frees a document that is still observed."""

    def __init__(self, client_id: int | None = None) -> None:
        """`client_id`: below 2**53; random where none is given."""
        self._client_id = client_id
        self._replica = self._anew()
        self.begin = EMPTY_STATE_VECTOR
        """The state vector of what was loaded."""
        self._updates: list[bytes] = []
        self._subscription: pycrdt.Subscription | None = None

    @property
    def doc(self) -> "pycrdt.Doc[Any]":
        """The copy, to be read and, once it is loaded, edited."""
        return self._replica.doc

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._subscription is not None:
            self.doc.unobserve(self._subscription)
            self._subscription = None

    def load(self, loaded: Loaded) -> Slices[None]:
        """Begin with this, without records that cannot be merged, as the live document does (filled.py). From now on
        what changes is an edit. Raises Malformed, Unreadable.
        """
        assert self._subscription is None, "loaded already"
        failed: set[int] = set()
        while (one := (yield from self._loaded(loaded, failed))) is not None:
            if len(failed) >= FAILED_RECORDS_MAX:
                raise Unreadable("what was committed in this document cannot be merged")
            failed.add(one)
            self._replica = self._anew()
        self.begin = self._replica.state_vector()
        updates = self._updates
        self._subscription = self.doc.observe(lambda event: updates.append(event.update))

    def _anew(self) -> Replica:
        # Nothing is freed: what is edited here may have subdocuments.
        return Replica(client_id=self._client_id, keeps=True)

    def _loaded(self, loaded: Loaded, failed: Set[int]) -> Slices[int | None]:
        """Which record fails now."""
        state, packed = loaded.state or EMPTY_UPDATE, loaded.parts
        if not packed and len(state) > CUT_MIN:
            packed = yield from _planned(state)
        made, pairs, places = unpack(state, packed)
        if not loaded.tail:
            pairs = {}
        elif pairs is None:
            # Records are taken in by the same rules as in the live document.
            pairs = yield from find(state)
        self._replica.load(EMPTY_UPDATE, pairs)
        for part in made:
            self._replica.load(part, {})
            yield
        if not loaded.tail:
            return None
        self._replica.guard((yield from find_places(state)) if places is None else places)
        records = [record.update for commit in loaded.tail for record in commit.records]
        return (yield from absorb_all(self._replica, records, failed))

    def encode(self) -> bytes:
        """All of it, as an update."""
        return self._replica.encode()

    @property
    def last(self) -> bytes:
        """The last edit alone."""
        return self._updates[-1]

    def take(self) -> bytes:
        """All edits since it was loaded as one update, EMPTY_UPDATE where there are none."""
        return merge(self._updates) if self._updates else EMPTY_UPDATE


def _planned(state: bytes) -> Slices[bytes]:
    try:
        claims = yield from read_in_slices(state)
        cuts = yield from plan(claims)
    except Malformed:
        return b""  # something in it waits for what is missing: in one piece
    return pack(cuts, state)
