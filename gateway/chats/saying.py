"""Saying something in a chat, and having it answered: a user's message, its answer and the answer's stream are one
transaction, so none is there without the others. By REST, `GET /events` and Socket.IO.

    say          parent ──► message ──► answer
    edit         message's parent ──► another message ──► answer
    regenerate   answer's message ──► another answer
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from gateway import asking
from gateway.asking import Asking
from gateway.chats import forms
from gateway.chats.access import no_chat
from gateway.chats.rights import Seat
from gateway.parts import Parts
from gateway.refusals import Conflict, Invalid, Missing
from schemas.chats import MESSAGES_PER_CHAT, chat_topic
from schemas.conversation import Image
from schemas.ids import new_id
from schemas.streams import ENDED, Asked
from store import chat_messages as store
from store.chat_history import history
from store.chat_messages import MessageRow, NewMessage
from store.chats import ChatRow, grow_chat, lock_chat
from store.happenings import Happening, add_happening
from store.postgres import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What somebody says."""

    content: str
    pictures: tuple[Image, ...] = ()
    model: str | None = None
    client_msg_id: str | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """A message and its answer."""

    user: MessageRow
    assistant: MessageRow


@dataclass(frozen=True, slots=True)
class _Parent:
    """Under what a message hangs; `message` None: under nothing."""

    message: UUID | None
    depth: int = 0


_ROOT = _Parent(None)
Place = Callable[[Transaction], Awaitable[_Parent]]


async def say(parts: Parts, seat: Seat, words: Words, parent: UUID | UnsetType | None = UNSET) -> Pair:
    """A message below an answer (UNSET: the latest, None: nothing). Raises Refused or StoreUnavailable."""

    async def below(tx: Transaction) -> _Parent:
        if parent is None:
            return _ROOT
        if isinstance(parent, UnsetType):
            row = await store.find_latest(tx, seat.chat.id, seat.caller.user_id)
            if row is None:
                return _ROOT
        else:
            row = await store.find_message(tx, seat.chat.id, parent, seat.caller.user_id)
            if row is None or row.role != "assistant":
                raise Invalid.field("/parent_id", "the id of an answer in this chat, or null")
        if row.status not in ENDED:
            raise Conflict("the answer before this goes on; wait for its end, cancel it, or name another parent_id")
        return _Parent(row.id, row.depth)

    return await _say(parts, seat, words, below)


async def edit(parts: Parts, seat: Seat, message_id: UUID, words: Words) -> Pair:
    """A message beside another one of a user. Raises the same."""

    async def beside(tx: Transaction) -> _Parent:
        row = await _found(tx, seat, message_id)
        if row.role != "user":
            raise Conflict("this is an answer; regenerate it")
        return _Parent(row.parent_id, row.depth - 1)

    return await _say(parts, seat, words, beside)


async def regenerate(parts: Parts, seat: Seat, message_id: UUID, model: str | None) -> Pair:
    """An answer beside another one. Raises the same."""
    asking.must_ask(seat.role)
    new = await asking.prepare(parts, seat.caller.user_id, seat.chat.project_id)

    async def work(tx: Transaction) -> Pair:
        chat = await _locked(tx, seat)
        await _grow(tx, chat, 1)
        row = await _found(tx, seat, message_id)
        if row.role != "assistant" or row.parent_id is None:
            raise Conflict("this is no answer; edit it")
        asked = await _found(tx, seat, row.parent_id)
        return Pair(asked, await _ask(tx, seat, new, asked, model or chat.model))

    pair = await parts.postgres.transact(work)
    await parts.stream_queue.push(new.stream_id)
    return pair


async def _say(parts: Parts, seat: Seat, words: Words, place: Place) -> Pair:
    asking.must_ask(seat.role)
    new = await asking.prepare(parts, seat.caller.user_id, seat.chat.project_id)
    pair = await parts.postgres.transact(lambda tx: add_pair(tx, seat, words, new, place))
    if pair.assistant.stream_id == new.stream_id:
        await parts.stream_queue.push(new.stream_id)
    return pair


async def add_pair(tx: Transaction, seat: Seat, words: Words, new: Asking, place: Place) -> Pair:
    """Within a transaction; the caller pushes the stream. What this client said already is not said again."""
    chat, user = await _locked(tx, seat), seat.caller.user_id
    if words.client_msg_id is not None:
        before = await store.find_by_client(tx, chat.id, user, words.client_msg_id)
        if before is not None:
            return await _again(tx, before, words, user)
    parent = await place(tx)
    await _grow(tx, chat, 2)
    message = NewMessage(
        id=new_id(),
        chat_id=chat.id,
        parent_id=parent.message,
        depth=parent.depth + 1,
        user_id=user,
        content=words.content,
        pictures=msgspec.json.encode(words.pictures).decode() if words.pictures else None,
        client_msg_id=words.client_msg_id,
    )
    await store.add_message(tx, message)
    said = await _found(tx, seat, message.id)
    await _tell(tx, said, user)
    return Pair(said, await _ask(tx, seat, new, said, words.model or chat.model))


async def first(tx: Transaction) -> _Parent:
    """Where a chat begins."""
    return _ROOT


async def _again(tx: Transaction, before: MessageRow, words: Words, user: UUID) -> Pair:
    answer = await store.find_first_answer(tx, before.id, user)
    if answer is None or before.content != words.content:
        raise Conflict("this client_msg_id said something else before")
    return Pair(before, answer)


async def _ask(tx: Transaction, seat: Seat, new: Asking, said: MessageRow, model: str) -> MessageRow:
    past = await history(tx, said.id)
    assert past is not None, "it was found in this transaction"
    await asking.add(tx, new, Asked(past.turns, model, answered_by=past.answered_by, message=said.id))
    answer = NewMessage(
        id=new_id(),
        chat_id=said.chat_id,
        parent_id=said.id,
        depth=said.depth + 1,
        user_id=seat.caller.user_id,
        stream_id=new.stream_id,
        left_out=past.left_out,
    )
    await store.add_message(tx, answer)
    row = await _found(tx, seat, answer.id)
    await _tell(tx, row, seat.caller.user_id)
    return row


async def _locked(tx: Transaction, seat: Seat) -> ChatRow:
    chat = await lock_chat(tx, seat.chat.id)
    if chat is None:
        raise no_chat()
    return chat


async def _grow(tx: Transaction, chat: ChatRow, messages: int) -> None:
    if chat.message_count + messages > MESSAGES_PER_CHAT:
        raise Conflict(f"a chat has at most {MESSAGES_PER_CHAT} messages; begin another")
    await grow_chat(tx, chat.id, messages)


async def _found(tx: Transaction, seat: Seat, message_id: UUID) -> MessageRow:
    row = await store.find_message(tx, seat.chat.id, message_id, seat.caller.user_id)
    if row is None:
        raise Missing("there is no such message in this chat")
    return row


async def _tell(tx: Transaction, row: MessageRow, actor: UUID) -> None:
    happening = Happening(
        topic=chat_topic(row.chat_id),
        kind="message.created",
        actor_id=actor,
        data={"chat_id": row.chat_id, "message": forms.told(row)},
    )
    await add_happening(tx, happening)
