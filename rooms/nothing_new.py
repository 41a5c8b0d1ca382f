"""Whether an update says nothing that a replica does not have. Viewers answer our step 1 so. Called by document.py."""

from rooms.codec.update import read_in_slices
from rooms.crdt import EMPTY_UPDATE
from rooms.delete_set import covers, read_delete_set
from rooms.replica import Replica
from rooms.slices import Slices


def says_nothing_new(replica: Replica, update: bytes) -> Slices[bool]:
    """Whether all that the update inserts and deletes is so there already; raises Malformed. Applies nothing."""
    if update == EMPTY_UPDATE:
        return True
    claims = yield from read_in_slices(update)
    if not replica.reached(claims):
        return False
    # What is known stays known, and what is deleted stays deleted, whatever comes meanwhile.
    # One byte says that there are no structs.
    mine = yield from read_delete_set(replica.encode(replica.state_vector()), 1)
    theirs = yield from read_delete_set(update, claims.end_of_structs)
    return (yield from covers(mine, theirs))
