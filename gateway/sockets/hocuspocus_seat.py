"""A Hocuspocus address that is in its document: its messages, its acknowledgements, its token's life."""

import time
from collections.abc import Callable, Sequence
from typing import assert_never

from gateway.access import Access, Denied
from gateway.sockets.connection import Connection
from gateway.sockets.limits import TOKEN_GRACE
from rooms.codec import hocuspocus, messages
from rooms.codec.frame import binary_frame
from rooms.codec.hocuspocus import prefix
from rooms.codec.messages import AwarenessUpdate, QueryAwareness, SyncMessage, SyncStep1, SyncStep2, Update
from rooms.document import Document
from rooms.peer import Peer
from schemas.close_codes import CloseCode
from schemas.documents import DocumentName


class Seat:
    """One document of one Hocuspocus connection."""

    __slots__ = ("_asked", "_leave", "_owed", "access", "address", "connection", "document", "peer")

    def __init__(
        self,
        connection: Connection,
        address: bytes,
        document: Document,
        access: Access,
        leave: Callable[["Seat", bytes], None],
    ) -> None:
        """`leave` ends the seat with a last message."""
        self.address = address
        self.document = document
        self.access = access
        self.peer = Peer(
            write=connection.transport.write,
            outlet=self,
            user=access.user_id.bytes,
            may_write=access.role.may_write,
            address=prefix(address),
        )
        self.connection = connection
        self._leave = leave
        self._asked = False
        self._owed = 0
        """Acknowledgements that wait for the socket to drain."""
        self.send(hocuspocus.authenticated(may_write=self.peer.may_write))

    def send(self, body: bytes) -> None:
        """One message under this address."""
        self.connection.reply(self.peer.address + body)

    def message(self, body: SyncMessage | AwarenessUpdate | QueryAwareness) -> None:
        """What the client says in the document; raises RoomsError."""
        match body:
            case Update(update):
                self.document.receive(self.peer, update, is_answer=False)
            case AwarenessUpdate(update):
                self.connection.charge(self.document.show(self.peer, update))
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
        self._asked = False
        self.access_changed(access)

    @property
    def document_name(self) -> DocumentName | None:
        """Which document this is."""
        return self.document.name

    def access_changed(self, access: Access) -> None:
        """From the next message on the client may write, or no longer; it is told which."""
        self.access = access
        may_write, self.peer.may_write = self.peer.may_write, access.role.may_write
        self.send(hocuspocus.authenticated(may_write=self.peer.may_write))
        if self.peer.may_write and not may_write:
            self.send(messages.step_1(self.document.replica.state_vector()))

    def access_ended(self, denied: Denied) -> None:
        """The client may be here no longer: this document is closed to it, its others are not."""
        gone = denied.code is CloseCode.NOT_FOUND
        self._leave(self, hocuspocus.closed(denied.reason) if gone else hocuspocus.permission_denied(denied.reason))

    def outlived(self) -> bool:
        """Ask for a new token when this one has ended; True when none came in time."""
        late = time.time() - self.access.expires_at
        if late > 0 and not self._asked:
            self._asked = True
            self.send(hocuspocus.token_please())
        return late > TOKEN_GRACE

    def settle(self) -> None:
        """Send the acknowledgements that are owed: exactly one for each message."""
        if self._owed and not self.connection.full:
            frame = binary_frame(self.peer.address + hocuspocus.sync_status(saved=True))
            owed, self._owed = self._owed, 0
            self.connection.transport.write(frame * owed)

    # Outlet

    def durable(self, count: int, updates: Sequence[bytes]) -> None:
        self._owed += count
        self.settle()

    def refused(self, reason: str) -> None:
        self.send(hocuspocus.sync_status(saved=False))
        # A status has no room for a reason; a stateless message reaches the application, and nothing else.
        self.send(hocuspocus.stateless(reason))

    def broken(self, reason: str) -> None:
        # With the connection: a provider comes back by itself to that, and not to the end of one document.
        self.connection.close(CloseCode.INTERNAL.value, reason)
