"""pycrdt's document behind a guard: a panic is a BaseException, and its observers keep what they observe alive.

All that is merged in rooms is merged here. Used by replica.py, which says what may be merged.
"""

from typing import Any

import pycrdt

from rooms.codec.lib0 import read_var_uint
from rooms.errors import Malformed, Unreadable

EMPTY_UPDATE = b"\x00\x00"
EMPTY_STATE_VECTOR = b"\x00"
CONTINUED = bytes(range(0x80, 0x100))
"""Bytes of lib0's integers that are not their last."""


class Crdt:
    """One document, and what each update changed in it."""

    __slots__ = ("_deltas", "_subscription", "doc", "keeps")

    def __init__(self, client_id: int | None = None, *, keeps: bool = False) -> None:
        """`keeps`: see keep_what_is_deleted."""
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=client_id, skip_gc=keeps)
        self.keeps = keeps
        self._deltas: list[bytes] = []
        self._subscription: pycrdt.Subscription | None = None

    def __del__(self) -> None:
        self._observe(False)

    @property
    def is_observed(self) -> bool:
        """Whether there were updates whose delta somebody wanted to know."""
        return self._subscription is not None

    def load(self, update: bytes) -> None:
        """Merge, and tell nobody what was new; raises Malformed, and may have merged half of it then."""
        doc = self.doc._doc
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
        except BaseException as error:  # noqa: BLE001  pycrdt's panics are no Exceptions
            self._deltas.clear()
            raise Malformed(f"the update does not apply ({type(error).__name__})") from None

    def merge(self, update: bytes) -> bytes:
        """Merge: what was new, encoded anew, empty where nothing was. Raises as load."""
        if self._subscription is None:
            self._observe(True)
        self.load(update)
        deltas = self._deltas
        if not deltas:
            return b""
        delta = deltas[0] if len(deltas) == 1 else merge(deltas)
        deltas.clear()
        return b"" if delta == EMPTY_UPDATE else delta

    def renew(self, updates: list[bytes]) -> None:
        """Begin anew with these; raises Unreadable."""
        self._observe(False)
        self._deltas.clear()
        self.doc = pycrdt.Doc(client_id=self.doc.client_id, skip_gc=self.keeps)
        try:
            for update in updates:
                self.load(update)
        except Malformed as error:
            raise Unreadable("what was merged before cannot be merged again") from error

    def keep_what_is_deleted(self) -> None:
        """From now on nothing is freed, but with the document; raises Unreadable.

        Where a subdocument is deleted pycrdt frees it, alone or with what is around it, and then reads it once more.
        """
        if not self.keeps:
            state = self.encode(EMPTY_STATE_VECTOR)
            self.keeps = True
            self.renew([state])

    def exchange(self, other: "Crdt") -> None:
        """Each takes the other one's document over."""
        self._observe(False)
        other._observe(False)
        self.doc, other.doc = other.doc, self.doc
        self.keeps, other.keeps = other.keeps, self.keeps

    def encode(self, state_vector: bytes) -> bytes:
        """The update that brings somebody with `state_vector` up to date; raises Malformed."""
        count, at = read_var_uint(state_vector, 0)
        # An integer ends with its only byte below 128. What claims more than it has would be given memory for it.
        if len(state_vector[at:].translate(None, CONTINUED)) != 2 * count or state_vector[-1] >= 0x80:
            raise Malformed("a state vector does not have as many numbers as it says")
        try:
            return self.doc.get_update(state_vector)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001  as above
            raise Malformed(f"not a state vector ({type(error).__name__})") from None

    def _observe(self, yes: bool) -> None:
        deltas = self._deltas
        if yes:
            self._subscription = self.doc.observe(lambda event: deltas.append(event.update))
        elif self._subscription is not None:
            # pycrdt never frees a document that is still observed.
            self.doc.unobserve(self._subscription)
            self._subscription = None


def merge(updates: list[bytes]) -> bytes:
    """One update that says all of these, in causal order or not."""
    return updates[0] if len(updates) == 1 else pycrdt.merge_updates(*updates)


def read_state_vector(data: bytes) -> dict[int, int]:
    """Yjs' state vector as {client: next clock}; raises Malformed."""
    count, at = read_var_uint(data, 0)
    clocks = {}
    for _ in range(count):
        client, at = read_var_uint(data, at)
        clocks[client], at = read_var_uint(data, at)
    return clocks
