"""Cohere's v2 chat.

message-start  (content-start  content-delta…  content-end)…  message-end
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct, json

from ai_router.formats import refusals
from ai_router.formats.addresses import under
from ai_router.formats.decoding import BROKE_OFF, Decoding
from ai_router.formats.listing import listed, page_of, words
from ai_router.formats.port import Ask, Decoder, Listed, Sending
from ai_router.formats.sse import Events
from ai_router.formats.turns import alternating, data_url, system_prompt
from ai_router.formats.values import ANYTHING, counted, read, tokens
from ai_router.heard import Delta, Failed, Finished, Heard, Kind, Reason, Thought
from schemas.conversation import Image, Part

PAGE: Final = 1_000
"""Models: the most that is given at once."""
REASONS: Final[dict[str, Reason]] = {
    "COMPLETE": "stop", "STOP_SEQUENCE": "stop", "MAX_TOKENS": "length", "TOOL_CALL": "tool", "ERROR_TOXIC": "filter",
}  # fmt: skip
FAILURES: Final[dict[str, Kind]] = {"ERROR": "server", "TIMEOUT": "timeout"}
ABILITIES: Final = {"vision": "image", "tools": "tools", "reasoning": "reasoning"}


class Cohere:
    """See port.py. The base URL is meant without a version: chat is v2, the list of models v1."""

    def ask(self, base_url: str, key: str, ask: Ask) -> Sending:
        messages: list[dict[str, Any]] = [
            {"role": turn.speaker, "content": _content(turn.parts)} for turn in alternating(ask.turns)
        ]
        if system := system_prompt(ask.turns):
            messages.insert(0, {"role": "system", "content": system})
        body: dict[str, Any] = {"model": ask.model, "messages": messages, "stream": True}
        if ask.max_tokens is not None:
            body["max_tokens"] = ask.max_tokens
        if ask.temperature is not None:
            body["temperature"] = min(ask.temperature, 1.0)  # their scale ends there
        if ask.stop:
            body["stop_sequences"] = list(ask.stop)
        return Sending("POST", under(base_url, "/v2", "/chat"), _headers(key), json.encode(body))

    def decoder(self) -> Decoder:
        return Decoding(Events(), Meaning())

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Failed:
        return refusals.refusal(status, headers, body)

    def list_models(self, base_url: str, key: str, page: str) -> Sending:
        base = base_url.rstrip("/").removesuffix("/v2")
        url = under(base, "/v1", "/models", page_size=PAGE, endpoint="chat", page_token=page)
        return Sending("GET", url, _headers(key))

    def read_models(self, body: bytes) -> tuple[list[Listed], str]:
        models, page = page_of(body, "models")
        found = [
            Listed(
                name=name,
                context=tokens(each.get("context_length")),
                abilities=frozenset(ABILITIES[word] for word in words(each.get("features")) if word in ABILITIES),
            )
            for name, each in listed(models, "name")
            if "chat" in words(each.get("endpoints")) and each.get("is_deprecated") is not True
        ]
        return found, str(page.get("next_page_token") or "")


class _Content(Struct):
    text: str | None = None
    thinking: str | None = None


class _Message(Struct):
    content: _Content | list[Any] | str | None = None


class _Units(Struct):
    input_tokens: Any = None
    output_tokens: Any = None


class _Usage(Struct):
    billed_units: _Units | None = None
    tokens: _Units | None = None


class _Delta(Struct):
    message: _Message | None = None
    finish_reason: str | None = None
    error: str | None = None
    usage: _Usage | None = None


class _Event(Struct):
    type: str = ""
    delta: _Delta | None = None
    error: Any = None
    message: Any = None


_EVENT: Final = json.Decoder(_Event)


class Meaning:
    """See decoding.py."""

    def hear(self, event: bytes) -> Iterator[Heard]:
        if event.strip() == b"[DONE]":  # behind message-end, where the stream is over already
            return
        said = read(_EVENT, event)
        if said.error is not None or (not said.type and said.message is not None):
            yield refusals.inside(read(ANYTHING, event))
        delta = said.delta or _Delta()
        content = delta.message and delta.message.content
        if isinstance(content, _Content):
            if content.thinking:
                yield Thought(content.thinking)
            if content.text:
                yield Delta(content.text)
        if said.type == "message-end":
            if delta.usage is not None:
                yield _usage(delta.usage)
            yield _ending(delta.finish_reason or "", delta.error)

    def ended(self) -> Heard:
        return BROKE_OFF


def _usage(said: _Usage) -> Heard:
    """What is billed; `tokens` also counts what Cohere itself puts around a question, and does not charge."""
    units = said.billed_units or said.tokens or _Units()
    return counted(units.input_tokens, units.output_tokens)


def _ending(reason: str, error: str | None) -> Heard:
    if error or reason in FAILURES:
        return refusals.failed(FAILURES.get(reason, "server"), error or f"the answer ended with {reason}")
    return Finished(REASONS.get(reason, "other"))


def _content(parts: tuple[Part, ...]) -> Any:
    if len(parts) == 1 and not isinstance(parts[0], Image):
        return parts[0].text
    return [
        {"type": "image_url", "image_url": {"url": data_url(part)}}
        if isinstance(part, Image)
        else {"type": "text", "text": part.text}
        for part in parts
    ]


def _headers(key: str) -> dict[str, str]:
    headers = {"content-type": "application/json", "accept": "text/event-stream, application/json"}
    return headers | ({"authorization": f"Bearer {key}"} if key else {})
