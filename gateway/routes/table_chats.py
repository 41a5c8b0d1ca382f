"""The operations of chats, each at the paths of two product briefs. Part of the one table, which is table.py."""

from typing import Any, Final

from gateway.operation import Operation, Run
from gateway.permissions import SignedIn
from gateway.routes import chat_messages, chats
from schemas import chats as c
from schemas.pages import Page, PageQuery
from schemas.streams import REQUEST_BYTES

SIGNED_IN: Final = SignedIn()


def _at_both(method: str, rest: str, run: Run, **more: Any) -> Operation:
    path = f"/chats{rest}"
    return Operation(method, f"/api/ai{path}", run, SIGNED_IN, also=(f"/api{path}",), scope="ai", **more)


_MESSAGE: Final = "/{id}/messages/{message_id}"
SAY: Final = _at_both(
    "POST", "/{id}/messages", chat_messages.say,
    body=c.MessageRequest, body_bytes=REQUEST_BYTES, answers=c.Said, status=201, or_status=202, limit="ai",
)  # fmt: skip
"""Also what counts where it is said over a socket."""

CHATS: Final[tuple[Operation, ...]] = (
    _at_both("POST", "", chats.create_chat,
             body=c.ChatRequest, body_bytes=REQUEST_BYTES, answers=c.Chat, status=201, creates=True, limit="ai"),
    _at_both("GET", "", chats.list_chats, query=c.ChatsQuery, answers=Page[c.ChatSummary]),
    _at_both("GET", "/{id}", chats.get_chat, query=c.ChatQuery, answers=c.Chat),
    _at_both("PATCH", "/{id}", chats.change_chat, body=c.ChatChange, answers=c.ChatSummary),
    _at_both("DELETE", "/{id}", chats.delete_chat, status=204),
    _at_both("GET", "/{id}/messages", chat_messages.list_messages, query=PageQuery, answers=c.MessagePage),
    SAY,
    _at_both("GET", _MESSAGE, chat_messages.get_message, answers=c.WholeMessage),
    _at_both("POST", f"{_MESSAGE}/edit", chat_messages.edit,
             body=c.EditRequest, body_bytes=REQUEST_BYTES, answers=c.Said, status=201, or_status=202, limit="ai"),
    _at_both("POST", f"{_MESSAGE}/regenerate", chat_messages.regenerate,
             body=c.RegenerateRequest, optional_body=True, answers=c.Said, status=201, or_status=202, limit="ai"),
    _at_both("POST", f"{_MESSAGE}/cancel", chat_messages.cancel, answers=c.Message),
    _at_both("POST", f"{_MESSAGE}/feedback", chat_messages.give_feedback, body=c.FeedbackRequest, answers=c.Feedback),
    _at_both("DELETE", f"{_MESSAGE}/feedback", chat_messages.take_feedback_back, status=204),
)  # fmt: skip
