"""A snapshot and the records behind it as one new snapshot. Slow for large documents: called by workers only."""

import pycrdt

from rooms.codec.lib0 import read_var_uint
from rooms.crdt import merge, read_state_vector
from rooms.delete_set import DeleteSet, is_known, read_delete_set
from rooms.errors import Malformed
from rooms.parts import unpack
from rooms.places import find_places
from rooms.replica import Replica
from rooms.slices import at_once


def compact(state: bytes, updates: list[bytes], packed: bytes = b"", left_out: list[bytes] | None = None) -> bytes:
    """The new snapshot; raises Malformed where something of it cannot be merged.

    `packed`: the plan of the state (parts.py), if it has one. What is unsound is added to `left_out`, and what depends
    on something that is nowhere.
    """
    replica, complete = _begun(state, packed)
    for update in updates:
        count = replica.left_out
        replica.absorb(update)
        if replica.left_out > count and left_out is not None:
            left_out.append(update)
    if left_out is not None:
        left_out += replica.early
    if complete:
        return replica.encode()
    # Something in the state waits for what is missing, by the rules of an earlier version.
    return merge([state, replica.encode()])


def without_failing(state: bytes, updates: list[bytes], packed: bytes = b"") -> list[bytes]:
    """The updates without those that cannot be merged. Slow where there are any; raises Malformed for a bad state."""
    replica, _ = _begun(state, packed)
    sound: list[bytes] = []
    for update in updates:
        try:
            replica.absorb(update)
        except Malformed:
            replica, _ = _begun(state, packed)
            for earlier in sound:
                replica.absorb(earlier)
        else:
            sound.append(update)
    return sound


def _begun(state: bytes, packed: bytes) -> tuple[Replica, bool]:
    """A guarded replica of the state, and whether nothing of it waits for what is missing."""
    replica = Replica()
    complete = not state or replica.absorb(state) == state or holds(replica, state)
    places = unpack(state, packed).places if packed else None
    replica.guard(at_once(find_places(state)) if places is None else places)
    return replica, complete


def holds(replica: Replica, update: bytes) -> bool:
    """Whether all of this update is there, and nothing of it waits for something that is missing."""
    there = replica.state_vector()
    structs, deletes = _beyond(update, there)
    return structs == 0 and (not deletes or is_known(deletes, read_state_vector(there)))


def _beyond(update: bytes, state_vector: bytes) -> tuple[int, DeleteSet]:
    """What of an update a state vector lacks: (of how many clients, its deletes where that is 0); raises Malformed."""
    try:
        rest = pycrdt.get_update(update, state_vector)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001  as above
        raise Malformed(f"the update cannot be compared ({type(error).__name__})") from None
    structs, at = read_var_uint(rest, 0)
    return structs, {} if structs else at_once(read_delete_set(rest, at))
