"""`/v1/…`: what OpenAI's SDKs speak, over the same streams as everything else. An access or platform token is the key.

POST /v1/chat/completions ──► a stream, as any ──► its log ──► chunks, or one answer when it has ended
"""

import base64
import binascii
import re
import time
from collections.abc import Iterable
from functools import partial
from typing import Any, Final

import msgspec
from aiohttp import web
from msgspec import UNSET

from gateway.access import in_person
from gateway.events.sse import LOST, SseReader
from gateway.operations import Call
from gateway.parts import LIVE
from gateway.refusals import Invalid, Missing, unanswered
from gateway.routes.streams import begin, records_of, send
from schemas import openai as bodies
from schemas.conversation import Image, Part, Speaker, Text, Turn
from schemas.streams import DONE_BEGINS, ENDED, Record, StreamRequest, Usage, stream_topic
from store.event_log import EventRecord
from store.streams import StreamRow, find_stream

_DATA_URL: Final = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/=\s]+)")
_SPEAKERS: Final[dict[str, Speaker]] = {"system": "system", "developer": "system", "assistant": "assistant"}
_REASONS: Final = {"stop": "stop", "length": "length", "filter": "content_filter"}
DONE: Final = b"data: [DONE]\n\n"


async def list_models(call: Call) -> bodies.ModelList:
    """List what may be asked; `auto` chooses."""
    names = ("auto", *sorted(call.parts.models.catalogue.models))
    return bodies.ModelList(tuple(bodies.Model(name, name.partition("/")[0]) for name in names))


async def complete(call: Call) -> web.StreamResponse | bodies.ChatCompletion:
    """Answer a conversation, streamed or in one piece."""
    body: bodies.ChatCompletionRequest = call.body
    if body.tools or (body.n or 1) > 1:
        raise Invalid.field("/tools" if body.tools else "/n", "not supported here")
    turns = tuple(_turn(message, f"/messages/{at}") for at, message in enumerate(body.messages))
    most = body.max_completion_tokens or body.max_tokens
    row = await begin(call, StreamRequest(turns, model=body.model, max_tokens=most, temperature=body.temperature))
    if body.stream:
        counted = body.stream_options is not None and body.stream_options.include_usage
        return await _streamed(call, row, Chunks(row, body.model, counted=counted))
    return await _whole(call, row)


class Chunks:
    """A stream's records as OpenAI's chunks. One for each response."""

    def __init__(self, row: StreamRow, model: str, *, counted: bool) -> None:
        self._front = {"id": f"chatcmpl-{row.id}", "object": "chat.completion.chunk", "created": int(time.time())}
        self._model = model
        self._counted = counted
        self._sent = {"ai.delta": 0, "ai.thought": 0}
        """Characters. What is told anew begins with what was sent."""
        self._told = dict(self._sent)

    def records(self, topic: str, records: Iterable[EventRecord], *, is_member: bool) -> tuple[bytes, int]:
        """See frames.py."""
        found = [each for record in records for each in self._chunks(msgspec.json.decode(record.payload, type=Record))]
        return b"".join(found), len(found)

    def reset(self, topic: str, number: int) -> bytes:
        """See frames.py."""
        return LOST

    def passing(self, topic: str, payload: bytes) -> bytes:
        """See frames.py."""
        return b""

    def _chunks(self, record: Record) -> list[bytes]:
        match record.event:
            case "ai.started":
                self._model = record.data.get("model", self._model)
                return [self._chunk({"role": "assistant", "content": ""})]
            case "ai.delta" | "ai.thought":
                return self._fresh(record.event, record.data["text"])
            case "ai.sources":
                return [self._chunk({}, citations=[each["url"] for each in record.data["sources"]])]
            case "ai.state":
                self._told = dict.fromkeys(self._told, 0)
                thought, text = (record.data[name] for name in ("thought", "text"))
                return [*self._fresh("ai.thought", thought), *self._fresh("ai.delta", text)]
            case "ai.done":
                return self._end(record.data)

    def _fresh(self, event: str, text: str) -> list[bytes]:
        told, sent = self._told[event], self._sent[event]
        self._told[event] = told + len(text)
        self._sent[event] = max(sent, told + len(text))
        fresh = text[sent - told :] if sent > told else text
        return [self._chunk({"content" if event == "ai.delta" else "reasoning_content": fresh})] if fresh else []

    def ended(self, row: StreamRow) -> bytes:
        """What is missing of one that has ended, and its end."""
        return b"".join(chunk for record in records_of(row) for chunk in self._chunks(record))

    def _end(self, data: dict[str, Any]) -> list[bytes]:
        if error := data.get("error"):
            return [self._error(error["kind"], error["message"]), DONE]
        chunks = [self._chunk({}, finish=_REASONS.get(data.get("reason") or "", "stop"))]
        if self._counted:
            usage = msgspec.convert(data.get("usage") or {}, Usage)
            chunks.append(self._event({**self._front, "model": self._model, "choices": [], "usage": counts(usage)}))
        return [*chunks, DONE]

    def _chunk(self, delta: dict[str, Any], finish: str | None = None, **more: object) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return self._event({**self._front, "model": self._model, "choices": [choice], **more})

    def _error(self, kind: str, message: str) -> bytes:
        return self._event({"error": {"message": message, "type": kind, "param": None, "code": kind}})

    @staticmethod
    def _event(data: dict[str, Any]) -> bytes:
        return b"data: %b\n\n" % msgspec.json.encode(data)


def counts(usage: Usage) -> bodies.TokenCounts:
    """What a provider did not count is 0."""
    asked, answered = usage.input or 0, usage.output or 0
    return bodies.TokenCounts(asked, answered, asked + answered)


async def _streamed(call: Call, row: StreamRow, chunks: Chunks) -> web.StreamResponse:
    hub, watch, access = call.request.app[LIVE].hub, call.parts.watch, in_person(call.caller)
    reader = partial(SseReader, hub, watch, stream_topic(row.id), access, DONE, chunks)
    return await send(call, row, row.log_begin, reader, chunks.ended)


async def _whole(call: Call, row: StreamRow) -> bodies.ChatCompletion:
    live = call.request.app[LIVE]
    has_missed = True
    while has_missed:
        reader = SseReader(live.hub, call.parts.watch, stream_topic(row.id), in_person(call.caller), DONE_BEGINS)
        async with reader.following(row.log_begin) as is_whole:
            now = row if is_whole else await find_stream(call.parts.postgres, row.id)
            if now is not None and (is_whole or now.status not in ENDED):
                await reader.write_to(Nowhere())
        has_missed = reader.missed
    ended = await find_stream(call.parts.postgres, row.id)
    if ended is None:
        raise Missing("the stream was deleted")
    if ended.error is not None and not ended.text:
        raise unanswered(ended.error["kind"], ended.error["message"])
    usage = None if ended.usage is None else counts(msgspec.convert(ended.usage, Usage))
    answer = bodies.Choice(bodies.AnsweredMessage(ended.text), _REASONS.get(ended.reason or "", "stop"))
    return bodies.ChatCompletion(
        f"chatcmpl-{row.id}",
        int(time.time()),
        ended.model or call.body.model,
        (answer,),
        usage,
        citations=tuple(each["url"] for each in ended.sources) if ended.sources else UNSET,
    )


class Nowhere:
    """Where the records of a stream go that is only waited for."""

    async def write(self, data: bytes) -> None:
        """Nothing."""


def _turn(message: bodies.ChatMessage, pointer: str) -> Turn:
    content = message.content
    if isinstance(content, str) or content is None:
        return Turn(_SPEAKERS.get(message.role, "user"), (Text(content or ""),))
    parts = tuple(_part(part, f"{pointer}/content/{at}") for at, part in enumerate(content))
    return Turn(_SPEAKERS.get(message.role, "user"), parts)


def _part(part: bodies.ContentPart, pointer: str) -> Part:
    if part.type == "text":
        return Text(part.text)
    if part.type != "image_url" or part.image_url is None:
        raise Invalid.field(f"{pointer}/type", "`text` and `image_url` are understood")
    match = _DATA_URL.fullmatch(part.image_url.url)
    try:
        data = base64.b64decode(match[2]) if match else b""
    except binascii.Error:
        data = b""
    if match is None or not data:
        raise Invalid.field(f"{pointer}/image_url/url", "a data: URL of a PNG, JPEG, GIF or WebP in base64")
    return Image(match[1], data)
