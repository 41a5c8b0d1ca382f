"""A document's CRDT, and what may be merged into it. The only place that hands bytes of clients to it (crdt.py).

    update from a client ──read──► all there that it needs? ──yes──► sound? ──yes──► merge ──► Applied(delta)
                           │                  │                        └─no──► Unsound │
                           └─malformed        └─no──► Applied(nothing, incomplete)     └─fails──► roll back, Malformed

`delta` is what the update changed, encoded anew by the CRDT itself: what it already had is not in it, and no byte
of the client's own encoding reaches others.

Traps of pycrdt 0.14.13 that are handled here. It panics on some hostile updates, and a panic is a BaseException. An
update that fails may have been merged half, so there is a way back. Updates that wait inside it for what they depend
on are lost when they come out of order, leave with every full state, and crash it on later merges: so it never gets
them. Their sender is asked to synchronise again instead (document.py), and what it then sends is complete. It cannot
split a character of two UTF-16 units (halves.py). What Yjs' clients would never say can make it use freed memory
(places.py).
"""

from typing import Any, Final, NamedTuple

import pycrdt

from rooms.checked import NO_CLAIMS, Checked, check, look, read_for
from rooms.codec.halves import Pairs
from rooms.codec.lib0 import client_key
from rooms.codec.plain import Keystroke, is_keystroke, read_keystroke
from rooms.codec.update import Claims, read_in_slices
from rooms.crdt import EMPTY_STATE_VECTOR, EMPTY_UPDATE, Crdt, merge, read_state_vector
from rooms.errors import Early, Malformed, Unreadable, Unsound
from rooms.halves import Halves, Halving, find, without
from rooms.limits import DOCUMENT_MAX, GAPS_MAX, MEND_MAX, WAY_BACK_MIN
from rooms.places import UNFIT, Places, find_places
from rooms.slices import Slices, at_once


class Applied(NamedTuple):
    """What became of an update."""

    delta: bytes
    """Yjs update v1 of what is new; empty when nothing is."""
    complete: bool
    """False when the update depends on edits that this replica has not seen: then nothing of it was merged."""


INCOMPLETE: Final = Applied(b"", complete=False)


class Replica:
    """One Yjs document in memory."""

    __slots__ = ("_back", "_back_size", "_clocks", "_crdt", "_halves", "_listeners", "_places", "early", "left_out")

    def __init__(self, state: bytes = EMPTY_UPDATE, client_id: int | None = None, *, keeps: bool = False) -> None:
        """`state`: what it begins with, see load; raises Malformed. `client_id`: of its own edits (scratch.py).
        `keeps`: see Crdt.keep_what_is_deleted; a replica that is guarded knows when."""
        self._crdt = Crdt(client_id, keeps=keeps)
        self._clocks: dict[bytes, int] | None = None
        """The state vector, while it is known; clients by their lib0 bytes."""
        self._back: list[bytes] = []
        """Updates that make this replica anew, while there is a way back."""
        self._back_size = 0
        self._listeners: list[list[bytes]] = []
        self._halves = Halves()
        self._places: Places | None = None
        """Known from `guard`, or from the first update of a client on."""
        self.left_out = 0
        """Updates that `absorb` did not merge because they are unsound."""
        self.early: list[bytes] = []
        """Updates that wait for what they depend on; not in the CRDT, which would lose them, or merge them unseen."""
        if state != EMPTY_UPDATE:
            self.load(state)

    @property
    def doc(self) -> "pycrdt.Doc[Any]":
        """The CRDT itself, for the files of this folder that read its types. Nobody else changes it."""
        return self._crdt.doc

    def load(self, state: bytes, pairs: Pairs | None = None) -> None:
        """Begin with this, trusted and complete as a snapshot or the next part of one; raises Malformed.

        Nobody wants to know what was new in it: telling would cost a fifth of the loading. `pairs`: all that it has,
        see halves.py; they are looked for where they are not given.
        """
        assert not self._crdt.is_observed and self._places is None, "there were updates already"
        self._clocks = None
        for client, clocks in (at_once(find(state)) if pairs is None else pairs).items():
            self._halves.known.setdefault(client, set()).update(clocks)
        self._crdt.load(state)

    def guard(self, places: Places) -> None:
        """From now on what is absorbed is checked, too. `places`: of all that was loaded."""
        self._places = places
        if places.has_subdocuments:
            self._keep()

    @property
    def keeps(self) -> bool:
        """See Crdt.keep_what_is_deleted."""
        return self._crdt.keeps

    @property
    def pairs(self) -> Pairs:
        """See halves.py."""
        return self._halves.known

    def apply(self, update: bytes, claims: Claims | None = None, checked: Checked | None = None) -> Applied:
        """Merge an update of a client; raises Malformed when it is not one, and then nothing has changed.

        Raises Unreadable where that cannot be said: then this replica is of no use any more.
        `claims`, `checked`: what it says, where it was read and checked already.
        """
        keystroke = read_keystroke(update)
        if keystroke is None:
            return self._apply_any(update, claims, checked)
        clocks = self._clocks if self._clocks is not None else self._count()
        if keystroke.end and keystroke.clock != clocks.get(keystroke.client, 0):
            return self._apply_any(update, claims, checked)
        for client, clock in keystroke.needs:
            if clock >= clocks.get(client, 0):
                return INCOMPLETE
        places = self._places or self._find_places()
        place = places.of_stroke(keystroke) if places.known else 0
        if place == UNFIT or (self._halves.known and self._halves.near(keystroke)):
            return self._apply_any(update, claims, checked)
        try:
            delta = self._crdt.merge(update)
        except Malformed as error:
            raise Unreadable("a keystroke may have been merged half, and cannot be taken back") from error
        if delta:
            _advance(clocks, keystroke)
            if places.known:
                places.learn_typed(keystroke, place)
            if keystroke.is_pair:
                self._halves.learn_typed(keystroke)
            if self._back or self._listeners:
                self._remember(delta)
        return Applied(delta, complete=True)

    def absorb(self, update: bytes, *, mend_max: int = DOCUMENT_MAX) -> bytes:
        """Merge an update that depends on nothing unknown, as all in the log: the delta. Raises Malformed.

        If this replica is guarded, what is unsound is left out, and so is what depends on that: somebody who writes
        through two gateways under one client id can bring it into the log. `mend_max`: see MEND_MAX.
        """
        delta = self._absorb(update, mend_max)
        if not self.early:
            return delta
        deltas = [delta] if delta else []
        while delta and self.early:
            early, self.early = self.early, []
            more = [made for update in early if (made := self._absorb(update, mend_max))]
            deltas += more
            delta = b"".join(more)
        return merge(deltas) if deltas else b""

    def _absorb(self, update: bytes, mend_max: int) -> bytes:
        places, news = self._places, None
        # Where nothing is nested and nothing has a key, a keystroke cannot be unsound.
        if places is not None and (places.known or self.left_out or self.early or not is_keystroke(update)):
            try:
                news = look(update, places, self._known())
            except Unsound:
                self.left_out += 1
                return b""
            except Early:
                if len(self.early) < GAPS_MAX:
                    self.early.append(update)
                else:
                    self.left_out += 1
                return b""
            update = news.update
            if news.claims.has_subdocuments:
                self._keep()
        halving = self._halves.look(update)
        delta = self._merge_around(update, halving, mend_max)
        if halving is not None:
            self._learn(halving)
        if delta and (self._back or self._listeners):
            self._remember(delta)
        if news is not None and news.stroke is None:
            self.learn(news, delta)
        if delta:
            self._go_on(delta, news)
        if places is not None and news is None and delta != update:
            self._check_all_of(update)
        return delta

    def _check_all_of(self, update: bytes) -> None:
        """That a keystroke does not wait inside of the CRDT, from where it would be merged unseen."""
        stroke, clocks = read_keystroke(update), self._count()
        assert stroke is not None
        if stroke.end > clocks.get(stroke.client, 0) or any(at >= clocks.get(client, 0) for client, at in stroke.needs):
            raise Malformed("the update waits for what is missing")

    def state_vector(self) -> bytes:
        """What this replica has seen, as Yjs encodes it."""
        return self._crdt.doc.get_state()

    def encode(self, state_vector: bytes = EMPTY_STATE_VECTOR) -> bytes:
        """The update that brings somebody with `state_vector` up to date; raises Malformed."""
        return self._crdt.encode(state_vector)

    def has_all(self, claims: Claims) -> bool:
        """Whether all that an update depends on is here, or in the update itself."""
        return claims.are_met(self._known())

    def reached(self, claims: Claims) -> bool:
        """Whether all that an update brings is here."""
        clocks = self._count()
        return all(clocks.get(client_key(client), 0) >= end for client, _, end in claims.sections)

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
        self._crdt.exchange(other._crdt)
        self._halves = other._halves
        self._clocks, self._back = None, []

    def let_go_of_way_back(self) -> None:
        """Free the full state that is kept for undoing; the next update that needs it makes it anew."""
        self._back = []

    def check(self, update: bytes, claims: Claims) -> Slices[Checked]:
        """An update all whose needs are here, as it may be merged; raises Unsound, or Malformed."""
        return check(update, claims, self._places or self._find_places(), self._known())

    def is_current(self, checked: Checked) -> bool:
        """Whether nothing of its clients was merged since."""
        return checked.is_current(self._known())

    def learn(self, checked: Checked, delta: bytes) -> None:
        """It was merged, perhaps in what this replica became, and that was new."""
        if self._places is not None:
            self._places.learn(checked.found, delta or EMPTY_UPDATE)
            self._places.has_subdocuments |= checked.claims.has_subdocuments

    def _apply_any(self, update: bytes, claims: Claims | None, checked: Checked | None) -> Applied:
        if update == EMPTY_UPDATE:
            return Applied(b"", complete=True)
        if claims is None:
            claims = read_for(self._places, update)
        if not self.has_all(claims):
            return INCOMPLETE
        if checked is None or not checked.is_current(self._known()):
            checked = at_once(self.check(update, claims))
        update, claims = checked.update, checked.claims
        if claims.has_subdocuments:
            self._keep()
        if not self._back:
            self._back, self._back_size = [self.encode()], 0
        halving = self._halves.look(update, claims)
        try:
            delta = self._merge_around(update, halving, MEND_MAX)
            self._clocks = None
            complete = self.reached(claims)
            if delta != update:
                # Where it had to split a surrogate pair it writes empty or surplus structs.
                became = at_once(read_in_slices(delta or EMPTY_UPDATE))
                complete = complete and self.reached(became)
                checked = at_once(checked.as_merged(delta or EMPTY_UPDATE, became, self._places))
        except Malformed:
            self._renew(self._back)
            raise
        if not complete:
            self._renew(self._back)
            raise Malformed("structs in the update depend on one another in a circle, or split a character")
        if halving is not None:
            self._learn(halving)
        self.learn(checked, delta)
        if delta:
            self._remember(delta)
        return Applied(delta, complete=True)

    def _go_on(self, delta: bytes, news: Checked | None) -> None:
        """Keep the books of what was absorbed: the state vector only where that is cheap."""
        if news is not None and news.stroke is not None and self._places is not None:
            self._places.learn_typed(news.stroke, news.place)
        if self._clocks is None:
            return
        keystroke = read_keystroke(delta) if news is None else news.stroke
        if keystroke is not None:
            _advance(self._clocks, keystroke)
        elif news is not None and news.claims is not NO_CLAIMS:
            for client, _, end in news.claims.sections:
                key = client_key(client)
                self._clocks[key] = max(end, self._clocks.get(key, 0))
        else:
            self._clocks = None

    def _keep(self) -> None:
        """There are subdocuments."""
        if not self._crdt.keeps:
            self._back = []
            self._crdt.keep_what_is_deleted()

    def _find_places(self) -> Places:
        self.guard(places := at_once(find_places(self.encode())))
        return places

    def _merge_around(self, update: bytes, halving: Halving | None, mend_max: int) -> bytes:
        if halving is None:
            return self._crdt.merge(update)
        if halving.splits:
            state = self.encode()
            if len(state) > mend_max:
                raise Malformed("an update may not split a character in so large a document")
            self._renew([without(state, halving.splits)])
        return self._crdt.merge(halving.update)

    def _learn(self, halving: Halving) -> None:
        self._halves.learn(halving)
        if halving.splits:
            # What this replica was before cannot be merged with what comes now.
            self._back = []

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
        self._crdt.renew(updates)

    def _known(self) -> dict[bytes, int]:
        return self._clocks if self._clocks is not None else self._count()

    def _count(self) -> dict[bytes, int]:
        self._clocks = {client_key(c): clock for c, clock in read_state_vector(self.state_vector()).items()}
        return self._clocks


def _advance(clocks: dict[bytes, int], keystroke: Keystroke) -> None:
    if keystroke.end > clocks.get(keystroke.client, 0):
        clocks[keystroke.client] = keystroke.end
