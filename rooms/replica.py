"""A document's CRDT: pycrdt behind a guard. The only place that hands bytes of clients to it.

    update from a client ──read──► all there that it needs? ──yes──► merge ──► Applied(delta)
                           │                  └─no──► Applied(nothing, incomplete)    └─fails──► roll back, Malformed
                           └─malformed

`delta` is what the update changed, encoded anew by the CRDT itself: what it already had is not in it, and no byte
of the client's own encoding reaches others.

Traps of pycrdt 0.14.13 that are handled here. It panics on some hostile updates, and a panic is a BaseException. An
update that fails may have been merged half, so there is a way back. Updates that wait inside it for what they depend
on are lost when they come out of order, leave with every full state, and crash it on later merges: so it never gets
them. Their sender is asked to synchronise again instead (document.py), and what it then sends is complete. It cannot
split a character of two UTF-16 units (halves.py).
"""

from typing import Any, NamedTuple

import pycrdt

from rooms.codec.halves import Pairs
from rooms.codec.lib0 import read_var_uint, var_uint
from rooms.codec.plain import Keystroke, read_keystroke
from rooms.codec.update import Claims, read, read_in_slices
from rooms.delete_set import covers, read_delete_set
from rooms.errors import Malformed, Unreadable
from rooms.halves import Halves, Halving, find, without
from rooms.limits import DOCUMENT_MAX, MEND_MAX, WAY_BACK_MIN
from rooms.slices import Slices, at_once

EMPTY_UPDATE = b"\x00\x00"
EMPTY_STATE_VECTOR = b"\x00"


class Applied(NamedTuple):
    """What became of an update."""

    delta: bytes
    """Yjs update v1 of what is new; empty when nothing is."""
    complete: bool
    """False when the update depends on edits that this replica has not seen: then nothing of it was merged."""


INCOMPLETE = Applied(b"", complete=False)


class Replica:
    """One Yjs document in memory."""

    __slots__ = ("_back", "_back_size", "_clocks", "_deltas", "_doc", "_halves", "_listeners", "_subscription")

    def __init__(self, state: bytes = EMPTY_UPDATE, client_id: int | None = None) -> None:
        """`state`: what it begins with, see load; raises Malformed. `client_id`: of its own edits (scratch.py)."""
        self._subscription: pycrdt.Subscription | None = None
        self._deltas: list[bytes] = []
        self._clocks: dict[bytes, int] | None = None
        """The state vector, while it is known; clients by their lib0 bytes."""
        self._back: list[bytes] = []
        """Updates that make this replica anew, while there is a way back."""
        self._back_size = 0
        self._listeners: list[list[bytes]] = []
        self._halves = Halves()
        self._doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=client_id)
        if state != EMPTY_UPDATE:
            self.load(state)

    def __del__(self) -> None:
        self._observe(False)

    def _observe(self, yes: bool) -> None:
        deltas = self._deltas
        if yes:
            self._subscription = self._doc.observe(lambda event: deltas.append(event.update))
        elif self._subscription is not None:
            # pycrdt never frees a document that is still observed.
            self._doc.unobserve(self._subscription)
            self._subscription = None

    @property
    def doc(self) -> "pycrdt.Doc[Any]":
        """The CRDT itself, for the files of this folder that read its types. Nobody else changes it."""
        return self._doc

    def load(self, state: bytes, pairs: Pairs | None = None) -> None:
        """Begin with this, trusted and complete as a snapshot or the next part of one; raises Malformed.

        Nobody wants to know what was new in it: telling would cost a fifth of the loading. `pairs`: all that it has,
        see halves.py; they are looked for where they are not given.
        """
        assert self._subscription is None, "there were updates already"
        self._clocks = None
        for client, clocks in (at_once(find(state)) if pairs is None else pairs).items():
            self._halves.known.setdefault(client, set()).update(clocks)
        self._load(state)

    @property
    def pairs(self) -> Pairs:
        """See halves.py."""
        return self._halves.known

    def apply(self, update: bytes, claims: Claims | None = None) -> Applied:
        """Merge an update of a client; raises Malformed when it is not one, and then nothing has changed.

        Raises Unreadable where that cannot be said: then this replica is of no use any more.
        `claims`: what it says, where it was read already.
        """
        keystroke = read_keystroke(update)
        if keystroke is None:
            return self._apply_any(update, claims)
        clocks = self._clocks if self._clocks is not None else self._count()
        if keystroke.end and keystroke.clock != clocks.get(keystroke.client, 0):
            return self._apply_any(update, claims)
        for client, clock in keystroke.needs:
            if clock >= clocks.get(client, 0):
                return INCOMPLETE
        if self._halves.known and self._halves.near(keystroke):
            return self._apply_any(update, claims)
        try:
            delta = self._merge(update)
        except Malformed as error:
            raise Unreadable("a keystroke may have been merged half, and cannot be taken back") from error
        if delta:
            _advance(clocks, keystroke)
            if keystroke.is_pair:
                self._halves.learn_typed(keystroke)
            if self._back or self._listeners:
                self._remember(delta)
        return Applied(delta, complete=True)

    def absorb(self, update: bytes, *, mend_max: int = DOCUMENT_MAX) -> bytes:
        """Merge an update that depends on nothing unknown, as all in the log: the delta. Raises Malformed.

        `mend_max`: see MEND_MAX, for what clients send.
        """
        halving = self._halves.look(update)
        delta = self._merge_around(update, halving, mend_max)
        if halving is not None:
            self._learn(halving)
        if delta and (self._back or self._listeners):
            self._remember(delta)
        if delta and self._clocks is not None:
            keystroke = read_keystroke(delta)
            if keystroke is None:
                self._clocks = None
            else:
                _advance(self._clocks, keystroke)
        return delta

    def says_nothing_new(self, update: bytes) -> Slices[bool]:
        """Whether all that the update inserts and deletes is so here already; raises Malformed. Applies nothing."""
        if update == EMPTY_UPDATE:
            return True
        claims = yield from read_in_slices(update)
        if not self.reached(claims):
            return False
        # What is known stays known, and what is deleted stays deleted, whatever comes meanwhile.
        # One byte says that there are no structs.
        mine = yield from read_delete_set(self._doc.get_update(self.state_vector()), 1)
        theirs = yield from read_delete_set(update, claims.end_of_structs)
        return (yield from covers(mine, theirs))

    def state_vector(self) -> bytes:
        """What this replica has seen, as Yjs encodes it."""
        return self._doc.get_state()

    def encode(self, state_vector: bytes = EMPTY_STATE_VECTOR) -> bytes:
        """The update that brings somebody with `state_vector` up to date; raises Malformed."""
        count, at = read_var_uint(state_vector, 0)
        if count * 2 > len(state_vector) - at:
            raise Malformed("a state vector claims more than it has bytes")  # and would be given memory for it
        try:
            return self._doc.get_update(state_vector)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001  as above
            raise Malformed(f"not a state vector ({type(error).__name__})") from None

    def has_all(self, claims: Claims) -> bool:
        """Whether all that an update depends on is here, or in the update itself."""
        return claims.are_met(self._clocks if self._clocks is not None else self._count())

    def reached(self, claims: Claims) -> bool:
        """Whether all that an update brings is here."""
        clocks = self._count()
        return all(clocks.get(var_uint(client), 0) >= end for client, _, end in claims.sections)

    def listen(self) -> list[bytes]:
        """A list to which all that is merged from now on is added, until `ignore`."""
        missed: list[bytes] = []
        self._listeners.append(missed)
        return missed

    def ignore(self, missed: list[bytes]) -> None:
        """No more is added to this list."""
        self._listeners = [other for other in self._listeners if other is not missed]

    def become(self, other: "Replica") -> None:
        """Take another one's document over, which has all that this one has; the other is used up."""
        self._observe(False)
        other._observe(False)
        self._doc, other._doc = other._doc, self._doc
        self._halves = other._halves
        self._clocks, self._back = None, []

    def let_go_of_way_back(self) -> None:
        """Free the full state that is kept for undoing; the next update that needs it makes it anew."""
        self._back = []

    def _apply_any(self, update: bytes, claims: Claims | None) -> Applied:
        if update == EMPTY_UPDATE:
            return Applied(b"", complete=True)
        if claims is None:
            claims = read(update)
        if not self.has_all(claims):
            return INCOMPLETE
        if not self._back:
            self._back, self._back_size = [self.encode()], 0
        halving = self._halves.look(update, claims)
        try:
            delta = self._merge_around(update, halving, MEND_MAX)
            self._clocks = None
            complete = self.reached(claims)
            if delta != update:
                # Where it had to split a surrogate pair it writes empty or surplus structs.
                complete = complete and self.reached(read(delta or EMPTY_UPDATE))
        except Malformed:
            self._renew(self._back)
            raise
        if not complete:
            self._renew(self._back)
            raise Malformed("structs in the update depend on one another in a circle, or split a character")
        if halving is not None:
            self._learn(halving)
        if delta:
            self._remember(delta)
        return Applied(delta, complete=True)

    def _merge_around(self, update: bytes, halving: Halving | None, mend_max: int) -> bytes:
        if halving is None:
            return self._merge(update)
        if halving.splits:
            state = self.encode()
            if len(state) > mend_max:
                raise Malformed("an update may not split a character in so large a document")
            self._renew([without(state, halving.splits)])
        return self._merge(halving.update)

    def _learn(self, halving: Halving) -> None:
        self._halves.learn(halving)
        if halving.splits:
            # What this replica was before cannot be merged with what comes now.
            self._back = []

    def _load(self, update: bytes) -> None:
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
        except BaseException as error:  # noqa: BLE001  as above
            self._deltas.clear()
            raise Malformed(f"the update does not apply ({type(error).__name__})") from None

    def _merge(self, update: bytes) -> bytes:
        if self._subscription is None:
            self._observe(True)
        self._load(update)
        deltas = self._deltas
        if not deltas:
            return b""
        delta = deltas[0] if len(deltas) == 1 else merge(deltas)
        deltas.clear()
        return b"" if delta == EMPTY_UPDATE else delta

    def _remember(self, delta: bytes) -> None:
        for missed in self._listeners:
            missed.append(delta)
        if not self._back:
            return
        self._back.append(delta)
        self._back_size += len(delta)
        if self._back_size > max(WAY_BACK_MIN, len(self._back[0])):
            self._back = []

    def _renew(self, updates: list[bytes]) -> None:
        """Begin anew with these: those of the way back are without what was merged since `_remember`."""
        self._clocks = None
        self._observe(False)
        self._deltas.clear()
        self._doc = pycrdt.Doc(client_id=self._doc.client_id)
        try:
            for update in updates:
                self._load(update)
        except Malformed as error:
            raise Unreadable("what was merged before cannot be merged again") from error

    def _count(self) -> dict[bytes, int]:
        self._clocks = {var_uint(c): clock for c, clock in read_state_vector(self.state_vector()).items()}
        return self._clocks


def _advance(clocks: dict[bytes, int], keystroke: Keystroke) -> None:
    if keystroke.end > clocks.get(keystroke.client, 0):
        clocks[keystroke.client] = keystroke.end


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
