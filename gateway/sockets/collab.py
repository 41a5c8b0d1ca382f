"""`GET /collab/{project}/{path}?token=…`: one document per connection, as y-websocket speaks it.

    adopt ──► not read while: authorise, open ──► join (our step 1) ──► messages

While a connection is on its way to its seat nothing is read from it: what the client sends meanwhile stays in the
kernel, and no queue needs a limit.
"""

import asyncio
from collections.abc import Sequence

import structlog
from aiohttp import web

from gateway.access import Access, Denied
from gateway.addresses import address_of
from gateway.parts import Endpoint
from gateway.settings import Network
from gateway.sockets.adopt import adopt
from gateway.sockets.connection import Connection
from gateway.sockets.hall import Hall
from rooms.codec import messages, ywebsocket
from rooms.codec.frame import binary_frame
from rooms.codec.messages import AwarenessUpdate, QueryAwareness, SyncStep1, SyncStep2, Update
from rooms.codec.ywebsocket import acknowledged, permission_denied
from rooms.crdt import merge
from rooms.document import Document
from rooms.limits import MERGE_MAX, READ_SLICE
from rooms.peer import Peer
from schemas.close_codes import CloseCode
from schemas.documents import DocumentName, InvalidName, document_name

logger = structlog.get_logger("gateway.sockets")
KEEP_ALIVE = binary_frame(messages.KEEP_ALIVE)
READ_ONLY_NOW = "you may read this document from now on, but no longer change it"


class CollabSession:
    """The y-websocket side of one connection."""

    __slots__ = (
        "_acknowledged",
        "_acks",
        "_address",
        "_document",
        "_echo",
        "_hall",
        "_peer",
        "_subject",
        "access",
        "connection",
    )

    access: Access
    """Set when it takes its seat; changed when its rights are."""

    def __init__(self, connection: Connection, hall: Hall, *, acks: bool, address: str) -> None:
        self.connection = connection
        self._hall = hall
        self._acks = acks
        self._address = address
        self._document: Document | None = None
        self._peer: Peer | None = None
        self._subject: DocumentName | None = None
        self._acknowledged = 0
        self._echo: list[bytes] = []

    async def begin(self, token: str, name: DocumentName | InvalidName, early: bytes) -> None:
        """Bring the connection to its seat and let it speak, or close it with the reason."""
        connection = self.connection
        try:
            if isinstance(name, InvalidName):
                raise name
            self._subject = name
            mark = self._hall.watch.mark()
            access, document = await self._hall.enter(connection, token, name)
            if connection.closing:
                return
            peer = Peer(
                write=connection.transport.write,
                outlet=self,
                user=access.user_id.bytes,
                may_write=access.role.may_write,
            )
            document.join(peer)
            self._document, self._peer, self._subject = document, peer, document.name
            self.access = access
            self._hall.watch.add(self, mark)
            self._hall.joined(connection, document, access)
            connection.go_on()
            if early:
                connection.data_received(early)
        except Exception as error:  # noqa: BLE001  whatever it is, it ends this connection and no other
            connection.fail(error)

    # Session

    @property
    def subject(self) -> DocumentName | None:
        return self._subject

    def message(self, payload: bytes) -> None:
        document, peer = self._document, self._peer
        assert document is not None and peer is not None
        if (keystroke := ywebsocket.update_in(payload)) is not None:
            document.receive(peer, keystroke, is_answer=False)
            return
        message = ywebsocket.decode(payload)
        match message:
            case Update(update) | SyncStep2(update) if len(update) > READ_SLICE:
                self._hall.gathered.check(len(update))
                work = self._hall.documents.receive(document, peer, update, is_answer=isinstance(message, SyncStep2))
                self.connection.hold(len(update))
                self._hall.start(self.connection.until(work, len(update)))
            case Update(update):
                document.receive(peer, update, is_answer=False)
            case AwarenessUpdate(update):
                self.connection.charge(document.show(peer, update))
            case SyncStep1(state_vector):
                document.sync(peer, state_vector)
            case SyncStep2(update):
                document.receive(peer, update, is_answer=True)
            case QueryAwareness():
                document.presence.greet(peer)

    def paused(self) -> None:
        if self._document is not None and self._peer is not None:
            self._document.pause(self._peer)

    def resumed(self) -> None:
        if self._document is not None and self._peer is not None:
            self._document.resume(self._peer)
            self._acknowledge()

    def tick(self, now: float) -> None:
        if self._peer is not None:
            self.connection.transport.write(KEEP_ALIVE)

    def echo(self) -> None:
        # Its own durable edits: y-websocket 4 takes their return as "saved".
        updates, self._echo = self._echo, []
        if updates and not self.connection.full:
            self.connection.send(messages.update(merge(updates)))

    def ended(self) -> None:
        self._hall.dismiss(self.connection, self._address)
        self._hall.wheel.forget(self)
        if self._document is not None and self._peer is not None:
            self._hall.watch.remove(self)
            self._document.leave(self._peer)
            self._hall.left(self.connection, self._document)
            self._document = None

    # Outlet

    def durable(self, count: int, updates: Sequence[bytes]) -> None:
        if self._acks:
            self._acknowledged += count
            self._acknowledge()
        else:
            for update in updates:
                if len(update) > READ_SLICE:
                    # Merging it with others would take long.
                    if not self.connection.full:
                        self.connection.send(messages.update(update))
                elif update:
                    self._echo.append(update)
            if len(self._echo) > MERGE_MAX:
                self._echo[:] = [merge(self._echo)]
            self._hall.wheel.soon(self)

    def refused(self, reason: str) -> None:
        if not self.connection.full:
            self.connection.send(permission_denied(reason))

    def broken(self, reason: str) -> None:
        self.connection.close(CloseCode.INTERNAL.value, reason)

    # Watched

    @property
    def document_name(self) -> DocumentName | None:
        """Its document, once it has its seat."""
        return None if self._document is None else self._document.name

    def access_changed(self, access: Access) -> None:
        """From the next message on it may write, or no longer."""
        self.access = access
        document, peer = self._document, self._peer
        assert document is not None and peer is not None, "it is watched from its seat on"
        may_write, peer.may_write = peer.may_write, access.role.may_write
        if peer.may_write and not may_write:
            # What it wrote while it might not.
            self.connection.reply(messages.step_1(document.replica.state_vector()))
        elif may_write and not peer.may_write:
            self.refused(READ_ONLY_NOW)

    def access_ended(self, denied: Denied) -> None:
        """It may be here no longer."""
        self.connection.fail(denied)

    def _acknowledge(self) -> None:
        # Cumulative, so a client that does not read loses nothing when one is left out.
        if self._acks and self._acknowledged and not self.connection.full:
            self.connection.send(acknowledged(self._acknowledged))


def collab_endpoint(hall: Hall, trusted_proxies: Sequence[Network]) -> Endpoint:
    """The aiohttp handler of this dialect."""

    async def collab(request: web.Request) -> web.StreamResponse:
        # A browser cannot see why an upgrade failed, so everything else is a close code.
        address = address_of(request, trusted_proxies)
        name: DocumentName | InvalidName
        try:
            name = document_name(request.match_info["project"], request.match_info["path"])
        except InvalidName as error:
            name = error
        token = request.query.get("token", "")
        acks = request.query.get("acks") == "1"

        def make(transport: asyncio.Transport, early: bytes) -> Connection:
            connection = Connection(transport, hall.wheel, hall.figures, hall.gathered)
            session = CollabSession(connection, hall, acks=acks, address=address)
            connection.session = session
            if hall.admit(connection, address):
                connection.hold()
                hall.start(session.begin(token, name, early))
            return connection

        return adopt(request, make)

    return collab
