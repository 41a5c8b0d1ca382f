"""What a client of `GET /events` does in chats besides joining them, and what answers it. Called by session.py."""

from gateway.auth.caller import Caller
from gateway.chats.live import LiveChats, receipt
from gateway.events.frames import frame
from gateway.events.subscription import Subscription
from gateway.refusals import Conflict, Forbidden
from schemas.events import ChatTyping, ChatWords, MessageId

FIRST = "send `auth` first, and wait for `ready`"


async def said(chats: LiveChats, caller: Caller | None, address: str, words: ChatWords, ack: MessageId) -> bytes:
    """`chat-message`: the ids of the message and its answer. Raises what saying raises."""
    if caller is None:
        raise Forbidden(FIRST)
    return frame("sent", receipt(await chats.say(caller, address, words)), ack)


async def typed(
    chats: LiveChats, caller: Caller | None, subscription: Subscription | None, typing: ChatTyping
) -> bytes:
    """`typing`: nothing answers it. Raises Refused or StoreUnavailable."""
    if caller is None:
        raise Forbidden(FIRST)
    if subscription is None:
        raise Conflict("join the chat first")
    await chats.tell_typing(caller, subscription.access, typing.chat_id, typing.is_typing)
    return b""
