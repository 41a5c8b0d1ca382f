"""Which messages of which peer are durable, once which records are: the bookkeeping behind "saved".

A document numbers what it hands to the committer 1, 2, 3 … (not the log's numbers). A message is durable when all
that the document had handed over by then is: so also one that said nothing new is acknowledged only when what it
repeated is safe.
"""

from collections import deque

from rooms.peer import Peer


class Receipts:
    """The messages of one document that wait to be acknowledged, in order of arrival."""

    __slots__ = ("_waiting", "durable", "handed")

    def __init__(self) -> None:
        self.handed = 0
        """Records handed to the committer so far."""
        self.durable = 0
        """Of these, how many are committed."""
        self._waiting: deque[tuple[int, Peer, bytes]] = deque()

    def expect(self, peer: Peer, update: bytes) -> None:
        """A message of this peer, with this edit (or empty), is durable with all that was handed over by now."""
        self._waiting.append((self.handed, peer, update))

    def committed(self, count: int) -> dict[Peer, list[bytes]]:
        """`count` more records are committed; the edits of the messages that are durable now, by peer."""
        self.durable = durable = self.durable + count
        ready: dict[Peer, list[bytes]] = {}
        waiting = self._waiting
        while waiting and waiting[0][0] <= durable:
            _, peer, update = waiting.popleft()
            if peer in ready:
                ready[peer].append(update)
            else:
                ready[peer] = [update]
        return ready
