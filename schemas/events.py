"""Events: what the logs of topics hold, and the messages of `GET /events`. By store/teller.py, gateway/events."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from schemas.chats import Words
from schemas.streams import ModelName, RequestId


class Event(Struct, frozen=True, omit_defaults=True):
    """One happening, as it stands in its topic's log and reaches clients, who also get `topic` and `number`."""

    event: str
    """What happened: `project.updated`, `member.added`, …"""
    id: int
    """The happening's own: an event that is told twice has it twice."""
    at: datetime
    data: Raw
    actor_id: UUID | None = None
    file_id: UUID | None = None


encode_event = msgspec.json.Encoder().encode

_FOR_MEMBERS: Final = tuple(b'{"event":"%b.' % kind for kind in (b"member", b"invite", b"collaboration", b"chat"))


def is_for_members(record: bytes) -> bool:
    """Whether only members may see an encoded Event: who they are, who is asked to join, when they meet and what they
    ask models is nobody else's business.

    By the record's beginning, because whoever passes records on does not decode them.
    """
    return record.startswith(_FOR_MEMBERS)


# From clients: {"event": …, "data": {…}, "id": …}

TOPIC_LENGTH: Final = 100  # characters; `project:` and an id take 44
MessageId = Annotated[int, Meta(ge=0, le=2**53)] | Annotated[str, Meta(max_length=64)] | None
"""The client's own; what answers the message has it as `ack`."""


class Credential(Struct, frozen=True, forbid_unknown_fields=True):
    """What `auth` brings."""

    token: Annotated[str, Meta(max_length=8_192)]


class Place(Struct, frozen=True, forbid_unknown_fields=True):
    """A topic, and up to where the client has its records; without `after` it wants only what comes."""

    topic: Annotated[str, Meta(min_length=1, max_length=TOPIC_LENGTH)]
    after: Annotated[int, Meta(ge=0, le=2**53)] | None = None


class TopicName(Struct, frozen=True, forbid_unknown_fields=True):
    """A topic."""

    topic: Annotated[str, Meta(min_length=1, max_length=TOPIC_LENGTH)]


class Auth(Struct, frozen=True, forbid_unknown_fields=True, tag="auth", tag_field="event"):
    """Who I am; also later, with a newer token."""

    data: Credential
    id: MessageId = None


class Subscribe(Struct, frozen=True, forbid_unknown_fields=True, tag="subscribe", tag_field="event"):
    """Send me this topic's records."""

    data: Place
    id: MessageId = None


class Unsubscribe(Struct, frozen=True, forbid_unknown_fields=True, tag="unsubscribe", tag_field="event"):
    """No more of them."""

    data: TopicName
    id: MessageId = None


class Ping(Struct, frozen=True, forbid_unknown_fields=True, tag="ping", tag_field="event"):
    """Are you there?"""

    data: Any = None
    id: MessageId = None


class ChatPlace(Struct, frozen=True, forbid_unknown_fields=True):
    """A chat, and up to where the client has its records; without `after` it wants only what comes."""

    chat_id: UUID
    after: Annotated[int, Meta(ge=0, le=2**53)] | None = None


class ChatName(Struct, frozen=True, forbid_unknown_fields=True):
    """A chat."""

    chat_id: UUID


class ChatWords(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something to be said in a chat; as `POST /api/chats/{id}/messages` takes it."""

    chat_id: UUID
    content: Words
    parent_id: UUID | UnsetType | None = UNSET
    model: ModelName | None = None
    client_msg_id: RequestId | None = None


class ChatTyping(Struct, frozen=True, forbid_unknown_fields=True):
    """I am writing, or no longer."""

    chat_id: UUID
    is_typing: bool = True


class JoinChat(Struct, frozen=True, forbid_unknown_fields=True, tag="join-chat", tag_field="event"):
    """Send me what happens in this chat."""

    data: ChatPlace
    id: MessageId = None


class LeaveChat(Struct, frozen=True, forbid_unknown_fields=True, tag="leave-chat", tag_field="event"):
    """No more of it."""

    data: ChatName
    id: MessageId = None


class SayInChat(Struct, frozen=True, forbid_unknown_fields=True, tag="chat-message", tag_field="event"):
    """Say something."""

    data: ChatWords
    id: MessageId = None


class SayAsMessage(Struct, frozen=True, forbid_unknown_fields=True, tag="message", tag_field="event"):
    """The same by its other name."""

    data: ChatWords
    id: MessageId = None


class Typing(Struct, frozen=True, forbid_unknown_fields=True, tag="typing", tag_field="event"):
    """Tell the others in a chat that I write."""

    data: ChatTyping
    id: MessageId = None


class AnyMessage(Struct, frozen=True):
    """Of one that is not understood, what its refusal needs."""

    id: MessageId = None


ChatAct = JoinChat | LeaveChat | SayInChat | SayAsMessage | Typing
ClientMessage = Auth | Subscribe | Unsubscribe | Ping | ChatAct
