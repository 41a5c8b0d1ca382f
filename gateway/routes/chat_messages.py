"""`/api/chats/{id}/messages…`, and the same at `/api/ai/chats…`: what is said in a chat."""

from typing import Final

import msgspec

from gateway import asking
from gateway.access import Access
from gateway.chats import forms, saying
from gateway.chats.rights import Seat, enter
from gateway.chats.saying import Pair, Words
from gateway.chats.waiting import until_ended
from gateway.cursors import decode_cursor
from gateway.operation import Answer
from gateway.operations import Call
from gateway.parts import LIVE
from gateway.refusals import Conflict, Forbidden, Missing
from schemas import chats as bodies
from schemas.conversation import Image
from schemas.pages import PageQuery
from schemas.roles import Role
from schemas.streams import ENDED, stream_topic
from store import chat_messages as store
from store.chat_messages import MessageRow

LATEST: Final = 1 << 62


async def list_messages(call: Call) -> bodies.MessagePage:
    """List a chat's messages, from the latest page back; oldest first within a page."""
    query: PageQuery = call.query
    seat = await enter(call.parts, call.caller, call.id())
    before = decode_cursor(query.cursor, int)
    place = LATEST if before is None else min(max(before, 0), LATEST)
    rows = await store.list_messages(call.parts.postgres, seat.chat.id, call.caller.user_id, place, query.limit + 1)
    return forms.messages(rows, query.limit)


async def get_message(call: Call) -> bodies.WholeMessage:
    """Read one message, with its pictures."""
    _, row = await _find(call)
    pictures = await store.find_pictures(call.parts.postgres, row.id)
    return bodies.WholeMessage(message=forms.message(row), pictures=msgspec.json.decode(pictures, type=list[Image]))


async def say(call: Call) -> Answer:
    """Say something in a chat, and have it answered.

    With `stream` at once (202): follow the answer's topic. Otherwise when the answer has ended (201), or goes on for
    longer than one waits (202).
    """
    body: bodies.MessageRequest = call.body
    seat = await enter(call.parts, call.caller, call.id())
    words = Words(content=body.content, pictures=body.pictures, model=body.model, client_msg_id=body.client_msg_id)
    return await answered(call, seat, await saying.say(call.parts, seat, words, body.parent_id), body.stream)


async def edit(call: Call) -> Answer:
    """Say something else in place of a message: a sibling, with an answer of its own."""
    body: bodies.EditRequest = call.body
    seat = await enter(call.parts, call.caller, call.id())
    words = Words(content=body.content, pictures=body.pictures, model=body.model, client_msg_id=body.client_msg_id)
    pair = await saying.edit(call.parts, seat, call.id("message_id"), words)
    return await answered(call, seat, pair, body.stream)


async def regenerate(call: Call) -> Answer:
    """Have a message answered once more: a sibling of the answer."""
    body: bodies.RegenerateRequest = call.body
    seat = await enter(call.parts, call.caller, call.id())
    pair = await saying.regenerate(call.parts, seat, call.id("message_id"), body.model)
    return await answered(call, seat, pair, body.stream)


async def cancel(call: Call) -> bodies.Message:
    """Stop an answer: what was said stays."""
    seat, row = await _find(call)
    if row.stream_id is None:
        raise Conflict("this is no answer; there is nothing to stop")
    if call.caller.user_id not in (row.user_id, seat.chat.user_id) and seat.role < Role.ADMIN:
        raise Forbidden("only who asked may stop the answer, who made the chat, or an administrator of its project")
    await asking.cancel(call.parts, row.stream_id)
    return forms.message((await _find(call))[1])


async def give_feedback(call: Call) -> bodies.Feedback:
    """Say whether an answer was good."""
    body: bodies.FeedbackRequest = call.body
    _, row = await _find(call)
    if row.role != "assistant":
        raise Conflict("feedback is for answers")
    await store.set_feedback(call.parts.postgres, row.id, call.caller.user_id, body.rating, body.comment)
    return bodies.Feedback(message_id=row.id, rating=body.rating, comment=body.comment)


async def take_feedback_back(call: Call) -> None:
    """Say nothing of an answer any more."""
    _, row = await _find(call)
    if not await store.remove_feedback(call.parts.postgres, row.id, call.caller.user_id):
        raise Missing("you said nothing of this answer")


async def _find(call: Call) -> tuple[Seat, MessageRow]:
    seat = await enter(call.parts, call.caller, call.id())
    row = await store.find_message(call.parts.postgres, seat.chat.id, call.id("message_id"), call.caller.user_id)
    if row is None:
        raise Missing("there is no such message in this chat")
    return seat, row


async def answered(call: Call, seat: Seat, pair: Pair, stream: bool) -> Answer:
    """A message with its whole answer, or, where that shall not be waited for, with where it can be followed."""
    answer = pair.assistant
    call.parts.nudge()  # others see the question now, not when this request ends
    if not stream and answer.status not in ENDED:
        answer = await _ended(call, seat.access, answer)
    stream_id = answer.stream_id
    assert stream_id is not None, "an answer that was just asked for has a stream"
    said = bodies.Said(user=forms.message(pair.user), assistant=forms.message(answer), stream_id=stream_id)
    return Answer(said, status=201 if answer.status in ENDED else 202)


async def _ended(call: Call, access: Access, answer: MessageRow) -> MessageRow:
    live = call.request.app.get(LIVE)
    if live is not None and answer.stream_id is not None and answer.log_begin is not None:
        await until_ended(live.hub, stream_topic(answer.stream_id), access, answer.log_begin)
    found = await store.find_message(call.parts.postgres, answer.chat_id, answer.id, call.caller.user_id)
    if found is None:
        raise Missing("the chat was deleted meanwhile")
    return found
