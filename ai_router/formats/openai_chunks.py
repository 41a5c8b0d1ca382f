"""What chunks of Chat Completions say, of OpenAI and of its relatives.

The relatives put reasoning beside the content, or content in lists (Mistral); usage in any chunk (Perplexity: in
every), with reasoning beside the output (xAI); errors beside choices (OpenRouter); they send no `[DONE]` behind the
finish reason, or one whole answer where a stream was asked for. Perplexity says what it found (sources.py).
"""

from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct, json

from ai_router.formats import refusals
from ai_router.formats.decoding import BROKE_OFF
from ai_router.formats.sources import sources
from ai_router.formats.values import ANYTHING, counted, read, tokens
from ai_router.heard import Delta, Finished, Heard, Reason, Thought

REASONS: Final[dict[str, Reason]] = {
    "stop": "stop", "length": "length", "content_filter": "filter", "tool_calls": "tool", "function_call": "tool",
}  # fmt: skip
XAI_TICK: Final = 1e-10
"""USD."""


class _Delta(Struct):
    content: Any = None
    refusal: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None


class _Choice(Struct):
    delta: _Delta | None = None
    message: _Delta | None = None
    finish_reason: str | None = None


class _Details(Struct):
    cached_tokens: Any = None
    reasoning_tokens: Any = None


class _Usage(Struct):
    prompt_tokens: Any = None
    completion_tokens: Any = None
    total_tokens: Any = None
    reasoning_tokens: Any = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None
    cost: Any = None
    cost_in_usd_ticks: Any = None


class _Chunk(Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None
    object: str | None = None
    citations: Any = None
    search_results: Any = None


_CHUNK: Final = json.Decoder(_Chunk)


class Meaning:
    """See decoding.py."""

    def __init__(self) -> None:
        self._reason: Reason | None = None
        self._refused = False
        self._spoken = False

    def hear(self, event: bytes) -> Iterator[Heard]:
        if event.strip() == b"[DONE]":
            yield self._finished()
            return
        chunk = read(_CHUNK, event)
        if chunk.usage is not None:
            yield _usage(chunk.usage)
        if chunk.citations or chunk.search_results:  # Perplexity, in every chunk
            yield sources(chunk.citations, chunk.search_results)
        if chunk.choices:
            yield from self._choice(chunk.choices[0])
            if chunk.choices[0].finish_reason == "error" and chunk.error is None:
                yield refusals.failed("server", "the provider ended the answer with an error")
        if chunk.error is not None or chunk.object == "error":
            yield refusals.inside(read(ANYTHING, event))
        if chunk.object == "chat.completion.done":  # Perplexity
            yield self._finished()

    def ended(self) -> Heard:
        """A finish reason is an end too: not all send [DONE]."""
        return self._finished() if self._reason else BROKE_OFF

    def _finished(self) -> Heard:
        return Finished("filter" if self._refused else self._reason or "other")

    def _choice(self, choice: _Choice) -> Iterator[Heard]:
        whole = None if self._spoken else choice.message  # Perplexity repeats it in its last chunk
        delta = choice.delta or whole or _Delta()
        said: list[Heard] = []
        if thought := delta.reasoning_content or delta.reasoning:
            said.append(Thought(thought))
        if isinstance(delta.content, str):
            if delta.content:
                said.append(Delta(delta.content))
        elif delta.content is not None:
            said += _blocks(delta.content)
        if delta.refusal:
            self._refused = True
            said.append(Delta(delta.refusal))
        if said:
            self._spoken = True
            self._reason = None  # whatever was said before, it was not the end
            yield from said
        if choice.finish_reason and choice.finish_reason != "error":
            self._reason = REASONS.get(choice.finish_reason, "other")


def _blocks(content: Any) -> Iterator[Heard]:
    """Mistral's reasoning models: `[{"type": "thinking", "thinking": [{"type": "text", …}]}, {"type": "text", …}]`."""
    if not isinstance(content, list):
        raise ValueError("content is neither text nor a list")
    for block in content:
        if not isinstance(block, dict):
            raise ValueError("content holds no objects")
        if isinstance(thinking := block.get("thinking"), list):
            yield from (Thought(text) for each in thinking if (text := _text(each)))
        elif text := _text(block):
            yield Delta(text)


def _text(block: Any) -> str:
    text = block.get("text") if isinstance(block, dict) else None
    return text if isinstance(text, str) else ""


def _usage(said: _Usage) -> Heard:
    details, prompt_details = said.completion_tokens_details or _Details(), said.prompt_tokens_details or _Details()
    asked, output, total = (tokens(each) for each in (said.prompt_tokens, said.completion_tokens, said.total_tokens))
    reasoning = tokens(details.reasoning_tokens) or tokens(said.reasoning_tokens) or 0
    if asked is not None and output is not None and total == asked + output + reasoning:
        output += reasoning  # beside the output (xAI), and not part of it
    return counted(asked, output, reasoning=reasoning, cached=prompt_details.cached_tokens, cost=_cost(said))


def _cost(said: _Usage) -> Any:
    if isinstance(ticks := said.cost_in_usd_ticks, int):
        return ticks * XAI_TICK
    return said.cost.get("total_cost") if isinstance(said.cost, dict) else said.cost  # an object: Perplexity
