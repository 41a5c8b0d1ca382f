"""OpenAI's Chat Completions, and everything that speaks it: OpenRouter, Perplexity, vLLM, LM Studio, a user's own URL.

What the relatives do otherwise is tolerated here rather than configured: reasoning beside the content, usage in any
chunk (the last wins), `error` beside `choices`, no `[DONE]` after a finish reason.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ai_router.formats.port import Ask, Listed, Sending
from ai_router.formats.refusals import failed, kind_of_code, kind_of_status, retry_after
from ai_router.formats.sse import BARE, Event, Events
from ai_router.heard import Delta, Failed, Finished, Heard, Reason, Thought, Usage
from schemas.conversation import Image, Turn

REASONS: Final[dict[str, Reason]] = {
    "stop": "stop", "length": "length", "content_filter": "filter", "tool_calls": "tool", "function_call": "tool",
}  # fmt: skip


class OpenAI:
    """See port.py."""

    def ask(self, base_url: str, key: str, ask: Ask) -> Sending:
        body: dict[str, Any] = {
            "model": ask.model,
            "messages": [_message(turn) for turn in ask.turns],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if ask.max_tokens is not None:
            body["max_completion_tokens" if _reasons(ask.model) else "max_tokens"] = ask.max_tokens
        if ask.temperature is not None and not _reasons(ask.model):
            body["temperature"] = ask.temperature
        if ask.stop:
            body["stop"] = list(ask.stop)
        return Sending("POST", f"{base_url}/chat/completions", _headers(key), msgspec.json.encode(body))

    def decoder(self) -> "Decoder":
        return Decoder()

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Failed:
        try:
            error = msgspec.json.decode(body)["error"]
        except (msgspec.DecodeError, KeyError, TypeError, UnicodeDecodeError):
            return failed(kind_of_status(status), body.decode("utf-8", "replace"), retry_after(headers))
        return _failed(error, status, retry_after(headers))

    def list_models(self, base_url: str, key: str, page: str) -> Sending:
        return Sending("GET", f"{base_url}/models", _headers(key))

    def read_models(self, body: bytes) -> tuple[list[Listed], str]:
        return [_listed(each) for each in msgspec.json.decode(body)["data"]], ""


class Decoder:
    """See port.py."""

    def __init__(self) -> None:
        self._events = Events()
        self._reason: Reason | None = None
        self._over = False

    def feed(self, data: bytes) -> list[Heard]:
        try:
            return self._all(self._events.feed(data))
        except ValueError as error:
            return self._fail(failed("malformed", str(error)))

    def end(self) -> list[Heard]:
        heard = self._all(self._events.end())
        if not self._over:
            self._over = True
            heard.append(
                Finished(self._reason) if self._reason else failed("network", "the stream broke off before its end")
            )
        return heard

    def _all(self, events: list[Event]) -> list[Heard]:
        heard: list[Heard] = []
        for event in events:
            if self._over:
                break
            heard += self._one(event)
        return heard

    def _one(self, event: Event) -> list[Heard]:
        if event.data.strip() == "[DONE]":
            self._over = True
            return [Finished(self._reason or "other")]
        try:
            chunk = msgspec.json.decode(event.data)
            if event.name == BARE and "error" not in chunk:
                return []
            return self._chunk(chunk)
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
            return self._fail(failed("malformed", "a chunk is not of the format"))

    def _chunk(self, chunk: dict[str, Any]) -> list[Heard]:
        heard: list[Heard] = []
        if usage := chunk.get("usage"):
            heard.append(_usage(usage))
        if error := chunk.get("error") or (chunk if chunk.get("object") == "error" else None):
            return heard + self._fail(_failed(error, 0, None))
        for choice in (chunk.get("choices") or [])[:1]:
            delta = choice.get("delta") or {}
            if thought := delta.get("reasoning_content") or delta.get("reasoning"):
                heard.append(Thought(thought))
            if text := delta.get("content") or delta.get("refusal"):
                heard.append(Delta(text))
            if reason := choice.get("finish_reason"):
                self._reason = REASONS.get(reason, "other")
        return heard

    def _fail(self, failure: Failed) -> list[Heard]:
        self._over = True
        return [failure]


def _message(turn: Turn) -> dict[str, Any]:
    if not any(isinstance(part, Image) for part in turn.parts):
        return {"role": turn.speaker, "content": turn.text}
    content: list[dict[str, Any]] = []
    for part in turn.parts:
        if isinstance(part, Image):
            url = f"data:{part.media_type};base64,{msgspec.to_builtins(part.data)}"
            content.append({"type": "image_url", "image_url": {"url": url}})
        else:
            content.append({"type": "text", "text": part.text})
    return {"role": turn.speaker, "content": content}


def _reasons(model: str) -> bool:
    """Whether the model takes `max_completion_tokens` and no temperature."""
    name = model.rpartition("/")[2]
    return name.startswith(("o1", "o3", "o4", "gpt-5"))


def _headers(key: str) -> dict[str, str]:
    headers = {"content-type": "application/json", "accept": "text/event-stream, application/json"}
    return headers | ({"authorization": f"Bearer {key}"} if key else {})


def _usage(usage: dict[str, Any]) -> Usage:
    output, total, asked = usage.get("completion_tokens"), usage.get("total_tokens"), usage.get("prompt_tokens")
    reasoning = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
    if None not in (output, total, asked) and total == asked + output + reasoning:
        output += reasoning  # xAI counts it apart
    cost = usage.get("cost")
    return Usage(
        input=asked,
        output=output,
        reasoning=reasoning,
        cached=(usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0,
        cost=float(cost) if isinstance(cost, int | float) else None,
    )


def _failed(error: Any, status: int, wait: float | None) -> Failed:
    if not isinstance(error, dict):
        return failed(kind_of_status(status), str(error), wait)
    codes = [error.get("code"), error.get("type"), (error.get("metadata") or {}).get("error_type")]
    numbers = [code for code in codes if isinstance(code, int)]
    kind = next((found for code in codes if isinstance(code, str) and (found := kind_of_code(code))), None)
    return failed(kind or kind_of_status(status or (numbers[0] if numbers else 500)), str(error.get("message")), wait)


def _listed(each: dict[str, Any]) -> Listed:
    pricing = each.get("pricing") or {}
    modalities = (each.get("architecture") or {}).get("input_modalities") or []
    supported = each.get("supported_parameters") or []
    return Listed(
        name=each["id"],
        display_name=each.get("name") or "",
        context=each.get("context_length"),
        input_price=_per_million(pricing.get("prompt")),
        output_price=_per_million(pricing.get("completion")),
        abilities=frozenset(
            ability
            for ability, there in (
                ("image", "image" in modalities),
                ("tools", "tools" in supported),
                ("reasoning", "reasoning" in supported),
            )
            if there
        ),
    )


def _per_million(price: Any) -> float | None:
    try:
        return round(float(price) * 1_000_000, 6) if price is not None else None
    except (TypeError, ValueError):
        return None
