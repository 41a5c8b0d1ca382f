"""Anthropic's Messages.

message_start  (content_block_start  content_block_delta…  content_block_stop)…  message_delta  message_stop
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct, json

from ai_router.formats import refusals
from ai_router.formats.addresses import under
from ai_router.formats.decoding import BROKE_OFF, Decoding
from ai_router.formats.listing import listed, page_of
from ai_router.formats.port import Ask, Decoder, Listed, Sending
from ai_router.formats.sse import Events
from ai_router.formats.turns import alternating, base64, system_prompt
from ai_router.formats.values import ANYTHING, counted, read, tokens
from ai_router.heard import Delta, Failed, Finished, Heard, Reason, Thought
from schemas.conversation import Image, Part

VERSION: Final = "2023-06-01"
MAX_TOKENS: Final = 8_192
"""Of an answer with its thoughts, where the asker does not say: the format demands a number, and every Claude since 3.5
may write this much."""
PAGE: Final = 1_000
"""Models: the most that is given at once."""
REASONS: Final[dict[str, Reason]] = {
    "end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "model_context_window_exceeded": "length",
    "tool_use": "tool", "refusal": "filter",
}  # fmt: skip

_SAMPLED: Final = re.compile(r"claude-(?:instant|[23]|(?:opus|sonnet|haiku)-4(?!-(?:[7-9]|\d\d)(?!\d)))", re.ASCII)
"""Models that take a temperature. Those since 4.7 refuse a request that has one."""


class Anthropic:
    """See port.py. The base URL is meant without `/v1`."""

    def ask(self, base_url: str, key: str, ask: Ask) -> Sending:
        body: dict[str, Any] = {
            "model": ask.model,
            "max_tokens": ask.max_tokens or MAX_TOKENS,
            "messages": [
                {"role": turn.speaker, "content": [_block(part) for part in turn.parts]}
                for turn in alternating(ask.turns)
            ],
            "stream": True,
        }
        if system := system_prompt(ask.turns):
            body["system"] = system
        if ask.temperature is not None and _SAMPLED.match(ask.model):
            body["temperature"] = min(ask.temperature, 1.0)  # their scale ends there
        if ask.stop:
            body["stop_sequences"] = list(ask.stop)
        return Sending("POST", under(base_url, "/v1", "/messages"), _headers(key), json.encode(body))

    def decoder(self) -> Decoder:
        return Decoding(Events(), Meaning())

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Failed:
        return refusals.refusal(status, headers, body)

    def list_models(self, base_url: str, key: str, page: str) -> Sending:
        return Sending("GET", under(base_url, "/v1", "/models", limit=PAGE, after_id=page), _headers(key))

    def read_models(self, body: bytes) -> tuple[list[Listed], str]:
        models, page = page_of(body, "data")
        found = [
            Listed(
                name=name,
                display_name=str(each.get("display_name") or ""),
                context=tokens(each.get("max_input_tokens")),
                max_output=tokens(each.get("max_tokens")),
                abilities=_abilities(each.get("capabilities")),
            )
            for name, each in listed(models, "id")
        ]
        return found, str(page.get("last_id") or "") if page.get("has_more") is True else ""


class _Delta(Struct):
    text: str | None = None
    thinking: str | None = None
    stop_reason: str | None = None


class _Usage(Struct):
    input_tokens: Any = None
    cache_creation_input_tokens: Any = None
    cache_read_input_tokens: Any = None
    output_tokens: Any = None


class _Message(Struct):
    usage: _Usage | None = None


class _Event(Struct):
    type: str = ""
    delta: _Delta | None = None
    content_block: _Delta | None = None
    message: _Message | None = None
    usage: _Usage | None = None
    error: Any = None


_EVENT: Final = json.Decoder(_Event)


class Meaning:
    """See decoding.py. A second message_start, which relays send, changes nothing but the usage."""

    def __init__(self) -> None:
        self._usage = _Usage()
        self._reason: Reason | None = None

    def hear(self, event: bytes) -> Iterator[Heard]:
        said = read(_EVENT, event)
        if said.type == "error" or said.error is not None:
            yield refusals.inside(read(ANYTHING, event))
        elif part := said.delta or said.content_block:
            if part.thinking:
                yield Thought(part.thinking)
            if part.text:
                yield Delta(part.text)
            if part.stop_reason:
                self._reason = REASONS.get(part.stop_reason, "other")
        if usage := said.usage or (said.message and said.message.usage):
            yield self._count(usage)
        if said.type == "message_stop":
            yield Finished(self._reason or "other")

    def ended(self) -> Heard:
        return BROKE_OFF

    def _count(self, said: _Usage) -> Heard:
        """Cumulative, and each field may be missing or stated anew: the last one holds."""
        for field in _Usage.__struct_fields__:
            if (count := tokens(getattr(said, field))) is not None:
                setattr(self._usage, field, count)
        known = self._usage
        cached, fresh = known.cache_read_input_tokens or 0, known.input_tokens
        asked = None if fresh is None else fresh + cached + (known.cache_creation_input_tokens or 0)
        return counted(asked, known.output_tokens, cached=cached)


def _block(part: Part) -> dict[str, Any]:
    if isinstance(part, Image):
        source = {"type": "base64", "media_type": part.media_type, "data": base64(part)}
        return {"type": "image", "source": source}
    return {"type": "text", "text": part.text}


def _headers(key: str) -> dict[str, str]:
    headers = {"content-type": "application/json", "anthropic-version": VERSION}
    return headers | ({"x-api-key": key} if key else {})


def _abilities(capabilities: Any) -> frozenset[str]:
    found = capabilities if isinstance(capabilities, dict) else {}
    named = {"image_input": "image", "thinking": "reasoning"}
    return frozenset(
        ours
        for theirs, ours in named.items()
        if isinstance(each := found.get(theirs), dict) and each.get("supported") is True
    )
