"""The actor of one open document. All its methods are synchronous: between reading and changing it, nothing else runs.

    update ──apply──► batch ──one frame──► every peer but its author          (first at once, the next ones merged)
                  └──► committer ──► log ──► committed() ──► author: durable

Called by the sessions of both dialects (gateway/sockets), by the committer, and by the follower of the log.
SPEC.md numbers the rules.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol

import structlog

from rooms.codec import awareness, messages
from rooms.codec.frame import binary_frame
from rooms.crdt import EMPTY_STATE_VECTOR, EMPTY_UPDATE
from rooms.errors import Crowded, Malformed, TooLarge, Unreadable
from rooms.fanout import FanOut
from rooms.figures import Figures
from rooms.limits import DOCUMENT_MAX, GAPS_MAX, PEERS_PER_DOCUMENT, UPDATE_MAX
from rooms.nothing_new import says_nothing_new
from rooms.parts import parts
from rooms.peer import Peer
from rooms.presence_relay import PresenceRelay
from rooms.receipts import Receipts
from rooms.replica import Applied, Replica
from rooms.size import Size
from rooms.slices import Slices, at_once
from rooms.tail import Ahead, Tail
from rooms.whole_states import WholeStates
from schemas.documents import DocumentName, named
from schemas.records import Commit, Loaded, Record
from schemas.unavailable import Unavailable

logger = structlog.get_logger("rooms")


class Committer(Protocol):
    """Where a document hands over its records; answers by calling `committed`."""

    def add(self, document: "Document", record: Record) -> None: ...


class Document:
    """One open document with its peers."""

    def __init__(
        self,
        name: DocumentName,
        replica: Replica,
        number: int,
        *,
        loop: asyncio.AbstractEventLoop,
        committer: Committer,
        relay: PresenceRelay,
        figures: Figures,
        size: int = 0,
    ) -> None:
        """`size`: bytes of what is in the replica, an upper bound."""
        self.name = name
        self.replica = replica
        self.tail = Tail(number)
        self.peers: set[Peer] = set()
        self.receipts = Receipts(self.peers)
        self.idle_since = loop.time()
        self._loop = loop
        self._committer = committer
        self._figures = figures
        self._fan_out = FanOut(replica, loop, figures)
        self.presence = relay.attach(name, self._fan_out)
        self._size = Size(size)
        self.ahead = Ahead()
        """Mostly behind own commits whose answer is on its way."""
        self._whole = WholeStates()
        self._rejoining = False
        self.broken = False
        """It was given up (break_off), and has no peers any more."""
        self.one_by_one = asyncio.Lock()
        """For large updates."""

    # Peers

    def join(self, peer: Peer) -> None:
        """Seat a peer and ask it for what it has; raises Crowded."""
        if len(self.peers) >= PEERS_PER_DOCUMENT:
            raise Crowded("the document is full")
        self.peers.add(peer)
        # Before any step 2 to it: a client that has nothing yet also answers with nothing. Viewers are asked too:
        # Hocuspocus' provider counts its answer among what is to be acknowledged.
        peer.write(binary_frame(peer.address + messages.step_1(self.replica.state_vector())))

    def leave(self, peer: Peer) -> None:
        """The peer's connection is gone, or it closed this document."""
        if peer not in self.peers:
            return
        self.peers.discard(peer)
        self._fan_out.leave(peer)
        self.presence.leave(peer)
        self.idle_since = self._loop.time()

    def pause(self, peer: Peer) -> None:
        """The peer's socket is full."""
        self._figures.slow_peers += 1
        self._fan_out.pause(peer)

    def resume(self, peer: Peer) -> None:
        """It drained: bring the peer up to date in one diff."""
        missed = self._fan_out.resume(peer)
        if peer.unhealed and not peer.paused:
            self._ask(peer)
        if missed and not peer.paused:
            self.presence.greet(peer)

    # Messages from peers

    def sync(self, peer: Peer, state_vector: bytes) -> None:
        """Step 1: answer with what the peer lacks, then keep it up to date; raises Malformed."""
        if peer.paused:
            # Answered when the socket drains.
            peer.had = state_vector
            peer.synced = True
            return
        if state_vector == EMPTY_STATE_VECTOR:
            frame = self._whole.frame(peer.address, self.replica)
        else:
            frame = binary_frame(peer.address + messages.step_2(self.replica.encode(state_vector)))
        is_new = not peer.synced
        # Seated before the write: a large state fills the socket at once, and then the fan-out must know the peer.
        self._fan_out.seat(peer)
        peer.write(frame)
        if is_new:
            self.presence.greet(peer)

    def receive(self, peer: Peer, update: bytes, *, is_answer: bool) -> None:
        """An update, or (is_answer) the step 2 that we asked for; raises Malformed or TooLarge, keeping nothing."""
        self._figures.updates_in += 1
        if not peer.may_write:
            self._refuse(peer, update, is_answer=is_answer)
            return
        self.check_size(update)
        try:
            applied = self.replica.apply(update)
        except Unreadable as error:
            self.break_off(error)
            raise
        self.accept(peer, applied, is_answer=is_answer)

    def show(self, peer: Peer, update: bytes) -> int:
        """Presence of a peer; how many states it was. Raises Malformed or TooLarge."""
        self._figures.presence_in += 1
        states = awareness.decode(update)
        self.presence.show(peer, states)
        return len(states)

    # Edits that come by REST

    def edit(self, author: bytes, update: bytes) -> "asyncio.Future[None]":
        """Merge what was made on a copy of this document, as this user's; done when it is durable.

        The copy held nothing that is unknown here. Raises TooLarge, and Unavailable where the document is given up.
        """
        self._figures.updates_in += 1
        self.check_size(update)
        left_out, delta = self.replica.left_out, self._absorb(update)
        if delta:
            self.receipts.handed += 1
            self._committer.add(self, Record(author, int(time.time() * 1000), delta))
        if self.broken or self.replica.left_out > left_out:
            raise Unavailable("the edit cannot be merged into the document as it is here")
        return self.saved()

    def saved(self) -> "asyncio.Future[None]":
        """Done when all that was handed over by now is durable."""
        return self.receipts.saved(self._loop)

    @property
    def exact(self) -> int | None:
        """The record up to which this is what the log says, no more and no less; None while that cannot be said."""
        lacks_some = self.is_behind or self._rejoining or self.broken or self.replica.left_out or self.replica.early
        return self.tail.known if self.is_durable and not lacks_some else None

    # What comes from the log

    def follow(self, commit: Commit) -> None:
        """Records of other processes, none missing before them: show them to the peers."""
        for record in commit.records:
            self._absorb(record.update)
        self.tail.advance(commit.last)
        if self.ahead:
            self._take_ahead()

    @property
    def is_behind(self) -> bool:
        """Whether later records showed that some are missing."""
        return bool(self.ahead) or self.tail.behind

    def committed(self, handed: int, first: int, last: int) -> None:
        """`handed` of the records that were handed over are durable, as the log's numbers `first` to `last`."""
        self.tail.committed(first, last)
        if self.ahead:
            self._take_ahead()
        self.acknowledge(handed)

    def acknowledge(self, handed: int) -> None:
        """So many more of the records that were handed over are durable: tell those who wait for it."""
        for peer, updates in self.receipts.committed(handed).items():
            if peer in self.peers:
                peer.outlet.durable(len(updates), updates)

    def rejoin(self, loaded: Loaded) -> Slices[None]:
        """The log does not go on where this replica ended: take in what there is, and write back what we have."""
        self._rejoining = True
        for part in parts(loaded.state or EMPTY_UPDATE, loaded.parts):
            self._absorb(part)
            yield
        for commit in loaded.tail:
            for record in commit.records:
                self._absorb(record.update)
                yield
        # From here on in one go.
        self.tail = Tail(loaded.number)
        self._take_ahead()
        if not self.broken:
            self.receipts.handed += 1
            self._committer.add(self, self.whole_record())
        self._rejoining = False

    def whole_record(self) -> Record:
        """The full state as a record of the server's own, for a log that was lost."""
        return Record(b"", int(time.time() * 1000), self.replica.encode())

    def break_off(self, error: BaseException) -> None:
        """What is committed cannot be merged, or nobody knows what was: give this up, and send away who is here.

        Who opens the document then gets what the log says. What was handed over is committed all the same.
        """
        logger.error("document broken", **named(self.name), exc_info=error)
        self._figures.broken += 1
        self.broken = True
        for peer in list(self.peers):
            peer.outlet.broken("the document had to be closed; come back")

    @property
    def size(self) -> int:
        """Bytes of its full state, an upper bound."""
        return self._size.bound

    @property
    def is_durable(self) -> bool:
        """Whether all that was accepted is committed."""
        return self.receipts.all_durable

    def tidy(self, now: float) -> None:
        """Every second: forget presence that was not renewed, and full states that were encoded meanwhile."""
        self.presence.expire(now)
        self._whole.forget()
        self.replica.let_go_of_way_back()

    def close(self) -> None:
        """Drop timers and references; the document is not used any more."""
        self._fan_out.close()
        self.presence.close()

    # Parts of the above

    def _absorb(self, update: bytes) -> bytes:
        """Merge what has to be merged: the delta. Where it cannot be, this replica is of no use any more."""
        if self.broken:
            return b""
        left_out = self.replica.left_out
        try:
            delta = self.replica.absorb(update)
        except Exception as error:  # noqa: BLE001  whatever it is, it ends this document and no other
            self.break_off(error)
            return b""
        if self.replica.left_out > left_out:
            logger.error("record left out", **named(self.name))
        if delta:
            self._changed(delta)
            self._fan_out.add(None, delta)
        return delta

    def _take_ahead(self) -> None:
        while (commit := self.ahead.take(self.tail.known)) is not None:
            for record in commit.records:
                self._absorb(record.update)
            self.tail.advance(commit.last)

    def _changed(self, delta: bytes) -> None:
        self._size.grow(len(delta))
        self._whole.forget()

    def accept(self, peer: Peer, applied: Applied, *, is_answer: bool, records: Sequence[bytes] = ()) -> None:
        """An update was applied: tell others, commit, and owe the peer an acknowledgement. `records`: its parts."""
        if applied.delta:
            self._changed(applied.delta)
            self._fan_out.add(peer, applied.delta)
            for record in records or (applied.delta,):
                self.receipts.handed += 1
                self._committer.add(self, Record(peer.user, int(time.time() * 1000), record))
        if applied.complete and (is_answer or not peer.unhealed):
            for held in peer.unhealed:
                self.receipts.expect(peer, held)
            peer.unhealed.clear()
            self.receipts.expect(peer, applied.delta)
            if self.is_durable:
                self.acknowledge(0)
        else:
            self._hold(peer, applied.delta, ask=is_answer or not peer.unhealed)

    def _hold(self, peer: Peer, delta: bytes, *, ask: bool) -> None:
        # What the update depends on is missing: the peer has it, so its next step 2 brings all of it.
        if len(peer.unhealed) >= GAPS_MAX:
            raise Malformed("too many updates depend on edits that were never sent")
        self._figures.gaps += 1
        peer.unhealed.append(delta)
        if ask and not peer.paused:
            self._ask(peer)

    def _ask(self, peer: Peer) -> None:
        peer.write(binary_frame(peer.address + messages.step_1(self.replica.state_vector())))

    def _refuse(self, peer: Peer, update: bytes, *, is_answer: bool) -> None:
        # Every client answers step 1, also one that may only read; an answer that says nothing offends nobody.
        if is_answer and at_once(says_nothing_new(self.replica, update)):
            self.owe_nothing(peer)
        else:
            self.deny(peer)

    def owe_nothing(self, peer: Peer) -> None:
        """Acknowledge what said nothing new."""
        self.receipts.expect(peer, b"")
        self.acknowledge(0)

    def deny(self, peer: Peer) -> None:
        """Refuse what a peer wrote that may only read."""
        self._figures.refused["read-only"] += 1
        peer.outlet.refused("you may read this document but not change it")

    def check_size(self, update: bytes) -> None:
        """Raises TooLarge where the update is, or the document would be."""
        if len(update) > UPDATE_MAX:
            raise TooLarge(f"an update has more than {UPDATE_MAX} bytes")
        if not self._size.has_room(len(update), DOCUMENT_MAX, self.replica, self._loop.time()):
            raise TooLarge(f"the document would have more than {DOCUMENT_MAX} bytes")
