"""A Hocuspocus address that is in its document: its messages, its acknowledgements, its token's life."""

import time
from collections.abc import Sequence
from typing import assert_never

from gateway.access import Access
from gateway.sockets.connection import Connection
from gateway.sockets.limits import TOKEN_GRACE
from rooms.codec import hocuspocus, messages
from rooms.codec.frame import binary_frame
from rooms.codec.hocuspocus import prefix
from rooms.codec.messages import AwarenessUpdate, QueryAwareness, SyncMessage, SyncStep1, SyncStep2, Update
from rooms.document import Document
from rooms.peer import Peer


class Seat:
    """One document of one Hocuspocus connection."""

    __slots__ = ("_asked", "_connection", "_expires_at", "_owed", "address", "document", "peer")

    def __init__(self, connection: Connection, address: bytes, document: Document, access: Access) -> None:
        self.address = address
        self.document = document
        self.peer = Peer(
            write=connection.transport.write,
            outlet=self,
            user=access.user_id.bytes,
            may_write=access.role.may_write,
            address=prefix(address),
        )
        self._connection = connection
        self._expires_at = access.expires_at
        self._asked = False
        self._owed = 0
        """Acknowledgements that wait for the socket to drain."""
        self.send(hocuspocus.authenticated(may_write=self.peer.may_write))

    def send(self, body: bytes) -> None:
        """One message under this address."""
        self._connection.reply(self.peer.address + body)

    def message(self, body: SyncMessage | AwarenessUpdate | QueryAwareness) -> None:
        """What the client says in the document; raises RoomsError."""
        match body:
            case Update(update):
                self.document.receive(self.peer, update, is_answer=False)
            case AwarenessUpdate(update):
                self.document.show(self.peer, update)
            case SyncStep1(state_vector):
                self.document.sync(self.peer, state_vector)
            case SyncStep2(update):
                self.document.receive(self.peer, update, is_answer=True)
            case QueryAwareness():
                self.document.presence.greet(self.peer)
            case _:
                assert_never(body)

    def renew(self, access: Access) -> None:
        """A later token: its role and its end count from now on."""
        may_write, self.peer.may_write = self.peer.may_write, access.role.may_write
        self._expires_at, self._asked = access.expires_at, False
        self.send(hocuspocus.authenticated(may_write=self.peer.may_write))
        if self.peer.may_write and not may_write:
            self.send(messages.step_1(self.document.replica.state_vector()))

    def outlived(self) -> bool:
        """Ask for a new token when this one has ended; True when none came in time."""
        late = time.time() - self._expires_at
        if late > 0 and not self._asked:
            self._asked = True
            self.send(hocuspocus.token_please())
        return late > TOKEN_GRACE

    def settle(self) -> None:
        """Send the acknowledgements that are owed: exactly one for each message."""
        if self._owed and not self._connection.full:
            frame = binary_frame(self.peer.address + hocuspocus.sync_status(saved=True))
            owed, self._owed = self._owed, 0
            self._connection.transport.write(frame * owed)

    # Outlet

    def durable(self, count: int, updates: Sequence[bytes]) -> None:
        self._owed += count
        self.settle()

    def refused(self, reason: str) -> None:
        self.send(hocuspocus.sync_status(saved=False))
        # A status has no room for a reason; a stateless message reaches the application, and nothing else.
        self.send(hocuspocus.stateless(reason))
