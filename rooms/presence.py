"""Who is in a document and where: the latest state of each client, with the rules that keep it honest.

A state wins when its clock is higher than the known one, or equal and says "gone" (y-protocols, awareness.js). Beyond
that:

- A client id belongs to the owner that showed it first. Only the same user may take it over: a reconnect. Others'
  repeats are ignored, since old clients send back all that they hear.
- A client that was declared gone and returns still counts from its old clock, so nobody would believe it. It is shown
  with a clock above the "gone", and leads its client's own count until that has adopted it.
- A "gone" from a gateway that the client has left already does not end it, but renews it in the same way.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from rooms.codec.awareness import GONE, State
from rooms.errors import Malformed
from rooms.limits import PRESENCE_CLIENTS_PER_PEER, PRESENCE_TIMEOUT

Owner = object
"""A Peer of this process, or the name of another gateway."""
Shown = tuple[bytes, State]
"""Whose client, by user id (16 bytes), and its state."""


@dataclass(slots=True)
class _Entry:
    state: State
    owner: Owner
    user: bytes
    seen: float
    lead: int = 0
    """How far the clock here is ahead of the one that the client counts."""

    def end(self) -> None:
        """The client is gone."""
        self.state = State(self.state.client, self.state.clock + 1, GONE)


class Presence:
    """The presence of one document. Times are the loop's, in seconds."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: dict[int, _Entry] = {}

    def show(self, owner: Owner, shown: Iterable[Shown], now: float) -> list[int]:
        """Take in what an owner says; the clients that changed. Raises Malformed at the first one that is too many."""
        entries = self._entries
        changed = []
        for user, state in shown:
            before = len(entries)
            if self._take(owner, user, state, now):
                changed.append(state.client)
            if len(entries) > before and self._shown_by(owner) > PRESENCE_CLIENTS_PER_PEER:
                raise Malformed(f"a connection may show {PRESENCE_CLIENTS_PER_PEER} clients")
        return changed

    def leave(self, owner: Owner) -> list[int]:
        """The owner is gone, and all its clients with it; their ids."""
        mine = [client for client, entry in self._entries.items() if self._holds(entry, owner)]
        for client in mine:
            self._entries[client].end()
        return mine

    def expire(self, now: float) -> list[int]:
        """Clients that did not renew themselves are gone (their ids), and forgotten some time later."""
        gone = []
        for client, entry in list(self._entries.items()):
            if now - entry.seen <= PRESENCE_TIMEOUT:
                continue
            if entry.state.data == GONE:
                del self._entries[client]
            else:
                entry.end()
                entry.seen = now
                gone.append(client)
        return gone

    def states(self, clients: Iterable[int] | None = None) -> list[State]:
        """The latest states of these clients, or of all that are here."""
        if clients is None:
            return [entry.state for entry in self._entries.values() if entry.state.data != GONE]
        return [self._entries[client].state for client in clients if client in self._entries]

    def local(self, clients: Iterable[int] | None = None) -> list[Shown]:
        """Those of them whose connection is in this process, for other gateways."""
        entries = self._entries.values() if clients is None else map(self._entries.get, clients)
        return [
            (entry.user, entry.state)
            for entry in entries
            if entry is not None
            and not isinstance(entry.owner, str)
            and (clients is not None or entry.state.data != GONE)
        ]

    def _take(self, owner: Owner, user: bytes, state: State, now: float) -> bool:
        """Whether the state changed what is known."""
        entry = self._entries.get(state.client)
        if entry is None:
            if state.data != GONE:
                self._entries[state.client] = _Entry(state, owner, user, now)
            return state.data != GONE
        if entry.owner != owner and entry.user != user:
            return False
        known = entry.state
        if isinstance(owner, str) and state.data == GONE and self._is_here(entry):
            if state.clock < known.clock:
                return False
            self._show_above(entry, known.clock, State(state.client, state.clock, known.data))
        elif state.clock > known.clock or (state.clock == known.clock and state.data == GONE != known.data):
            self._entries[state.client] = _Entry(state, owner, user, now)
        elif isinstance(owner, str):
            return False
        elif entry.owner is owner and known.data != GONE:
            if not entry.lead or state.data == known.data:
                entry.seen = now
                return False
            self._show_above(entry, state.clock, state)
        elif state.data == GONE or any(self._holds(other, owner) for other in self._entries.values()):
            # Somebody's repeat of what it once heard: a client that returns has shown nobody yet.
            return False
        else:
            returned = self._entries[state.client] = _Entry(known, owner, user, now)
            self._show_above(returned, state.clock, state)
        entry.seen = now
        return True

    @staticmethod
    def _show_above(entry: _Entry, counted: int, state: State) -> None:
        """Show a state above all that was shown of its client, which itself has counted to `counted`."""
        clock = max(entry.state.clock, state.clock) + 1
        entry.state = State(state.client, clock, state.data)
        entry.lead = clock - counted

    def _shown_by(self, owner: Owner) -> int:
        return 0 if isinstance(owner, str) else sum(entry.owner is owner for entry in self._entries.values())

    @staticmethod
    def _holds(entry: _Entry, owner: Owner) -> bool:
        return entry.owner is owner and entry.state.data != GONE

    @staticmethod
    def _is_here(entry: _Entry) -> bool:
        return not isinstance(entry.owner, str) and entry.state.data != GONE
