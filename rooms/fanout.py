"""The hot path out: updates that were applied leave as one frame to every peer.

The first update after a quiet moment leaves at once. Those that follow within a window are merged, and leave together
at its end. The authors of what is in a frame get one without their own part: theirs comes back to them only when it is
durable (SPEC S5), which is how y-websocket 4 knows that it is saved.

A peer whose socket is full gets nothing: it is taken out, and when its socket drained gets one diff from what it had.
"""

import asyncio
import time
from collections.abc import Collection

from rooms.codec import messages
from rooms.codec.frame import binary_frame
from rooms.crdt import merge
from rooms.figures import Figures
from rooms.limits import MERGE_MAX, MERGE_WINDOW_MAX, MERGE_WINDOW_PER_PEER
from rooms.peer import Peer
from rooms.replica import Replica


class FanOut:
    """The synced peers of one document, and what they are about to be sent."""

    __slots__ = (
        "_batch",
        "_figures",
        "_last",
        "_loop",
        "_merged",
        "_pausing",
        "_replica",
        "_seats",
        "_since",
        "_size",
        "_timer",
        "_writing",
    )

    def __init__(self, replica: Replica, loop: asyncio.AbstractEventLoop, figures: Figures) -> None:
        self._replica = replica
        self._loop = loop
        self._figures = figures
        self._seats: dict[bytes, set[Peer]] = {}
        """The peers by address: those of one address get the very same frame."""
        self._size = 0
        self._batch: list[tuple[Peer | None, bytes]] = []
        self._since = 0.0
        self._last = 0.0
        self._merged = 1
        """Updates in the latest frame: how busy the room is."""
        self._timer: asyncio.TimerHandle | None = None
        self._pausing: list[Peer] = []
        self._writing = False

    def seat(self, peer: Peer) -> None:
        """From now on the peer gets all that is new."""
        seats = self._seats.setdefault(peer.address, set())
        if peer not in seats:
            seats.add(peer)
            self._size += 1
        peer.synced = True

    def leave(self, peer: Peer) -> None:
        """No more for this peer."""
        self._unseat(peer)
        if peer in self._pausing:
            self._pausing.remove(peer)

    def _unseat(self, peer: Peer) -> None:
        seats = self._seats.get(peer.address)
        if seats and peer in seats:
            self._size -= 1
            seats.discard(peer)
            if not seats:
                del self._seats[peer.address]

    def add(self, author: Peer | None, update: bytes) -> None:
        """Send an update that is in the replica to everybody but its author."""
        batch = self._batch
        batch.append((author, update))
        if self._timer is not None:
            if len(batch) >= MERGE_MAX:
                self._timer.cancel()
                self._flush()
            return
        self._since = now = time.monotonic()
        window = min(MERGE_WINDOW_MAX, MERGE_WINDOW_PER_PEER * self._size * self._merged)
        rest = self._last + window - now
        if rest <= 0:
            self._flush()
        else:
            self._timer = self._loop.call_later(rest, self._flush)

    def broadcast(self, body: bytes) -> int:
        """Write a message to every peer; the number of peers."""
        self._writing = True
        for address, seats in self._seats.items():
            frame = binary_frame(address + body)
            for peer in seats:
                peer.write(frame)
        self._writing = False
        if not self._batch:
            self._settle()
        return self._size

    def pause(self, peer: Peer) -> None:
        """The peer's socket is full: from the next quiet point on it gets nothing."""
        peer.paused = True
        if peer not in self._pausing:
            self._pausing.append(peer)
        if not self._writing and not self._batch:
            self._settle()

    def resume(self, peer: Peer) -> bool:
        """The peer's socket drained: send one diff of all that it missed; whether it had missed anything."""
        peer.paused = False
        if peer in self._pausing:  # its socket drained before the quiet point: it missed nothing
            self._pausing.remove(peer)
            if not peer.had:
                return False
        if not peer.synced:
            return False
        missed = self._replica.encode(peer.had)
        peer.had = b""
        self.seat(peer)
        self._figures.deliveries_out += 1
        # A step 2, since it may be the answer to a step 1 that came meanwhile.
        peer.write(binary_frame(peer.address + messages.step_2(missed)))
        return True

    def close(self) -> None:
        """No more timers."""
        if self._timer is not None:
            self._timer.cancel()

    def _flush(self) -> None:
        self._timer = None
        batch, self._batch = self._batch, []
        self._merged = len(batch)
        if len(batch) == 1:
            author, update = batch[0]
            self._send(messages.update(update), (author,))
        else:
            authors = {author for author, _ in batch}
            self._send(messages.update(merge([update for _, update in batch])), authors)
            self._send_to_authors(authors, batch)
        if self._pausing:
            self._settle()
        self._last = now = time.monotonic()
        self._figures.fan_out.observe(now - self._since)

    def _send(self, body: bytes, authors: Collection[Peer | None]) -> None:
        # The hot path: for each peer this loop, and what the kernel needs to send.
        self._writing = True
        written = 0
        for address, seats in self._seats.items():
            frame = binary_frame(address + body)
            for peer in seats:
                if peer not in authors:
                    peer.write(frame)
                    written += 1
        self._writing = False
        self._figures.deliveries_out += written

    def _send_to_authors(self, authors: set[Peer | None], batch: list[tuple[Peer | None, bytes]]) -> None:
        for author in authors:
            # One whose socket is full is still here, and counts as having got all of this batch (`_settle`).
            if author is None or author not in self._seats.get(author.address, ()):
                continue
            others = [update for peer, update in batch if peer is not author]
            if others:
                author.write(binary_frame(author.address + messages.update(merge(others))))

    def _settle(self) -> None:
        # All that is in the replica has been written to everybody here, so that is what these peers have.
        if self._pausing:
            had = self._replica.state_vector()
            for peer in self._pausing:
                if peer.synced:
                    self._unseat(peer)
                    peer.had = peer.had or had
            self._pausing.clear()
