"""Who is in a document and where: the latest state of each client, with the rules that keep it honest.

A state wins when its clock is higher than the known one, or equal and says "gone" (y-protocols, awareness.js).
A client id belongs to the peer that showed it first; others' repeats are ignored, since old clients send back all
that they hear. A returning client may be shown again at a clock at which it was declared gone: it is then sent that
"gone", on which stock clients renew themselves with a higher clock.
"""

from dataclasses import dataclass

from rooms.codec.awareness import GONE, State
from rooms.errors import Malformed
from rooms.limits import PRESENCE_CLIENTS_PER_PEER, PRESENCE_TIMEOUT

Owner = object
"""A Peer of this process, or the name of another gateway."""


@dataclass(slots=True)
class _Entry:
    state: State
    owner: Owner
    user: bytes
    seen: float


class Presence:
    """The presence of one document. Times are the loop's, in seconds."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: dict[int, _Entry] = {}

    def show(self, owner: Owner, user: bytes, states: list[State], now: float) -> tuple[list[int], list[State]]:
        """Take in what an owner says: (clients that changed, states to send back to the owner); raises Malformed."""
        changed: list[int] = []
        renew: list[State] = []
        for state in states:
            entry = self._entries.get(state.client)
            if entry is None:
                if state.data == GONE:
                    continue
                self._entries[state.client] = _Entry(state, owner, user, now)
                changed.append(state.client)
            elif self._wins(state, entry, owner, user):
                self._entries[state.client] = _Entry(state, owner, user, now)
                changed.append(state.client)
            elif entry.state.data == GONE and state.data != GONE and entry.user == user:
                renew.append(entry.state)
        if len(changed) > PRESENCE_CLIENTS_PER_PEER and not isinstance(owner, str):
            raise Malformed(f"a connection may show {PRESENCE_CLIENTS_PER_PEER} clients")
        return changed, renew

    def leave(self, owner: Owner) -> list[int]:
        """The owner is gone, and all its clients with it; their ids."""
        mine = [c for c, e in self._entries.items() if e.owner is owner and e.state.data != GONE]
        for client in mine:
            self._remove(client)
        return mine

    def expire(self, now: float) -> list[int]:
        """Clients that did not renew themselves are gone (their ids), and forgotten some time later."""
        old = [(c, e) for c, e in self._entries.items() if now - e.seen > PRESENCE_TIMEOUT]
        gone = []
        for client, entry in old:
            if entry.state.data == GONE:
                del self._entries[client]
            else:
                self._remove(client)
                entry.seen = now
                gone.append(client)
        return gone

    def states(self, clients: set[int] | None = None) -> list[State]:
        """The latest states of these clients, or of all that are here."""
        if clients is None:
            return [e.state for e in self._entries.values() if e.state.data != GONE]
        return [self._entries[c].state for c in clients if c in self._entries]

    def local(self, clients: set[int] | None = None) -> list[State]:
        """Those of them whose connection is in this process."""
        return [
            e.state
            for c, e in self._entries.items()
            if not isinstance(e.owner, str) and (c in clients if clients is not None else e.state.data != GONE)
        ]

    @staticmethod
    def _wins(state: State, entry: _Entry, owner: Owner, user: bytes) -> bool:
        if state.clock <= entry.state.clock and not (
            state.clock == entry.state.clock and state.data == GONE != entry.state.data
        ):
            return False
        # Another connection may take a client over only when it is the same person's: a reconnect.
        return entry.owner is owner or entry.owner == owner or entry.user == user

    def _remove(self, client: int) -> None:
        entry = self._entries[client]
        entry.state = State(client, entry.state.clock + 1, GONE)
