"""Where a snapshot may be cut (see parts.py), tried before it is believed. Slow: called by workers only.

state ──plan──► parts ──applied one by one──► the same document?  yes ──► packed plan
                                                                  no  ──► nothing: it is opened in one piece

Beside the cuts the plan holds what a gateway wants to know of the state (halves.py, places.py).
"""

from collections import Counter

from rooms.codec.halves import pairs_in
from rooms.codec.update import read_in_slices
from rooms.errors import Malformed
from rooms.limits import READ_SLICE
from rooms.parts import pack, parts, plan
from rooms.places import places_in
from rooms.replica import Replica
from rooms.slices import at_once


def cut(state: bytes) -> bytes:
    """The packed plan of a state, or nothing where it is small, or cannot be read."""
    if len(state) <= READ_SLICE:
        return b""
    try:
        claims = at_once(read_in_slices(state))
        cuts = at_once(plan(claims))
        places = at_once(places_in(state, claims))
        packed = pack(cuts if len(cuts) > 1 else [], state, pairs_in(state, claims.layout or []), places)
        replica = Replica(keeps=claims.has_subdocuments)
        for part in parts(state, packed):
            replica.load(part, {})
    except Malformed:
        # What waits for something missing, or was once split inside a surrogate pair: rare, and no error.
        return b""
    return packed if is_same(replica.encode(), state) else b""


def is_same(one: bytes, other: bytes) -> bool:
    """Whether two states are of one document."""
    if one == other:
        return True
    # Loaded in one go both are divided into structs in the same way. The keys of a value have no order in the CRDT.
    one, other = Replica(one).encode(), Replica(other).encode()
    return len(one) == len(other) and Counter(one) == Counter(other)
