"""`GET /hocuspocus`: many documents on one connection, as @hocuspocus/provider speaks it.

Each address (a document's name, perhaps with a session id) goes its own way through these states:

    Waiting ──token──► Entering ──authorised, open──► Seat ──detach──► gone
       └── other messages wait in order ──┘             └──denied, expired, deleted──► Shut ──token──► Entering

A denied address may try again with another token on the same connection, as provider 4 does.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field

from aiohttp import web

from gateway.access import Denied
from gateway.addresses import address_of
from gateway.parts import Endpoint
from gateway.settings import Network
from gateway.sockets.adopt import adopt
from gateway.sockets.closing import close_code
from gateway.sockets.connection import Connection
from gateway.sockets.hall import Hall
from gateway.sockets.hocuspocus_seat import Seat
from gateway.sockets.limits import AUTH_SECONDS, BEFORE_AUTH_BYTES, BEFORE_AUTH_FRAMES, DOCUMENTS_PER_SOCKET, FRAME_MAX
from rooms.codec import hocuspocus
from rooms.codec.hocuspocus import Body, Detach, Stateless, Token, decode_body, name_in, prefix, read_address
from rooms.codec.messages import KEEP_ALIVE, SyncStep2, Update
from rooms.errors import Crowded, Malformed, TooLarge, Unreadable
from rooms.limits import READ_SLICE
from schemas.close_codes import CloseCode
from schemas.documents import DocumentName, InvalidName, parse_document_name, project_of
from schemas.unavailable import Unavailable


@dataclass(slots=True)
class Waiting:
    """No valid token yet: what else comes is kept in order."""

    queue: list[Body] = field(default_factory=list)
    size: int = 0
    """Bytes of what waits."""


@dataclass(slots=True)
class Entering(Waiting):
    """A token is being looked at, the document opened."""


@dataclass(slots=True)
class Shut:
    """The server closed the document. Providers go on sending what nobody wants, for as long as they are attached."""


class HocuspocusSession:
    """The Hocuspocus side of one connection."""

    __slots__ = (
        "_address",
        "_connection",
        "_hall",
        "_places",
        "_queued_bytes",
        "_queued_frames",
        "_seatless",
        "_spoken",
    )

    def __init__(self, connection: Connection, hall: Hall, address: str) -> None:
        self._connection = connection
        self._hall = hall
        self._address = address
        self._seatless = hall.wheel.now()
        """When the connection last had an open document, or began."""
        connection.allow(BEFORE_AUTH_BYTES)
        self._places: dict[bytes, Waiting | Entering | Seat | Shut] = {}
        self._spoken = b""
        """The address of the latest message."""
        self._queued_frames = 0
        self._queued_bytes = 0

    def message(self, payload: bytes) -> None:
        if payload == hocuspocus.PONG:
            return
        address, at = read_address(payload)
        self._spoken = address
        body = decode_body(payload, at)
        place = self._places.get(address)
        if isinstance(place, Seat):
            if (work := self._seated(place, body)) is not None:
                self._connection.hold(len(payload))
                self._hall.start(self._connection.until(work, len(payload)))
        elif isinstance(body, Detach):
            gone = self._places.pop(address, None)
            if isinstance(gone, Waiting):
                self._forget(gone)
                self._connection.keep(-gone.size)
        elif isinstance(place, Entering):
            self._wait(place, body, len(payload))
        elif isinstance(place, Shut):
            if isinstance(body, Token):
                self._unseated(address, Waiting(), body, len(payload))
        else:
            self._unseated(address, place, body, len(payload))

    @property
    def subject(self) -> DocumentName | None:
        place = self._places.get(self._spoken)
        if isinstance(place, Seat):
            return place.document.name
        try:
            return parse_document_name(name_in(self._spoken))
        except (InvalidName, Malformed):
            return None

    def _unseated(self, address: bytes, place: Waiting | None, body: Body, size: int) -> None:
        if place is None:
            if len(self._places) >= DOCUMENTS_PER_SOCKET:
                self._connection.reply(
                    prefix(address) + hocuspocus.permission_denied("too many documents on one connection")
                )
                return
            place = self._places[address] = Waiting()
        if isinstance(body, Token):
            entering = self._places[address] = Entering(place.queue, place.size)
            self._hall.start(self._enter(address, entering, body))
        else:
            self._wait(place, body, size)

    def paused(self) -> None:
        for seat in self._seats():
            seat.document.pause(seat.peer)

    def resumed(self) -> None:
        for seat in self._seats():
            # One document's diff may fill the socket again; the others wait for the next time.
            if seat.peer.paused and not self._connection.full:
                seat.document.resume(seat.peer)
                seat.settle()

    def tick(self, now: float) -> None:
        seats = self._seats()
        if seats:
            self._seatless = now
        elif now - self._seatless > AUTH_SECONDS:
            self._connection.close(CloseCode.AUTH_TIMEOUT.value, "no valid token in time")
        for seat in seats:
            if seat.outlived():
                self._shut(seat, hocuspocus.closed("your token has expired"))
        if seats:
            # One sign of life is enough for the connection; providers before 4 do not know pings.
            seats[0].send(KEEP_ALIVE)

    def echo(self) -> None:
        """Not used: this dialect has its own acknowledgement."""

    def ended(self) -> None:
        self._hall.dismiss(self._connection, self._address)
        for seat in self._seats():
            self._empty(seat)
        self._places.clear()

    def _seats(self) -> list[Seat]:
        return [place for place in self._places.values() if isinstance(place, Seat)]

    def _seated(self, seat: Seat, body: Body) -> Awaitable[None] | None:
        """Deal with a message; what is left to wait for, where it takes long."""
        match body:
            case Update(update) | SyncStep2(update) if len(update) > READ_SLICE:
                self._hall.gathered.check(len(update))
                return self._hall.documents.receive(
                    seat.document, seat.peer, update, is_answer=isinstance(body, SyncStep2)
                )
            case Token():
                self._hall.start(self._renew(seat, body))
            case Detach():
                del self._places[seat.address]
                self._empty(seat)
            case Stateless():
                pass  # an application's own messages; Atrium has none
            case _:
                seat.message(body)
        return None

    def _wait(self, place: Waiting, body: Body, size: int) -> None:
        self._queued_frames += 1
        self._queued_bytes += size
        if self._queued_bytes > BEFORE_AUTH_BYTES:
            raise TooLarge(f"more than {BEFORE_AUTH_BYTES} bytes before a valid token")
        if self._queued_frames > BEFORE_AUTH_FRAMES:
            raise Denied(CloseCode.RATE_LIMITED, f"more than {BEFORE_AUTH_FRAMES} messages before a valid token")
        place.queue.append(body)
        place.size += size
        self._connection.keep(size)

    def _forget(self, place: Waiting) -> None:
        # What waited there waits no more for a token.
        self._queued_frames -= len(place.queue)
        self._queued_bytes -= place.size

    async def _enter(self, address: bytes, place: Entering, token: Token) -> None:
        """From a token to a seat, and then through what waited; or a refusal of this address alone."""
        connection = self._connection
        try:
            mark = self._hall.watch.mark()
            access, document = await self._hall.enter(connection, token.token, parse_document_name(name_in(address)))
            if connection.closing or self._places.get(address) is not place:
                return
            self._forget(place)
            connection.allow(FRAME_MAX)
            seat = Seat(connection, address, document, access, self._shut)
            document.join(seat.peer)
            if connection.full:
                document.pause(seat.peer)
            self._places[address] = seat
            self._hall.watch.add(seat, mark)
            self._hall.joined(connection, document, access)
            connection.hold()
            await connection.until(self._take_up(seat, place))
        except (Denied, InvalidName, Crowded, Unreadable) as error:
            self._deny(address, place, close_code(error)[1])
        except Exception as error:  # noqa: BLE001  whatever it is, it ends this connection and no other
            connection.fail(error)

    async def _take_up(self, seat: Seat, place: Entering) -> None:
        """What waited comes before what comes now."""
        for body in place.queue:
            if self._places.get(seat.address) is seat and (work := self._seated(seat, body)) is not None:
                await work
        self._connection.keep(-place.size)

    async def _renew(self, seat: Seat, token: Token) -> None:
        """A later token on a live seat: another role, a longer life, or the end of it."""
        try:
            mark = self._hall.watch.mark()
            access = await self._hall.gate.authorise(token.token, str(project_of(seat.document.name)))
            if self._places.get(seat.address) is seat:
                since = self._hall.watch.remove(seat)
                seat.renew(access)
                self._hall.watch.add(seat, mark, since)
        except Denied as denied:
            self._shut(seat, hocuspocus.permission_denied(denied.reason))
        except Unavailable:
            seat.send(hocuspocus.token_please())

    def _shut(self, seat: Seat, farewell: bytes) -> None:
        if self._places.get(seat.address) is seat:
            self._places[seat.address] = Shut()
            self._empty(seat)
            seat.send(farewell)

    def _empty(self, seat: Seat) -> None:
        self._hall.watch.remove(seat)
        seat.document.leave(seat.peer)
        self._hall.left(self._connection, seat.document)

    def _deny(self, address: bytes, place: Waiting, reason: str) -> None:
        if self._places.get(address) is place:
            del self._places[address]
            self._connection.keep(-place.size)
            self._hall.figures.refused["hocuspocus denied"] += 1
            # What waited still counts, and so does the token: nobody tries one after the other for ever.
            self._queued_frames += 1
            if self._queued_frames > BEFORE_AUTH_FRAMES:
                self._connection.fail(Denied(CloseCode.RATE_LIMITED, "too many tokens were refused"))
                return
            self._connection.reply(prefix(address) + hocuspocus.permission_denied(reason))


def hocuspocus_endpoint(hall: Hall, trusted_proxies: Sequence[Network]) -> Endpoint:
    """The aiohttp handler of this dialect."""

    async def endpoint(request: web.Request) -> web.StreamResponse:
        address = address_of(request, trusted_proxies)

        def make(transport: asyncio.Transport, early: bytes) -> Connection:
            connection = Connection(transport, hall.wheel, hall.figures, hall.gathered)
            connection.session = HocuspocusSession(connection, hall, address)
            if hall.admit(connection, address) and early:
                connection.data_received(early)
            return connection

        return adopt(request, make)

    return endpoint
