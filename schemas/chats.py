"""Bodies of `/api/chats` and `/api/ai/chats`, which are the same. Used by gateway/routes/chats.py, chat_messages.py."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.conversation import Image
from schemas.pages import Cursor, Limit, PageQuery, SearchText
from schemas.patterns import NO_NUL, PRINTABLE
from schemas.roles import Role
from schemas.streams import Mode, ModelName, Problem, RequestId, Source, Status, Usage

TITLE_LENGTH: Final = 200  # characters
MESSAGE_LENGTH: Final = 100_000  # characters: some 25,000 tokens
PICTURES_MAX: Final = 10  # of one message; a phone sends that many at once
COMMENT_LENGTH: Final = 2_000  # characters
MESSAGES_PER_CHAT: Final = 10_000
"""Years of talk; each is a row, and a page costs the same wherever it is. Answer: 409."""
TOLD_LENGTH: Final = 8_000  # characters of a message that its event carries; longer ones are read by their id

Title = Annotated[str, Meta(min_length=1, max_length=TITLE_LENGTH, pattern=PRINTABLE)]
Words = Annotated[str, Meta(min_length=1, max_length=MESSAGE_LENGTH, pattern=NO_NUL)]
Pictures = Annotated[tuple[Image, ...], Meta(max_length=PICTURES_MAX)]


class ChatRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`POST /api/chats`. With a `message` it is asked at once. `mode` follows from `model`; where both are given they
    must agree."""

    title: Title | None = None
    """Without one, the beginning of the first message."""
    model: ModelName | None = None
    mode: Mode | None = None
    project_id: UUID | None = None
    """Whose members share the chat."""
    message: Words | None = None
    pictures: Pictures = ()


class ChatChange(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`PATCH /api/chats/{id}`: a missing key means unchanged."""

    title: Title | UnsetType = UNSET
    model: ModelName | UnsetType = UNSET


class MessageRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`POST /api/chats/{id}/messages`."""

    content: Words
    pictures: Pictures = ()
    parent_id: UUID | UnsetType | None = UNSET
    """The answer that it goes on from; without it the chat's latest, null begins a new thread."""
    model: ModelName | None = None
    """For this answer; without it, the chat's."""
    client_msg_id: RequestId | None = None
    """The client's own: a repetition gets the same messages."""
    stream: bool = False
    """Answer at once (202); follow the stream for the rest."""


class AskRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`POST /api/ai`: in a chat that is there, or in a new one of one's own or of a project."""

    prompt: Words
    pictures: Pictures = ()
    chat_id: UUID | None = None
    project_id: UUID | None = None
    model: ModelName | None = None
    """Without one, that of the chat, or `auto`."""
    mode: Mode | None = None
    stream: bool = False
    """Answer at once (202); follow the stream for the rest."""


class EditRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`POST …/messages/{message_id}/edit`: said again in other words; the first ones stay, beside it."""

    content: Words
    pictures: Pictures = ()
    model: ModelName | None = None
    client_msg_id: RequestId | None = None
    stream: bool = False


class RegenerateRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`POST …/messages/{message_id}/regenerate`: another answer beside the first."""

    model: ModelName | None = None
    stream: bool = False


class FeedbackRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`POST …/messages/{message_id}/feedback`: replaces what the caller said of the answer before."""

    rating: Literal[-1, 1]
    comment: Annotated[str, Meta(max_length=COMMENT_LENGTH, pattern=NO_NUL)] = ""


class Feedback(Struct, frozen=True, kw_only=True):
    """What the caller said of an answer."""

    message_id: UUID
    rating: int
    comment: str


class Message(Struct, frozen=True, kw_only=True):
    """What a user said, or a model answered."""

    id: UUID
    chat_id: UUID
    parent_id: UUID | None
    role: Literal["user", "assistant"]
    user_id: UUID | None
    """Who said it, or asked for it; null: somebody who is gone."""
    content: str
    """Of an answer: all of it, once it has ended; until then follow `topic`."""
    pictures: int
    """How many; `GET` of the message brings them."""
    status: Status
    """Of an answer; what a user said is `done`."""
    stream_id: UUID | None
    topic: str | None
    """Of an answer: for `GET /events`."""
    log_begin: int | None
    """Subscribe with `after` this number to get all of it."""
    model: str | None
    why: str | None
    """Why this model."""
    thought: str
    reason: str | None
    usage: Usage | None
    error: Problem | None
    sources: list[Source]
    """What an answer rests on, of models that search: `[1]` in the text is the first."""
    left_out: int
    """Earlier messages that were not given to the model, because there were too many."""
    summarised: int
    """Earlier messages of which it was given a summary."""
    client_msg_id: str | None
    rating: int | None
    """The caller's."""
    created_at: datetime


class WholeMessage(Struct, frozen=True, kw_only=True):
    """One message, with its pictures."""

    message: Message
    pictures: list[Image]


class MessagePage(Struct, frozen=True):
    """Oldest first. `next_cursor` brings those before them as `?cursor=…`; null where there are none."""

    items: list[Message]
    next_cursor: str | None = None


class ChatSummary(Struct, frozen=True, kw_only=True):
    """A chat in a list."""

    id: UUID
    user_id: UUID
    project_id: UUID | None
    title: str
    model: str
    mode: Mode
    message_count: int
    topic: str
    """For `GET /events`."""
    created_at: datetime
    updated_at: datetime


class Chat(Struct, frozen=True, kw_only=True):
    """A chat with its latest messages."""

    id: UUID
    user_id: UUID
    project_id: UUID | None
    title: str
    model: str
    mode: Mode
    message_count: int
    topic: str
    created_at: datetime
    updated_at: datetime
    role: Role
    """The caller's: `owner` of one's own chats, else one's role in the project."""
    messages: MessagePage
    stream_id: UUID | None = None
    """Of the answer to the first message, when the chat is made."""


class Said(Struct, frozen=True, kw_only=True):
    """A message and its answer."""

    user: Message
    assistant: Message
    stream_id: UUID
    """The answer's."""


class ChatsQuery(PageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Chats of a project, or the caller's own; those with all words of `q` in the title, or in one message."""

    project_id: UUID | None = None
    q: SearchText | None = None


class ChatQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many messages, and before which."""

    messages_limit: Limit = 50
    messages_cursor: Cursor | None = None


def chat_topic(chat_id: UUID) -> str:
    """The name of its log."""
    return f"chat:{chat_id}"


def mode_of(model: str) -> Mode:
    """Who chooses."""
    return "auto" if model == "auto" else "manual"
