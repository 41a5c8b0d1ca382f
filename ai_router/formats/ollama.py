"""Ollama's chat: one JSON value in a line, the last with `done`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct, json

from ai_router.formats import refusals
from ai_router.formats.addresses import under
from ai_router.formats.decoding import BROKE_OFF, Decoding
from ai_router.formats.listing import listed, page_of
from ai_router.formats.ndjson import Values
from ai_router.formats.port import Ask, Decoder, Listed, Sending
from ai_router.formats.turns import alternating, base64, system_prompt
from ai_router.formats.values import ANYTHING, counted, read
from ai_router.heard import Delta, Failed, Finished, Heard, Reason, Thought
from schemas.conversation import Image, Text, Turn

REASONS: Final[dict[str, Reason]] = {"stop": "stop", "length": "length"}
CONTEXT_GIVEN: Final = 4_096
"""Tokens that Ollama gives a model unasked on a small machine. What is more it cuts off in front, without a word."""
CONTEXT_MAX: Final = 1 << 17
"""Tokens asked for at most: each takes memory there."""
BYTES_PER_TOKEN: Final = 3
"""Of a question's JSON; English has four, code and other scripts fewer."""
ANSWER: Final = 1_024
"""Tokens kept free for an answer whose length nobody said."""


class Ollama:
    """See port.py. The base URL is meant without `/api`; a key is for ollama.com alone."""

    def ask(self, base_url: str, key: str, ask: Ask) -> Sending:
        messages = [_message(turn) for turn in alternating(ask.turns)]
        if system := system_prompt(ask.turns):
            messages.insert(0, {"role": "system", "content": system})
        options = {
            "num_predict": ask.max_tokens,
            "temperature": ask.temperature,
            "stop": list(ask.stop) or None,
            "num_ctx": _context(messages, ask.max_tokens or ANSWER),
        }
        body = {
            "model": ask.model,
            "messages": messages,
            "stream": True,
            "options": {name: value for name, value in options.items() if value is not None},
        }
        return Sending("POST", under(base_url, "/api", "/chat"), _headers(key), json.encode(body))

    def decoder(self) -> Decoder:
        return Decoding(Values(), Meaning())

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Failed:
        return refusals.refusal(status, headers, body)

    def list_models(self, base_url: str, key: str, page: str) -> Sending:
        return Sending("GET", under(base_url, "/api", "/tags"), _headers(key))

    def read_models(self, body: bytes) -> tuple[list[Listed], str]:
        models, _ = page_of(body, "models")
        return [Listed(name) for name, each in listed(models, "name") if not _embeds(each)], ""


class _Message(Struct):
    content: str | None = None
    thinking: str | None = None


class _Line(Struct):
    message: _Message | None = None
    done: bool | None = None
    done_reason: str | None = None
    prompt_eval_count: Any = None
    eval_count: Any = None
    error: Any = None


_LINE: Final = json.Decoder(_Line)


class Meaning:
    """See decoding.py."""

    def hear(self, event: bytes) -> Iterator[Heard]:
        said = read(_LINE, event)
        if said.error is not None:
            yield refusals.inside(read(ANYTHING, event))
        if said.message is not None:
            if said.message.thinking:
                yield Thought(said.message.thinking)
            if said.message.content:
                yield Delta(said.message.content)
        if said.done:
            yield counted(said.prompt_eval_count, said.eval_count)
            yield Finished(REASONS.get(said.done_reason or "stop", "other"))

    def ended(self) -> Heard:
        return BROKE_OFF


def _message(turn: Turn) -> dict[str, Any]:
    images = [base64(part) for part in turn.parts if isinstance(part, Image)]
    words = "\n\n".join(part.text for part in turn.parts if isinstance(part, Text))
    return {"role": turn.speaker, "content": words} | ({"images": images} if images else {})


def _context(messages: Sequence[dict[str, Any]], answer: int) -> int | None:
    """The context to ask for, in few steps, since a model is loaded anew for each; None: what it has will do."""
    needed = sum(len(each["content"].encode()) for each in messages) // BYTES_PER_TOKEN + answer
    if needed <= CONTEXT_GIVEN:
        return None
    return min(1 << (needed - 1).bit_length(), CONTEXT_MAX)


def _embeds(model: dict[str, Any]) -> bool:
    """Whether it cannot chat: what it says of itself, or the family of all that only embed."""
    capabilities, details = model.get("capabilities"), model.get("details")
    if isinstance(capabilities, list) and capabilities:
        return "completion" not in capabilities
    return isinstance(details, dict) and "bert" in str(details.get("family")).lower()


def _headers(key: str) -> dict[str, str]:
    headers = {"content-type": "application/json", "accept": "application/x-ndjson, application/json"}
    return headers | ({"authorization": f"Bearer {key}"} if key else {})
