"""Google's Gemini: whole answers in pieces, each with the usage so far, and no mark at the end."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct, json

from ai_router.formats import refusals
from ai_router.formats.addresses import segment, under
from ai_router.formats.decoding import BROKE_OFF, Decoding
from ai_router.formats.listing import listed, page_of, words
from ai_router.formats.port import Ask, Decoder, Listed, Sending
from ai_router.formats.sse import Events
from ai_router.formats.turns import alternating, base64, system_prompt
from ai_router.formats.values import ANYTHING, counted, read, tokens
from ai_router.heard import Delta, Failed, Finished, Heard, Reason, Thought
from schemas.conversation import Image, Part

VERSION: Final = "/v1beta"
PAGE: Final = 1_000
"""Models: the most that is given at once."""
REASONS: Final[dict[str, Reason]] = {
    "STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "filter", "RECITATION": "filter", "LANGUAGE": "filter",
    "BLOCKLIST": "filter", "PROHIBITED_CONTENT": "filter", "SPII": "filter", "IMAGE_SAFETY": "filter",
}  # fmt: skip
"""Of some two dozen, and there come new ones."""


class Gemini:
    """See port.py. The base URL is meant without `/v1beta`; the key stands in a header, as URLs end up in logs."""

    def ask(self, base_url: str, key: str, ask: Ask) -> Sending:
        body: dict[str, Any] = {
            "contents": [
                {
                    "role": "model" if turn.speaker == "assistant" else "user",
                    "parts": [_part(each) for each in turn.parts],
                }
                for turn in alternating(ask.turns)
            ]
        }
        if system := system_prompt(ask.turns):
            body["systemInstruction"] = {"parts": [{"text": system}]}
        options = {
            "maxOutputTokens": ask.max_tokens,
            "temperature": ask.temperature,
            "stopSequences": list(ask.stop) or None,
        }
        if given := {name: value for name, value in options.items() if value is not None}:
            body["generationConfig"] = given
        path = f"/models/{segment(ask.model.removeprefix('models/'))}:streamGenerateContent"
        return Sending("POST", under(base_url, VERSION, path, alt="sse"), _headers(key), json.encode(body))

    def decoder(self) -> Decoder:
        return Decoding(Events(), Meaning())

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Failed:
        return refusals.refusal(status, headers, body)

    def list_models(self, base_url: str, key: str, page: str) -> Sending:
        return Sending("GET", under(base_url, VERSION, "/models", pageSize=PAGE, pageToken=page), _headers(key))

    def read_models(self, body: bytes) -> tuple[list[Listed], str]:
        models, page = page_of(body, "models")
        found = [
            Listed(
                name=name.removeprefix("models/"),
                display_name=str(each.get("displayName") or ""),
                context=tokens(each.get("inputTokenLimit")),
                max_output=tokens(each.get("outputTokenLimit")),
                abilities=frozenset({"reasoning"} if each.get("thinking") is True else ()),
            )
            for name, each in listed(models, "name")
            if "generateContent" in words(each.get("supportedGenerationMethods"))
        ]
        return found, str(page.get("nextPageToken") or "")


class _Part(Struct):
    text: str | None = None
    thought: bool | None = None


class _Content(Struct):
    parts: list[_Part] | None = None


class _Candidate(Struct):
    content: _Content | None = None
    finishReason: str | None = None


class _Feedback(Struct):
    blockReason: str | None = None


class _Usage(Struct):
    promptTokenCount: Any = None
    toolUsePromptTokenCount: Any = None
    candidatesTokenCount: Any = None
    thoughtsTokenCount: Any = None
    cachedContentTokenCount: Any = None


class _Piece(Struct):
    candidates: list[_Candidate] | None = None
    promptFeedback: _Feedback | None = None
    usageMetadata: _Usage | None = None
    error: Any = None


_PIECES: Final = json.Decoder(_Piece | list[_Piece])


class Meaning:
    """See decoding.py."""

    def __init__(self) -> None:
        self._reason: Reason | None = None

    def hear(self, event: bytes) -> Iterator[Heard]:
        said = read(_PIECES, event)
        for piece in said if isinstance(said, list) else (said,):  # errors come in lists too
            if piece.error is not None:
                yield refusals.inside(read(ANYTHING, event))
                return
            if piece.usageMetadata is not None:
                yield _usage(piece.usageMetadata)
            if piece.candidates:
                yield from self._candidate(piece.candidates[0])
            elif piece.promptFeedback and (blocked := piece.promptFeedback.blockReason):
                yield refusals.failed("filtered", f"the question was blocked: {blocked}")

    def ended(self) -> Heard:
        return Finished(self._reason) if self._reason else BROKE_OFF

    def _candidate(self, candidate: _Candidate) -> Iterator[Heard]:
        for part in (candidate.content and candidate.content.parts) or ():
            if part.text:
                self._reason = None  # relays write STOP on early, empty pieces
                yield Thought(part.text) if part.thought else Delta(part.text)
        if candidate.finishReason:
            self._reason = REASONS.get(candidate.finishReason, "other")


def _usage(said: _Usage) -> Heard:
    """Thoughts are billed as output, and stand beside it."""
    prompt, tools = tokens(said.promptTokenCount), tokens(said.toolUsePromptTokenCount) or 0
    shown, thought = tokens(said.candidatesTokenCount), tokens(said.thoughtsTokenCount)
    return counted(
        None if prompt is None else prompt + tools,
        None if shown is None and thought is None else (shown or 0) + (thought or 0),
        reasoning=thought,
        cached=said.cachedContentTokenCount,
    )


def _part(part: Part) -> dict[str, Any]:
    if isinstance(part, Image):
        return {"inlineData": {"mimeType": part.media_type, "data": base64(part)}}
    return {"text": part.text}


def _headers(key: str) -> dict[str, str]:
    headers = {"content-type": "application/json"}
    return headers | ({"x-goog-api-key": key} if key else {})
