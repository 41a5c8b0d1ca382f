"""Moves presence between the peers of a document and, by publish only, between processes.

    peer shows itself ──► Presence (who wins) ──► changed clients ──one frame per window──► all peers here
                                                       └──────────one announcement────────► other gateways

The latest state of each client is enough, so what comes within a window is merged, in one pass for all documents.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context

import structlog

from rooms.codec import awareness, messages
from rooms.codec.awareness import State
from rooms.codec.frame import binary_frame
from rooms.fanout import FanOut
from rooms.figures import Figures
from rooms.limits import PRESENCE_WINDOW
from rooms.peer import Peer
from rooms.presence import Presence, Shown
from schemas.documents import DocumentName
from schemas.unavailable import Unavailable

logger = structlog.get_logger("rooms")
Announce = Callable[[Sequence[tuple[DocumentName, bytes]]], Awaitable[None]]
QUERY = b""
"""What a process announces that has just opened a document: show me whom you have."""


class PresenceRelay:
    """One per process."""

    def __init__(
        self,
        announce: Announce,
        loop: asyncio.AbstractEventLoop,
        figures: Figures,
        shown: set[DocumentName] | None = None,
    ) -> None:
        """`shown`: documents in which somebody showed something new are added to it; who reads it empties it."""
        self._shown = set() if shown is None else shown
        self.loop = loop
        self.figures = figures
        self._announce = announce
        self._changed: set[DocumentPresence] = set()
        self._out: list[tuple[DocumentName, bytes]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._last = 0.0
        self._sending: asyncio.Task[None] | None = None
        self._away = False
        self._context = Context()
        """Of the timer: what one connection's log lines say is not to be said by those of all of them."""

    def attach(self, name: DocumentName, fan_out: FanOut) -> "DocumentPresence":
        """The presence of a document that was just opened; other processes are asked for theirs."""
        presence = DocumentPresence(name, fan_out, self)
        self.announce(name, QUERY)
        return presence

    def changed(self, presence: "DocumentPresence") -> None:
        """This document has something to show at the end of the window."""
        self._changed.add(presence)
        self._schedule()

    def announce(self, name: DocumentName, update: bytes) -> None:
        """Send to other processes at the end of the window."""
        self._out.append((name, update))
        self._schedule()

    def forget(self, presence: "DocumentPresence") -> None:
        """The document is closed."""
        self._changed.discard(presence)

    def _schedule(self) -> None:
        if self._timer is None:
            when = max(self.loop.time(), self._last + PRESENCE_WINDOW)
            self._timer = self.loop.call_at(when, self._flush, context=self._context)

    def _flush(self) -> None:
        self._last = self.loop.time()
        self._timer = None
        changed, self._changed = self._changed, set()
        for presence in changed:
            self._shown.add(presence.name)
            self._out.extend(presence.flush())
        if self._out and (self._sending is None or self._sending.done()):
            out, self._out = self._out, []
            self._sending = self.loop.create_task(self._send(out))
        elif self._out:
            # Redis is slow or away. Presence is not worth a queue: the next renewal says it again.
            del self._out[:-1_000]

    async def _send(self, out: list[tuple[DocumentName, bytes]]) -> None:
        try:
            await self._announce(out)
            self._away = False
        except Unavailable as error:
            # What it said is not said again before the next renewal, and one line in the log is enough.
            if not self._away:
                logger.warning("presence stays in this process", reason=str(error))
            self._away = True


class DocumentPresence:
    """The presence of one open document."""

    __slots__ = ("_dirty", "_fan_out", "_relay", "_table", "name")

    def __init__(self, name: DocumentName, fan_out: FanOut, relay: PresenceRelay) -> None:
        self.name = name
        self._fan_out = fan_out
        self._relay = relay
        self._table = Presence()
        self._dirty: set[int] = set()

    def show(self, peer: Peer, states: list[State]) -> None:
        """A peer says who it is; raises Malformed."""
        shown = [(peer.user, state) for state in states]
        self._mark(self._table.show(peer, shown, self._relay.loop.time()))

    def leave(self, peer: Peer) -> None:
        """A peer is gone."""
        self._mark(self._table.leave(peer))

    def hear(self, origin: str, update: bytes) -> None:
        """Another process says who is there, or asks."""
        if update == QUERY:
            self.tell()
            return
        self._mark(self._table.show(origin, awareness.unpack(update), self._relay.loop.time()))

    def tell(self) -> None:
        """Announce everybody whose connection is in this process."""
        if shown := self._table.local():
            self._relay.announce(self.name, awareness.pack(shown))

    def here(self) -> list[Shown]:
        """What everybody shows whose connection is in this process."""
        return self._table.local()

    def greet(self, peer: Peer) -> None:
        """Show a newcomer who is there."""
        if peer.paused:
            return
        for update in awareness.encode_in_parts(self._table.states()):
            peer.write(binary_frame(peer.address + messages.awareness(update)))

    def expire(self, now: float) -> None:
        """Those who did not renew themselves are gone."""
        self._mark(self._table.expire(now))

    def close(self) -> None:
        """The document is not used any more."""
        self._relay.forget(self)

    def flush(self) -> list[tuple[DocumentName, bytes]]:
        """Show the peers what changed; what to tell other processes."""
        dirty, self._dirty = self._dirty, set()
        for update in awareness.encode_in_parts(self._table.states(dirty)):
            self._relay.figures.presence_out += self._fan_out.broadcast(messages.awareness(update))
        local = self._table.local(dirty)
        return [(self.name, awareness.pack(local))] if local else []

    def _mark(self, clients: list[int]) -> None:
        if clients:
            self._dirty.update(clients)
            self._relay.changed(self)
