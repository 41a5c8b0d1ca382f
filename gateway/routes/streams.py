"""`/api/ai/stream`: ask a model, and read what it says, from any number of places and at any time."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final
from uuid import UUID

import msgspec
from aiohttp import web

from gateway import asking
from gateway.access import Access
from gateway.chats.rights import enter
from gateway.chats.saying import Words, say
from gateway.events.frames import Framing
from gateway.events.pipe import Pipe
from gateway.events.sse import HEADERS, SseReader
from gateway.events.topics import Topics
from gateway.operations import Call
from gateway.parts import LIVE
from gateway.refusals import Conflict, Forbidden, Invalid, Missing
from schemas.chats import MESSAGE_LENGTH
from schemas.conversation import said
from schemas.ids import new_id
from schemas.roles import Role
from schemas.streams import (
    DONE_BEGINS,
    ENDED,
    Asked,
    Problem,
    Record,
    Source,
    Stream,
    StreamRequest,
    Usage,
    done_record,
    stream_topic,
)
from schemas.unavailable import Unavailable
from store import streams
from store.postgres import Transaction
from store.streams import StreamRow

STREAM_HEADER: Final = "X-Stream-Id"


async def start_stream(call: Call) -> web.StreamResponse:
    """Ask a model; the answer comes as server-sent events. Leaving does not stop it: read on with `GET`."""
    body: StreamRequest = call.body
    row = await (begin(call, body) if body.chat_id is None else _in_chat(call, body, body.chat_id))
    return await _follow(
        call, row, await _topics(call).of_stream(call.caller, row.user_id, row.project_id), row.log_begin
    )


async def read_stream(call: Call) -> web.StreamResponse:
    """Read a stream from its beginning, or behind the `Last-Event-ID`."""
    row = await _find(call)
    access = await _topics(call).of_stream(call.caller, row.user_id, row.project_id)
    return await _follow(call, row, access, _after(call, row))


async def show_stream(call: Call) -> Stream:
    """One stream as it stands; its text is whole once it has ended."""
    row = await _find(call)
    await _topics(call).of_stream(call.caller, row.user_id, row.project_id)
    return shown(row)


async def cancel_stream(call: Call) -> Stream:
    """Stop an answer: what was said stays."""
    row = await _find(call)
    access = await _topics(call).of_stream(call.caller, row.user_id, row.project_id)
    if row.user_id != call.caller.user_id and access.role < Role.ADMIN:
        raise Forbidden("only who asked may stop the answer, or an administrator of its project")
    await asking.cancel(call.parts, row.id)
    return shown(await _find(call))


async def begin(call: Call, body: StreamRequest) -> StreamRow:
    """The stream of a request, new or begun by an earlier one with the same `request_id`."""
    if bool(body.messages) == bool(body.prompt):
        raise Invalid.field("/messages", "give either `messages` or `prompt`")
    if body.project_id is not None:
        access = await call.parts.gate.in_project(call.caller, body.project_id)
        asking.must_ask(access.role)
    turns = body.messages or (said("user", body.prompt),)
    asked = Asked(turns, asking.model_of(body.model, body.mode), body.max_tokens, body.temperature, body.cache)
    return await add(call, asked, body.project_id, body.request_id, new_id())


async def _in_chat(call: Call, body: StreamRequest, chat_id: UUID) -> StreamRow:
    """The stream of an answer in a chat, where the prompt is said, or was already."""
    if not body.prompt or len(body.prompt) > MESSAGE_LENGTH:
        raise Invalid.field("/prompt", f"what is said in the chat: 1 to {MESSAGE_LENGTH:,} characters")
    if body != StreamRequest(
        prompt=body.prompt, model=body.model, mode=body.mode, chat_id=chat_id, request_id=body.request_id
    ):
        raise Invalid.field("/chat_id", "goes with `prompt`, `model`, `mode` and `request_id`: a chat has its own past")
    seat = await enter(call.parts, call.caller, chat_id)
    model = None if body.model is None and body.mode is None else asking.model_of(body.model, body.mode)
    words = Words(content=body.prompt, model=model, client_msg_id=body.request_id)
    pair = await say(call.parts, seat, words)
    call.parts.nudge()  # others see the question now, not when this response ends
    row = (
        None
        if pair.assistant.stream_id is None
        else await streams.find_stream(call.parts.postgres, pair.assistant.stream_id)
    )
    if row is None:
        raise Missing("the chat was deleted meanwhile")
    return row


async def add(
    call: Call,
    asked: Asked,
    project_id: UUID | None,
    request_id: str | None,
    stream_id: UUID,
    also: Callable[[Transaction], Awaitable[None]] | None = None,
) -> StreamRow:
    """Write a stream down and have it answered; `also` is done in the same transaction. An earlier one with the same
    `request_id` is given instead. Raises Conflict where that asked something else, and OverQuota.
    """
    postgres, user = call.parts.postgres, call.caller.user_id
    new = await asking.prepare(call.parts, user, project_id, stream_id)

    async def work(tx: Transaction) -> StreamRow | None:
        added = await asking.add(tx, new, asked, request_id)
        if added is not None and also is not None:
            await also(tx)
        return added

    row = await postgres.transact(work, pipelined=also is None)
    if row is None:
        found = await streams.find_by_request(postgres, user, request_id or "")
        if found is None or not _asks_the_same(found.asked, asked):
            raise Conflict("this request_id asked something else before")
        return found
    await call.parts.stream_queue.push(stream_id)
    return row


def _asks_the_same(encoded: str, asked: Asked) -> bool:
    """Without where an edit is typed, which is new each time."""
    before = msgspec.json.decode(encoded, type=Asked)
    return msgspec.structs.replace(before, edit=None) == msgspec.structs.replace(asked, edit=None)


def shown(row: StreamRow) -> Stream:
    """A row as clients see it."""
    return Stream(
        id=row.id,
        status=row.status,  # type: ignore[arg-type]  # by its CHECK
        model=row.model,
        why=row.why,
        text=row.text,
        thought=row.thought,
        reason=row.reason,
        usage=None if row.usage is None else msgspec.convert(row.usage, Usage),
        error=None if row.error is None else msgspec.convert(row.error, Problem),
        sources=msgspec.convert(row.sources or [], list[Source]),
        project_id=row.project_id,
        topic=stream_topic(row.id),
        log_begin=row.log_begin,
    )


async def _find(call: Call) -> StreamRow:
    row = await streams.find_stream(call.parts.postgres, call.id())
    if row is None:
        raise Missing("there is no such stream")
    return row


def _after(call: Call, row: StreamRow) -> int:
    value = call.request.headers.get("Last-Event-ID", "")
    if not value:
        return row.log_begin
    if not (value.isascii() and value.isdecimal() and len(value) < 17):
        raise Invalid("Last-Event-ID is the number of a record")
    return int(value)


async def _follow(call: Call, row: StreamRow, access: Access, after: int) -> web.StreamResponse:
    live, topic = call.request.app[LIVE], stream_topic(row.id)
    return await send(
        call, row, after, lambda: SseReader(live.hub, call.parts.watch, topic, access, DONE_BEGINS), state_of
    )


async def send(
    call: Call, row: StreamRow, after: int, reader: Callable[[], SseReader], ended: Callable[[StreamRow], bytes]
) -> web.StreamResponse:
    """Send what a stream says behind `after`, to its end. `ended`: one that has ended, as its row has it."""
    response = web.StreamResponse(headers=HEADERS | {STREAM_HEADER: str(row.id)})
    with suppress(ConnectionError):  # whoever leaves reads on later, or not
        is_whole = await _send_once(call, row, after, reader(), ended, response)
        with suppress(Unavailable):  # nor does who meets the end of a response before the end of a stream
            while not is_whole:
                # The log lost something. Once the stream has ended its row has it; until then a worker writes it anew.
                is_whole = await _send_once(call, row, row.log_begin, reader(), ended, response)
        await response.write_eof()
    return response


async def _send_once(
    call: Call,
    row: StreamRow,
    after: int,
    reader: SseReader,
    ended: Callable[[StreamRow], bytes],
    response: web.StreamResponse,
) -> bool:
    if row.told:
        await response.prepare(call.request)
        if not await _send_log(call, row, after, reader.framing, response):
            await response.write(ended(row))
        return True
    async with reader.following(after) as is_whole:
        if not response.prepared:
            await response.prepare(call.request)
        now = row if is_whole else await streams.find_stream(call.parts.postgres, row.id)
        if now is None:
            return True  # deleted
        if is_whole or now.status not in ENDED:
            await reader.write_to(response, Pipe.of(call.request))
            return not reader.missed
        await response.write(ended(now))
        return True


async def _send_log(call: Call, row: StreamRow, after: int, framing: Framing, response: web.StreamResponse) -> bool:
    """What the log of a stream that has ended has behind `after`; whether the end was there."""
    topic, is_end = stream_topic(row.id), False
    with suppress(Unavailable):  # the row has it as well
        while records := (await call.parts.events.read(topic, after)).records:
            await response.write(framing.records(topic, records, is_member=True)[0])
            after, is_end = records[-1].number, records[-1].payload.startswith(DONE_BEGINS)
    return is_end


def state_of(row: StreamRow) -> bytes:
    """A whole stream that has ended."""
    return b"".join(b"data: %b\n\n" % msgspec.json.encode(record) for record in records_of(row))


def records_of(row: StreamRow) -> list[Record]:
    """All that it said, and how it ended."""
    state = {"text": row.text, "thought": row.thought, "model": row.model, "why": row.why}
    sources = [Record("ai.sources", {"sources": row.sources})] if row.sources else []
    end = shown(row)
    done = done_record(row.status, row.reason, end.usage, end.error)
    return [Record("ai.state", state), *sources, done]


def _topics(call: Call) -> Topics:
    return call.request.app[LIVE].topics
