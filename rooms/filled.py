"""From what the stores know of a document to a replica of it. Called by open_documents.py, in part by scratch.py.

    state, part by part ──► the book of its places ──► records, one by one ──► replica
                                                        └─one fails──► anew, without it

What is committed was merged by somebody, but who writes through two gateways under one client id can make one of them
accept what another one cannot merge. One such record must not close a document to everybody. The worker takes its time
before it believes that (workers/snapshot_document.py), and the record stays in the history.
"""

from collections.abc import Sequence, Set

from rooms.crdt import EMPTY_UPDATE
from rooms.errors import Malformed, Unreadable
from rooms.halves import find
from rooms.limits import FAILED_RECORDS_MAX
from rooms.parts import unpack
from rooms.places import find_places
from rooms.replica import Replica
from rooms.slices import Slices
from schemas.records import Loaded


def filled(loaded: Loaded) -> Slices[Replica]:
    """A guarded replica of what was loaded; raises Unreadable."""
    records = [record.update for commit in loaded.tail for record in commit.records]
    failed: set[int] = set()
    while True:
        try:
            replica = yield from _begun(loaded)
        except Malformed as error:
            raise Unreadable("what is stored of this document cannot be merged") from error
        one = yield from absorb_all(replica, records, failed)
        if one is None:
            replica.left_out += len(failed)
            return replica
        if len(failed) >= FAILED_RECORDS_MAX:
            raise Unreadable("what was committed in this document cannot be merged")
        failed.add(one)


def _begun(loaded: Loaded) -> Slices[Replica]:
    made, pairs, places = unpack(loaded.state or EMPTY_UPDATE, loaded.parts)
    # In one piece nothing is deleted that was there before.
    replica = Replica(keeps=bool(loaded.parts) if places is None else places.has_subdocuments)
    if pairs is None:
        pairs = yield from find(loaded.state)
    replica.load(EMPTY_UPDATE, pairs)
    for part in made:
        replica.load(part, {})
        yield
    if places is None:
        places = yield from find_places(loaded.state or EMPTY_UPDATE)
    replica.guard(places)
    return replica


def absorb_all(replica: Replica, records: Sequence[bytes], failed: Set[int]) -> Slices[int | None]:
    """Merge records, without those that are known to fail; which one fails now, and then the replica is of no use."""
    for number, update in enumerate(records):
        if number not in failed:
            try:
                replica.absorb(update)
            except Malformed:
                return number
            yield
    return None
