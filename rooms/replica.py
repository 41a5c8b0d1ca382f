"""A document's CRDT: pycrdt behind a guard. The only place that hands bytes of clients to it.

    update from a client ──apply──► Applied(delta, complete)

`delta` is what the update changed, encoded anew by the CRDT itself: what it already had is not in it, and no byte
of the client's own encoding reaches others. `complete` tells whether all that the update depends on was there.

Two of pycrdt's traps are handled here. It panics on some hostile updates, and a panic is a BaseException. And it
loses text when updates come out of causal order, so an incomplete one is reported, and its sender asked to
synchronise again (document.py): what it then sends is complete.
"""

from typing import Any, NamedTuple

import pycrdt

from rooms.codec.lib0 import read_var_uint
from rooms.errors import Malformed

EMPTY_UPDATE = b"\x00\x00"
EMPTY_STATE_VECTOR = b"\x00"


class Applied(NamedTuple):
    """What became of an update."""

    delta: bytes
    """Yjs update v1 of what is new; empty when nothing is."""
    complete: bool
    """False when the update depends on edits that this replica has not seen."""


class Replica:
    """One Yjs document in memory."""

    __slots__ = ("_deltas", "_doc", "_subscription")

    def __init__(self) -> None:
        self._doc: pycrdt.Doc[Any] = pycrdt.Doc()
        self._deltas: list[bytes] = []
        deltas = self._deltas
        self._subscription = self._doc.observe(lambda event: deltas.append(event.update))

    def apply(self, update: bytes) -> Applied:
        """Merge an update of a client; raises Malformed when it is not one, and then nothing has changed."""
        delta = self.absorb(update)
        # A keystroke is its own delta, so this comparison is all that most updates need.
        return Applied(delta, complete=delta == update or self._has_all_of(update))

    def absorb(self, update: bytes) -> bytes:
        """Merge an update that depends on nothing unknown, as all in the log: the delta. Raises Malformed."""
        doc = self._doc._doc
        try:
            # What pycrdt.Doc.apply_update comes down to; its Python layers cost more than the work (2 of 4 us).
            transaction = doc.create_transaction()
            try:
                doc.apply_update(transaction, update)
                transaction.commit()
            finally:
                transaction.drop()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001  pyo3's PanicException is no Exception
            self._deltas.clear()
            raise Malformed(f"the update does not apply ({type(error).__name__})") from None
        deltas = self._deltas
        if not deltas:
            return b""
        delta = deltas[0] if len(deltas) == 1 else merge(deltas)
        deltas.clear()
        return delta

    def state_vector(self) -> bytes:
        """What this replica has seen, as Yjs encodes it."""
        return self._doc.get_state()

    def encode(self, state_vector: bytes = EMPTY_STATE_VECTOR) -> bytes:
        """The update that brings somebody with `state_vector` up to date; raises Malformed."""
        try:
            return self._doc.get_update(state_vector)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001  as above
            raise Malformed(f"not a state vector ({type(error).__name__})") from None

    def _has_all_of(self, update: bytes) -> bool:
        """Whether nothing of the update waits for something that is missing."""
        mine = self.state_vector()
        rest = pycrdt.get_update(update, mine)
        structs, at = read_var_uint(rest, 0)
        return structs == 0 and _deletes_within(rest, at, mine)


def merge(updates: list[bytes]) -> bytes:
    """One update that says all of these, in causal order or not."""
    return updates[0] if len(updates) == 1 else pycrdt.merge_updates(*updates)


def compact(state: bytes, updates: list[bytes]) -> bytes:
    """A snapshot and the updates after it as one new snapshot. Slow for large documents: workers only."""
    replica = Replica()
    everything = [state, *updates] if state else updates
    complete = True
    for update in everything:
        complete &= replica.apply(update).complete
    if complete or not everything:
        return replica.encode()
    # Something is missing, or came late; merging keeps also what cannot be applied yet.
    return merge(everything)


def read_state_vector(data: bytes) -> dict[int, int]:
    """Yjs' state vector as {client: next clock}; raises Malformed."""
    count, at = read_var_uint(data, 0)
    clocks = {}
    for _ in range(count):
        client, at = read_var_uint(data, at)
        clocks[client], at = read_var_uint(data, at)
    return clocks


def _deletes_within(update: bytes, at: int, state_vector: bytes) -> bool:
    """Whether all that the delete set at offset `at` names is known."""
    clients, at = read_var_uint(update, at)
    if clients == 0:
        return True
    clocks = read_state_vector(state_vector)
    for _ in range(clients):
        client, at = read_var_uint(update, at)
        ranges, at = read_var_uint(update, at)
        for _ in range(ranges):
            clock, at = read_var_uint(update, at)
            length, at = read_var_uint(update, at)
            if clock + length > clocks.get(client, 0):
                return False
    return True
