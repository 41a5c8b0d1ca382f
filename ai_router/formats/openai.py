"""OpenAI's Chat Completions, and everything that speaks it: OpenRouter, Perplexity, xAI, vLLM, LM Studio, a user's URL.

What the relatives answer otherwise is tolerated rather than configured: openai_chunks.py. What they want to be asked
otherwise is said by the fields of the class.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec import json

from ai_router.formats import refusals
from ai_router.formats.addresses import under
from ai_router.formats.decoding import Decoding
from ai_router.formats.listing import listed, page_of, words
from ai_router.formats.openai_chunks import Meaning
from ai_router.formats.port import Ask, Decoder, Listed, Sending
from ai_router.formats.sse import Events
from ai_router.formats.turns import alternating, data_url, system_prompt
from ai_router.formats.values import dollars, tokens
from ai_router.heard import Failed
from schemas.conversation import Image, Turn

STOPS_MAX: Final = 4
"""Stop sequences that are taken; more are refused by OpenAI."""
_REASONS: Final = re.compile(r"(?:o\d|gpt-(?:[5-9]|\d\d))(?!.*-chat)")
_CHATS_NOT: Final = re.compile(
    r"embed|whisper|tts|dall-e|moderation|realtime|transcribe|gpt-image|gpt-audio|sora|davinci|babbage|-instruct$"
    r"|rerank",
    re.IGNORECASE,
)
"""OpenAI lists all its models alike; these take no chat completions."""


@dataclass(frozen=True, slots=True)
class OpenAI:
    """See port.py. The base URL is meant with its version, as in `https://api.openai.com/v1`."""

    asks_for_usage: bool = True
    """`stream_options`; some always tell it, and refuse or ignore the question."""
    headers: Mapping[str, str] = field(default_factory=dict)

    def ask(self, base_url: str, key: str, ask: Ask) -> Sending:
        body: dict[str, Any] = {"model": ask.model, "messages": _messages(ask), "stream": True}
        if self.asks_for_usage:
            body["stream_options"] = {"include_usage": True}
        reasons = _REASONS.match(ask.model.rpartition("/")[2]) is not None
        if ask.max_tokens is not None:
            body["max_completion_tokens" if reasons else "max_tokens"] = ask.max_tokens
        if not reasons and ask.temperature is not None:  # reasoning models refuse both
            body["temperature"] = ask.temperature
        if not reasons and ask.stop:
            body["stop"] = list(ask.stop[:STOPS_MAX])
        return Sending("POST", under(base_url, "", "/chat/completions"), self._headers(key), json.encode(body))

    def decoder(self) -> Decoder:
        return Decoding(Events(), Meaning())

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Failed:
        return refusals.refusal(status, headers, body)

    def list_models(self, base_url: str, key: str, page: str) -> Sending:
        return Sending("GET", under(base_url, "", "/models"), self._headers(key))

    def read_models(self, body: bytes) -> tuple[list[Listed], str]:
        models, _ = page_of(body, "data")
        return [_listed(name, each) for name, each in listed(models, "id") if _chats(name, each)], ""

    def _headers(self, key: str) -> dict[str, str]:
        headers = {"content-type": "application/json", "accept": "text/event-stream, application/json"}
        return headers | dict(self.headers) | ({"authorization": f"Bearer {key}"} if key else {})


def _messages(ask: Ask) -> list[dict[str, Any]]:
    system = system_prompt(ask.turns)
    first = [{"role": "system", "content": system}] if system else []
    return first + [_message(turn) for turn in alternating(ask.turns)]


def _message(turn: Turn) -> dict[str, Any]:
    if not any(isinstance(part, Image) for part in turn.parts):
        return {"role": turn.speaker, "content": turn.text}  # the older form, which every server takes
    content = [
        {"type": "image_url", "image_url": {"url": data_url(part)}}
        if isinstance(part, Image)
        else {"type": "text", "text": part.text}
        for part in turn.parts
    ]
    return {"role": turn.speaker, "content": content}


def _chats(name: str, model: dict[str, Any]) -> bool:
    answers = words(_object(model.get("architecture")).get("output_modalities"))  # OpenRouter
    return "text" in answers if answers else _CHATS_NOT.search(name) is None


def _listed(name: str, model: dict[str, Any]) -> Listed:
    pricing, architecture = _object(model.get("pricing")), _object(model.get("architecture"))
    supported = set(words(model.get("supported_parameters")))
    abilities = {"tools", "reasoning"} & supported
    if "image" in words(architecture.get("input_modalities")):
        abilities.add("image")
    return Listed(
        name=name,
        display_name=str(model.get("name") or ""),
        context=tokens(model.get("context_length")),
        max_output=tokens(_object(model.get("top_provider")).get("max_completion_tokens")),
        input_price=_per_million(pricing.get("prompt")),
        output_price=_per_million(pricing.get("completion")),
        abilities=frozenset(abilities),
    )


def _per_million(price: Any) -> float | None:
    """Negative where it depends on what is chosen (openrouter/auto)."""
    amount = dollars(price)
    return None if amount is None else round(amount * 1_000_000, 6)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
