"""One client of `GET /events`: who it is, what it follows, and what it says.

connect ──► (token, or `auth` within AUTH_SECONDS) ──► ready ──► subscribe ⇄ subscribed ──► records
"""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, assert_never
from uuid import UUID

import msgspec
import structlog

from gateway.access import LIVE_SCOPE, Access, Denied, in_person
from gateway.auth.caller import Caller
from gateway.bodies import field_error
from gateway.chats.live import LiveChats
from gateway.events.chat_acts import FIRST, said, typed
from gateway.events.frames import frame, reset_frame
from gateway.events.hub import Hub
from gateway.events.limits import AUTH_SECONDS, MESSAGES_BURST, MESSAGES_PER_SECOND, TOKEN_GRACE, TOPICS_PER_SOCKET
from gateway.events.subscription import Subscription
from gateway.events.topics import Topics
from gateway.problems import problem_of
from gateway.refusals import Conflict, Forbidden, Invalid, Unreadable
from gateway.sockets.connection import Connection
from gateway.sockets.frames import ProtocolError
from gateway.sockets.hall import Hall
from gateway.sockets.limits import TICK
from schemas.chats import chat_topic
from schemas.close_codes import CloseCode
from schemas.documents import DocumentName
from schemas.events import (
    AnyMessage,
    Auth,
    ClientMessage,
    JoinChat,
    LeaveChat,
    MessageId,
    Ping,
    Place,
    SayAsMessage,
    SayInChat,
    Subscribe,
    Typing,
    Unsubscribe,
)
from schemas.unavailable import Unavailable

logger = structlog.get_logger("gateway.events")
HEARTBEAT = frame("heartbeat", {})

_decode = msgspec.json.Decoder(ClientMessage).decode
_decode_id = msgspec.json.Decoder(AnyMessage).decode


class EventSession:
    """A Session (sockets/connection.py), the Outlet of its subscriptions, and Watched for the person itself."""

    __slots__ = (
        "_address",
        "_budget",
        "_caller",
        "_chats",
        "_connection",
        "_deadline",
        "_hall",
        "_hub",
        "_quiet",
        "_refilled",
        "_subscriptions",
        "_topics",
        "_warned",
        "access",
        "document_name",
    )

    access: Access

    def __init__(
        self, connection: Connection, hall: Hall, hub: Hub, topics: Topics, chats: LiveChats, address: str
    ) -> None:
        self._connection = connection
        self._hall = hall
        self._hub = hub
        self._topics = topics
        self._chats = chats
        self._address = address
        self._caller: Caller | None = None
        self._subscriptions: dict[str, Subscription] = {}
        self._budget = float(MESSAGES_BURST)
        self._refilled = hall.wheel.now()
        self._quiet = False
        """Nothing was written since the last tick."""
        self._warned = False
        self._deadline: asyncio.TimerHandle | None = None
        self.document_name: DocumentName | None = None

    def begin(self, token: str, refusal: Denied | None, early: bytes) -> None:
        """Admitted: authenticate by what the request brought, or wait for `auth`."""
        if refusal is not None:
            self._connection.fail(refusal)
            return
        self._deadline = self._hall.wheel.later(AUTH_SECONDS, self._too_late)
        if token:
            self._start(self._authenticate(token, None))
        if early:
            self._connection.data_received(early)

    # Session

    @property
    def subject(self) -> DocumentName | None:
        return None

    def message(self, payload: bytes) -> None:
        self._count()
        try:
            message = _decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self._not_understood(payload, error)
            return
        match message:
            case Auth(data, ack):
                self._start(self._authenticate(data.token, ack))
            case Ping(_, ack):
                self.write(frame("pong", {}, ack))
            case Subscribe(place, ack):
                self._subscribe(place, ack)
            case Unsubscribe(data, ack):
                self._drop(self._subscriptions.get(data.topic))
                self.write(frame("unsubscribed", {"topic": data.topic}, ack))
            case JoinChat(place, ack):
                self._subscribe(Place(chat_topic(place.chat_id), place.after), ack, place.chat_id)
            case LeaveChat(data, ack):
                self._drop(self._subscriptions.get(chat_topic(data.chat_id)))
                self.write(frame("left-chat", {"chat_id": data.chat_id}, ack))
            case SayInChat(words, ack) | SayAsMessage(words, ack):
                self._start(self._answer(said(self._chats, self._caller, self._address, words, ack), ack))
            case Typing(typing, ack):
                subscription = self._subscriptions.get(chat_topic(typing.chat_id))
                self._start(self._answer(typed(self._chats, self._caller, subscription, typing), ack))
            case _:
                assert_never(message)

    def paused(self) -> None:
        pass  # `full` says so

    def resumed(self) -> None:
        for subscription in self._subscriptions.values():
            if not subscription.live and not subscription.catching_up:
                self._hub.catch_up(subscription)

    def tick(self, now: float) -> None:
        if self._quiet:
            self.write(HEARTBEAT)
        self._quiet = True
        caller = self._caller
        if caller is not None and caller.expires_at < (wall := time.time()):
            if caller.expires_at + TOKEN_GRACE < wall:
                self._connection.close(CloseCode.UNAUTHENTICATED.value, "the token has expired")
            elif not self._warned:
                self._warned = True
                self.write(frame("expired", {"grace_seconds": TOKEN_GRACE}))

    def echo(self) -> None:
        pass  # never asked for

    def ended(self) -> None:
        self._hall.dismiss(self._connection, self._address)
        if self._deadline is not None:
            self._deadline.cancel()
        for subscription in list(self._subscriptions.values()):
            self._drop(subscription)
        if self._caller is not None:
            self._hall.watch.remove(self)

    # Outlet

    @property
    def full(self) -> bool:
        return self._connection.full or self._connection.closing

    def write(self, frames: bytes) -> None:
        self._quiet = False
        if not self._connection.closing:
            self._connection.transport.write(frames)

    def lost(self, subscription: Subscription, denied: Denied) -> None:
        if denied.code is CloseCode.UNAUTHENTICATED:
            self.access_ended(denied)
            return
        self._drop(subscription)
        self.write(frame("unsubscribed", {"topic": subscription.topic, "problem": _problem(denied)}))

    # Watched: the person

    def access_changed(self, access: Access) -> None:
        self.access = access

    def access_ended(self, denied: Denied) -> None:
        self._connection.close(denied.code.value, denied.reason)

    # Parts of the above

    async def _authenticate(self, token: str, ack: MessageId) -> None:
        mark = self._hall.watch.mark()
        try:
            caller = await self._hall.gate.caller(token)
            if caller.scopes is not None and LIVE_SCOPE not in caller.scopes:
                raise Denied(CloseCode.FORBIDDEN, f"the token lacks the scope {LIVE_SCOPE}")
            if self._caller is not None and self._caller.user_id != caller.user_id:
                raise Denied(CloseCode.FORBIDDEN, "this connection is somebody else's; open another")
        except (Denied, Unavailable) as error:
            if self._caller is None:
                self._connection.fail(error)
            else:
                self._refuse(error, ack)
            return
        if self._connection.closing:
            return
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self._become(caller, mark)
        self.write(
            frame(
                "ready",
                {"user_id": caller.user_id, "expires_at": int(caller.expires_at), "heartbeat_seconds": TICK},
                ack,
            )
        )

    def _become(self, caller: Caller, mark: int) -> None:
        watch = self._hall.watch
        if self._caller is not None:
            watch.remove(self)
        self._caller, self._warned = caller, False
        self.access = in_person(caller)
        watch.add(self, mark)
        # What is followed already is good as long as the new session is.
        for each in self._subscriptions.values():
            watch.remove(each)
            each.access = replace(each.access, session_id=caller.session_id, expires_at=caller.expires_at)
            watch.add(each, mark)

    def _subscribe(self, place: Place, ack: MessageId, chat: UUID | None = None) -> None:
        if self._caller is None:
            self._refuse(Forbidden(FIRST), ack)
        elif place.topic in self._subscriptions:
            self._refuse(Conflict("this topic is followed already"), ack)
        elif len(self._subscriptions) >= TOPICS_PER_SOCKET:
            self._refuse(Conflict(f"one connection follows at most {TOPICS_PER_SOCKET} topics"), ack)
        else:
            subscription = Subscription(place.topic, self, in_person(self._caller))
            self._subscriptions[place.topic] = subscription
            self._start(self._follow(subscription, self._caller, place.after, ack, chat))

    async def _follow(
        self, subscription: Subscription, caller: Caller, after: int | None, ack: MessageId, chat: UUID | None
    ) -> None:
        hall, topic = self._hall, subscription.topic
        mark = hall.watch.mark()
        try:
            subscription.access = await self._topics.permit(caller, topic)
            number, is_reset = await self._hub.attach(subscription, after)
        except Exception as error:  # noqa: BLE001  whatever it is, it is told to this client alone
            if self._subscriptions.get(topic) is subscription:
                del self._subscriptions[topic]
            self._refuse(error, ack)
            return
        if self._subscriptions.get(topic) is not subscription:
            self._hub.detach(subscription)  # given up meanwhile
            return
        hall.watch.add(subscription, mark)
        place = {"topic": topic, "number": number}
        self.write(
            frame("subscribed", place, ack) if chat is None else frame("joined-chat", {"chat_id": chat, **place}, ack)
        )
        if is_reset:
            self._hub.resets += 1
            self.write(reset_frame(topic, number))
        self._hub.release(subscription, number)

    async def _answer(self, work: Coroutine[Any, Any, bytes], ack: MessageId) -> None:
        try:
            frames = await work
        except Exception as error:  # noqa: BLE001  whatever it is, it is told to this client alone
            self._refuse(error, ack)
            return
        if frames:
            self.write(frames)

    def _drop(self, subscription: Subscription | None) -> None:
        if subscription is not None:
            self._subscriptions.pop(subscription.topic, None)
            self._hub.detach(subscription)
            self._hall.watch.remove(subscription)

    def _not_understood(self, payload: bytes, error: Exception) -> None:
        try:
            ack = _decode_id(payload).id
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            ack = None
        try:
            payload.decode()
        except UnicodeDecodeError:
            raise ProtocolError(1007, "a text message is not UTF-8") from None
        if isinstance(error, msgspec.ValidationError):
            self._refuse(Invalid("the message does not have the right shape", field_error(str(error))), ack)
        else:
            self._refuse(Unreadable(f"the message is not JSON: {error}"), ack)

    def _refuse(self, error: Exception, ack: MessageId) -> None:
        self.write(frame("error", _problem(error), ack))

    def _count(self) -> None:
        now = self._hall.wheel.now()
        self._budget = min(MESSAGES_BURST, self._budget + (now - self._refilled) * MESSAGES_PER_SECOND) - 1
        self._refilled = now
        if self._budget < 0:
            raise ProtocolError(CloseCode.RATE_LIMITED.value, f"more than {MESSAGES_PER_SECOND} messages a second")

    def _too_late(self) -> None:
        self._connection.close(CloseCode.AUTH_TIMEOUT.value, f"no token within {AUTH_SECONDS:.0f} s")

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._hall.start(work)


def _problem(error: Exception) -> Any:
    problem, _ = problem_of(error)
    if problem.status == 500:
        logger.error("message failed", exc_info=error)
    return problem
