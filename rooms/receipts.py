"""Which messages of which peer are durable, once which records are: the bookkeeping behind "saved".

A document numbers what it hands to the committer 1, 2, 3 … (not the log's numbers). A message is durable when all
that the document had handed over by then is: so also one that said nothing new is acknowledged only when what it
repeated is safe.

While the log is away receipts pile up. Past a limit those of each peer become one, which is durable with the last of
them: that acknowledges them later than it might be, never earlier.
"""

import asyncio
from collections import deque
from collections.abc import Container

from rooms.crdt import merge
from rooms.limits import RECEIPT_BYTES_KEPT, RECEIPT_BYTES_MAX, RECEIPTS_MAX
from rooms.peer import Peer

Receipt = tuple[int, Peer, bytes, int]
"""Durable with so many records: of this peer, this edit (empty: none, or too large to keep), in so many messages."""


class Receipts:
    """The messages of one document that wait to be acknowledged, in order of arrival."""

    __slots__ = ("_bytes", "_most", "_present", "_saving", "_waiting", "durable", "handed")

    def __init__(self, present: Container[Peer]) -> None:
        """`present`: the peers that are there; nobody else needs a receipt."""
        self.handed = 0
        """Records handed to the committer so far."""
        self.durable = 0
        """Of these, how many are committed."""
        self._present = present
        self._waiting: deque[Receipt] = deque()
        self._bytes = 0
        self._most = RECEIPTS_MAX
        """So many may wait before they are merged."""
        self._saving: list[tuple[int, asyncio.Future[None]]] = []
        """Who waits until so many records are durable."""

    @property
    def all_durable(self) -> bool:
        """Whether all that was handed over is committed."""
        return self.handed == self.durable

    def saved(self, loop: asyncio.AbstractEventLoop) -> "asyncio.Future[None]":
        """Done when all that was handed over by now is durable."""
        future = loop.create_future()
        if self.all_durable:
            future.set_result(None)
        else:
            self._saving.append((self.handed, future))
        return future

    def expect(self, peer: Peer, update: bytes) -> None:
        """A message of this peer, with this edit (or empty), is durable with all that was handed over by now."""
        self._waiting.append((self.handed, peer, update, 1))
        self._bytes += len(update)
        if len(self._waiting) > self._most or self._bytes > RECEIPT_BYTES_MAX:
            self._merge()

    def committed(self, count: int) -> dict[Peer, list[bytes]]:
        """`count` more records are committed; the edits of the messages that are durable now, by peer.

        One for each message; empty where it had none, or where it is merged into another one.
        """
        self.durable = durable = self.durable + count
        ready: dict[Peer, list[bytes]] = {}
        waiting = self._waiting
        while waiting and waiting[0][0] <= durable:
            _, peer, update, messages = waiting.popleft()
            self._bytes -= len(update)
            if peer in ready:
                ready[peer].append(update)
            else:
                ready[peer] = [update]
            if messages > 1:
                ready[peer] += [b""] * (messages - 1)
        if self._saving:
            self._tell_saved()
        return ready

    def _tell_saved(self) -> None:
        durable = self.durable
        for handed, future in self._saving:
            if handed <= durable and not future.done():
                future.set_result(None)
        self._saving = [(handed, future) for handed, future in self._saving if handed > durable]

    def _merge(self) -> None:
        by_peer: dict[Peer, list[Receipt]] = {}
        for receipt in self._waiting:
            if (peer := receipt[1]) in self._present:
                # In the order of each peer's last one: the first is durable first.
                receipts = by_peer.pop(peer, [])
                receipts.append(receipt)
                by_peer[peer] = receipts
        self._waiting.clear()
        self._bytes = 0
        for peer, receipts in by_peer.items():
            updates = [update for _, _, update, _ in receipts if update]
            keep = self._bytes + sum(map(len, updates)) <= RECEIPT_BYTES_KEPT
            update = merge(updates) if updates and keep else b""
            self._bytes += len(update)
            self._waiting.append((receipts[-1][0], peer, update, sum(receipt[3] for receipt in receipts)))
        self._most = max(RECEIPTS_MAX, 2 * len(self._waiting))
