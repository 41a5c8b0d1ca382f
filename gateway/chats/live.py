"""What clients of `GET /events` and Socket.IO do in chats, with the same rights and limits as over REST.

Made by sockets/wiring.py; called by events/session.py and socketio/session.py.
"""

from uuid import UUID

import msgspec
from msgspec import UnsetType

from gateway.access import NOWHERE, Access
from gateway.auth.caller import Caller
from gateway.chats import saying
from gateway.chats.access import check_scope
from gateway.chats.rights import enter
from gateway.chats.saying import Pair, Words
from gateway.operation import Operation
from gateway.parts import Parts
from gateway.refusals import Forbidden
from schemas.chats import chat_topic
from schemas.events import ChatWords
from schemas.roles import Role
from schemas.streams import stream_topic
from store.chat_messages import RunningRow, list_running

RUNNING_SHOWN = 10
"""Answers that still go on and are shown to who joins: people rarely wait for more than one."""


class LiveChats:
    """One per gateway."""

    def __init__(self, parts: Parts, say: Operation) -> None:
        """`say` is the operation that saying counts against."""
        self._parts = parts
        self._say = say

    async def say(self, caller: Caller, address: str, said: ChatWords) -> Pair:
        """A message, whose answer begins. Raises what the operation raises."""
        parts = self._parts
        check_scope(caller)
        await parts.rates.take(self._say, caller, address)
        seat = await enter(parts, caller, said.chat_id)
        words = Words(content=said.content, model=said.model, client_msg_id=said.client_msg_id)
        parent: UUID | UnsetType | None = said.parent_id
        try:
            return await saying.say(parts, seat, words, parent)
        finally:
            parts.nudge()

    async def tell_typing(self, caller: Caller, access: Access, chat_id: UUID, is_typing: bool) -> None:
        """Whoever is in the chat now hears it. Raises Forbidden or StoreUnavailable."""
        if access.project_id != NOWHERE and access.role < Role.COMMENTER:
            raise Forbidden("viewers read")
        data = {
            "chat_id": chat_id,
            "user_id": caller.user_id,
            "display_name": caller.display_name,
            "is_typing": is_typing,
        }
        payload = msgspec.json.encode({"event": "typing", "data": data})
        await self._parts.events.pass_on(chat_topic(chat_id), payload)

    async def running(self, chat_id: UUID) -> list[RunningRow]:
        """Answers that go on."""
        return await list_running(self._parts.postgres, chat_id, RUNNING_SHOWN)


def receipt(pair: Pair) -> dict[str, object]:
    """What answers whoever said something."""
    user, answer = pair.user, pair.assistant
    return {
        "chat_id": user.chat_id,
        "message_id": user.id,
        "answer_id": answer.id,
        "client_msg_id": user.client_msg_id,
        "stream_id": answer.stream_id,
        "topic": None if answer.stream_id is None else stream_topic(answer.stream_id),
        "log_begin": answer.log_begin,
    }
