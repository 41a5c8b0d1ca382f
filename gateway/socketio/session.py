"""One client of `/socket.io/`: the chats that it has joined, and the answers that go on in them. Made by server.py.

hub ──lines──► waiting ──► writer ──► emit
                             ├─ an answer was asked for ──► followed as well
                             └─ an answer has ended ──► no longer
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog

from gateway.access import Access, Denied, in_person
from gateway.access_watch import AccessWatch
from gateway.auth.caller import Caller
from gateway.chats.live import LiveChats
from gateway.events.frames import Framing
from gateway.events.hub import Hub
from gateway.events.subscription import Subscription
from gateway.events.topics import Topics
from gateway.problems import problem_of
from gateway.refusals import Conflict
from gateway.socketio.framing import CHAT, AnswerFraming, line
from gateway.socketio.limits import CHATS_PER_SOCKET, WAITING_MAX
from schemas.chats import chat_topic
from schemas.close_codes import CloseCode
from schemas.documents import DocumentName
from schemas.events import ChatPlace
from schemas.streams import stream_topic

logger = structlog.get_logger("gateway.socketio")
Emit = Callable[[str, Any], Awaitable[None]]
"""Writes one event; returns when the client's socket takes more."""
ENDS: Final = frozenset({"done", "reset"})


class SocketIoSession:
    """An Outlet of its subscriptions, and Watched for the person itself."""

    document_name: DocumentName | None = None

    def __init__(
        self, caller: Caller, hub: Hub, watch: AccessWatch, topics: Topics, chats: LiveChats, emit: Emit
    ) -> None:
        self.caller = caller
        self.access: Access = in_person(caller)
        self.warned = False
        self.ended = asyncio.Event()
        """Its session has ended: whoever made it closes the connection."""
        self._hub = hub
        self._watch = watch
        self._topics = topics
        self._chats = chats
        self._emit = emit
        self._subscriptions: dict[str, Subscription] = {}
        self._answers: dict[str, set[str]] = {}
        """Topics of the answers that are followed, by chat."""
        self._waiting = bytearray()
        self._wake = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    def begin(self, mark: int) -> None:
        """Watch the person since `mark`, and write from now on."""
        self._watch.add(self, mark)
        self._writer = asyncio.create_task(self._write())

    async def end(self) -> None:
        """The client is gone."""
        self._watch.remove(self)
        for topic in list(self._subscriptions):
            self._drop(topic)
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)

    def become(self, caller: Caller, mark: int) -> None:
        """The same person with a newer token: what is followed is good as long as the new session."""
        self._watch.remove(self)
        self.caller, self.warned, self.access = caller, False, in_person(caller)
        self._watch.add(self, mark)
        for each in self._subscriptions.values():
            self._watch.remove(each)
            each.access = replace(each.access, session_id=caller.session_id, expires_at=caller.expires_at)
            self._watch.add(each, mark)

    async def join(self, place: ChatPlace) -> dict[str, object]:
        """Follow a chat; what it answers. Raises Denied, Refused or StoreUnavailable."""
        topic = chat_topic(place.chat_id)
        if topic not in self._subscriptions and len(self._answers) >= CHATS_PER_SOCKET:
            raise Conflict(f"one connection joins at most {CHATS_PER_SOCKET} chats")
        self._answers.setdefault(topic, set())
        await self._follow(topic, topic, place.after, CHAT)
        for running in await self._chats.running(place.chat_id):
            framing = AnswerFraming(str(place.chat_id), str(running.message_id), str(running.stream_id))
            await self._follow(topic, stream_topic(running.stream_id), running.log_begin, framing)
        return {"chat_id": place.chat_id, "topic": topic, "number": self._subscriptions[topic].number}

    def leave(self, chat_id: UUID) -> None:
        """No more of a chat."""
        self._drop(chat_topic(chat_id))

    def place_in(self, chat_id: UUID) -> Access:
        """By what right it follows a chat. Raises Conflict where it does not."""
        subscription = self._subscriptions.get(chat_topic(chat_id))
        if subscription is None:
            raise Conflict("join the chat first")
        return subscription.access

    @property
    def waiting(self) -> int:
        """Bytes that wait to be written."""
        return len(self._waiting)

    # Outlet

    @property
    def full(self) -> bool:
        return len(self._waiting) > WAITING_MAX

    def write(self, frames: bytes) -> None:
        self._waiting += frames
        self._wake.set()

    def lost(self, subscription: Subscription, denied: Denied) -> None:
        if denied.code is CloseCode.UNAUTHENTICATED:
            self.access_ended(denied)
            return
        self._drop(subscription.topic)
        kind, _, name = subscription.topic.partition(":")
        if kind == "chat":
            problem, _headers = problem_of(denied)
            self.write(line("left-chat", {"chat_id": name, "problem": problem}))

    # Watched: the person

    def access_changed(self, access: Access) -> None:
        self.access = access

    def access_ended(self, denied: Denied) -> None:
        self.ended.set()

    # Parts of the above

    async def _follow(self, chat: str, topic: str, after: int | None, framing: Framing) -> None:
        if topic in self._subscriptions:
            return
        subscription = Subscription(topic, self, self.access, framing)
        self._subscriptions[topic] = subscription
        mark = self._watch.mark()
        try:
            subscription.access = await self._topics.permit(self.caller, topic)
            number, is_reset = await self._hub.attach(subscription, after)
        except BaseException:
            self._subscriptions.pop(topic, None)
            if topic == chat:
                self._answers.pop(chat, None)
            raise
        if self._subscriptions.get(topic) is not subscription or chat not in self._answers:
            self._hub.detach(subscription)  # left meanwhile
            raise Conflict("you left the chat")
        if topic != chat:
            self._answers[chat].add(topic)
        self._watch.add(subscription, mark)
        if is_reset:
            self.write(framing.reset(topic, number))
        self._hub.release(subscription, number)

    def _drop(self, topic: str) -> None:
        for answer in self._answers.pop(topic, ()):
            self._drop(answer)
        subscription = self._subscriptions.pop(topic, None)
        if subscription is not None:
            self._hub.detach(subscription)
            self._watch.remove(subscription)

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            lines, self._waiting = bytes(self._waiting), bytearray()
            for each in lines.splitlines():
                event, data = msgspec.json.decode(each)
                await self._emit(event, data)
                if event == "message":
                    await self._look(data)
            for subscription in list(self._subscriptions.values()):
                if not subscription.live and not subscription.catching_up:
                    self._hub.catch_up(subscription)

    async def _look(self, data: dict[str, Any]) -> None:
        """Follow the answer that was just asked for; leave the one that has ended."""
        if data["type"] in ENDS:
            topic = stream_topic(data["stream_id"])
            for answers in self._answers.values():
                answers.discard(topic)
            self._drop(topic)
        elif data["type"] == "created" and data["message"]["role"] == "assistant":
            message, chat = data["message"], chat_topic(data["chat_id"])
            framing = AnswerFraming(data["chat_id"], message["id"], message["stream_id"])
            try:
                await self._follow(chat, message["topic"], message["log_begin"], framing)
            except Exception as error:  # noqa: BLE001  the chat itself goes on; the answer can be read over REST
                problem, _ = problem_of(error)
                logger.warning("answer not followed", status=problem.status, detail=problem.detail)
