"""`/api/chats…`, and the same at `/api/ai/chats…`: chats themselves. Their messages: chat_messages.py."""

from typing import Final
from uuid import UUID

from gateway import asking
from gateway.chats import forms, saying
from gateway.chats.access import access_to, no_chat
from gateway.chats.rights import Seat, enter
from gateway.chats.saying import Pair, Words
from gateway.cursors import decode_cursor, page
from gateway.operation import Answer
from gateway.operations import Call
from gateway.refusals import Invalid
from gateway.routes.project_answers import Micros, from_micros, to_micros
from schemas import chats as bodies
from schemas.chats import chat_topic
from schemas.ids import new_id
from schemas.pages import Page
from store import chat_messages, chats
from store.chat_search import search_chats
from store.chats import ChatRow
from store.happenings import Happening, add_happening, project_topic, user_topic
from store.postgres import Queries, Transaction

UNTITLED: Final = "New chat"
TITLE_MADE: Final = 80
"""Characters of a title that is made of the first message."""
LAST: Final = ("infinity", UUID(int=(1 << 128) - 1))
RUNNING_MAX: Final = 100
"""Answers of one chat that are stopped when it is deleted; others end by themselves, and are forgotten then."""
LATEST: Final = 1 << 62


async def create_chat(call: Call) -> Answer:
    """Make a chat, of one's own or in a project, and say the first thing in it."""
    seat, pair = await open_chat(call, call.body)
    messages = await _messages(call, seat, LATEST, 50)
    shown = forms.chat(seat, messages, None if pair is None else pair.assistant.stream_id)
    return Answer(shown, status=201, headers={"Location": f"/api/chats/{seat.chat.id}"})


async def open_chat(call: Call, body: bodies.ChatRequest) -> tuple[Seat, Pair | None]:
    """A new chat, with its first message and the answer that has begun. Raises Refused, OverQuota, StoreUnavailable."""
    parts, caller = call.parts, call.caller
    model = asking.model_of(body.model, body.mode)
    access = await access_to(parts.gate, caller, caller.user_id, body.project_id)
    if body.project_id is not None:
        asking.must_ask(access.role)
    if body.pictures and body.message is None:
        raise Invalid.field("/pictures", "pictures go with a `message`")
    chat_id, title = new_id(), body.title or _title(body.message)
    words = None if body.message is None else Words(content=body.message, pictures=body.pictures)
    new = None if words is None else await asking.prepare(parts, caller.user_id, body.project_id)

    async def make(tx: Transaction) -> tuple[Seat, Pair | None]:
        await chats.add_chat(tx, chat_id, caller.user_id, body.project_id, title, model)
        seat, pair = Seat(await _there(tx, chat_id), caller, access), None
        await _tell(tx, seat, "chat.created", seat.chat)
        if words is not None and new is not None:
            pair = await saying.add_pair(tx, seat, words, new, saying.first)
        return Seat(await _there(tx, chat_id), caller, access), pair

    seat, pair = await parts.postgres.transact(make)
    if new is not None:
        await parts.stream_queue.push(new.stream_id)
    return seat, pair


async def list_chats(call: Call) -> Page[bodies.ChatSummary]:
    """List one's own chats or a project's, the last used first; with `q`, those with its words in title or messages."""
    query: bodies.ChatsQuery = call.query
    if query.project_id is not None:
        await access_to(call.parts.gate, call.caller, call.caller.user_id, query.project_id)
    before = decode_cursor(query.cursor, tuple[Micros, UUID])
    place = LAST if before is None else (from_micros(before[0]), before[1])
    whose = call.parts.postgres, call.caller.user_id, query.project_id
    if query.q is None:
        rows = await chats.list_chats(*whose, place, query.limit + 1)
    else:
        rows = await search_chats(*whose, query.q, place, query.limit + 1)
    return page(rows, query.limit, forms.summary, lambda row: (to_micros(row.updated_at), row.id))


async def get_chat(call: Call) -> bodies.Chat:
    """Read a chat with its latest messages."""
    query: bodies.ChatQuery = call.query
    seat = await enter(call.parts, call.caller, call.id())
    before = decode_cursor(query.messages_cursor, int, "?messages_cursor")
    return forms.chat(seat, await _messages(call, seat, LATEST if before is None else before, query.messages_limit))


async def change_chat(call: Call) -> bodies.ChatSummary:
    """Rename a chat, or let another model answer in it."""
    body: bodies.ChatChange = call.body
    seat = await enter(call.parts, call.caller, call.id())
    seat.must_manage()

    async def change(tx: Transaction) -> ChatRow:
        row = await chats.lock_chat(tx, seat.chat.id)
        if row is None:
            raise no_chat()
        title = body.title if isinstance(body.title, str) else row.title
        model = body.model if isinstance(body.model, str) else row.model
        if (title, model) == (row.title, row.model):
            return row
        changed = await chats.set_chat(tx, row.id, title, model)
        assert changed is not None  # its row is locked
        await _tell(tx, seat, "chat.updated", changed, also_in_chat=True)
        return changed

    return forms.summary(await call.parts.postgres.transact(change))


async def delete_chat(call: Call) -> None:
    """Delete a chat: answers that go on are stopped, and what was said is forgotten."""
    seat = await enter(call.parts, call.caller, call.id())
    seat.must_manage()
    for running in await chat_messages.list_running(call.parts.postgres, seat.chat.id, RUNNING_MAX):
        await asking.cancel(call.parts, running.stream_id)

    async def remove(tx: Transaction) -> None:
        if await chats.lock_chat(tx, seat.chat.id) is None:
            raise no_chat()
        await chats.remove_chat(tx, seat.chat.id)
        await _tell(tx, seat, "chat.deleted", seat.chat, also_in_chat=True)

    await call.parts.postgres.transact(remove)


async def _messages(call: Call, seat: Seat, before: int, limit: int) -> bodies.MessagePage:
    before = min(max(before, 0), LATEST)
    rows = await chat_messages.list_messages(call.parts.postgres, seat.chat.id, call.caller.user_id, before, limit + 1)
    return forms.messages(rows, limit)


async def _there(db: Queries, chat_id: UUID) -> ChatRow:
    row = await chats.find_chat(db, chat_id)
    if row is None:
        raise no_chat()
    return row


async def _tell(db: Queries, seat: Seat, kind: str, row: ChatRow, *, also_in_chat: bool = False) -> None:
    """Where the chat is listed: in its project, or in its user's other tabs."""
    project = row.project_id
    data: dict[str, object] = {"chat_id": row.id}
    if kind != "chat.deleted":  # of that nothing is kept, not here either (0029_forgotten_chats.sql)
        data |= {"title": row.title, "model": row.model}
    listed = user_topic(row.user_id) if project is None else project_topic(project)
    for topic in (listed, chat_topic(row.id)) if also_in_chat else (listed,):
        in_project = project if topic == listed else None
        happening = Happening(topic=topic, kind=kind, actor_id=seat.caller.user_id, project_id=in_project, data=data)
        await add_happening(db, happening)


def _title(message: str | None) -> str:
    """The beginning of the first line with something in it."""
    for line in (message or "").splitlines():
        words = "".join(character for character in line if character.isprintable()).strip()
        if words:
            return words if len(words) <= TITLE_MADE else words[: TITLE_MADE - 1].rstrip() + "…"
    return UNTITLED
