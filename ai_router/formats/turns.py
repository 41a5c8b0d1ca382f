"""A conversation as every provider takes it: who demands nothing is not harmed by what the strictest demand.

Anthropic and Perplexity want sides that alternate, the user first, and nothing empty; templates of small servers want
one system prompt, in front; no provider takes pictures from the assistant. So a chat may change its model at any turn.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import to_builtins

from schemas.conversation import Image, Part, Text, Turn, said

BEGINNING: Final = said("user", "…")
"""Stands in front of an assistant that spoke first, as in a chat whose beginning was cut off."""


def system_prompt(turns: Iterable[Turn]) -> str:
    """What all system turns say, or nothing."""
    return "\n\n".join(turn.text.strip() for turn in turns if turn.speaker == "system" and turn.text.strip())


def alternating(turns: Sequence[Turn]) -> list[Turn]:
    """The others: user and assistant in turns, each with words or pictures. Neighbours of one side become one."""
    merged: list[Turn] = []
    for turn in turns:
        parts = _parts(turn)
        if turn.speaker == "system" or not parts:
            continue
        if merged and merged[-1].speaker == turn.speaker:
            merged[-1] = Turn(turn.speaker, _joined(merged[-1].parts, parts))
        else:
            merged.append(Turn(turn.speaker, parts))
    if merged and merged[0].speaker == "assistant":
        merged.insert(0, BEGINNING)
    return merged


def base64(image: Image) -> str:
    """Its bytes as text."""
    text: str = to_builtins(image.data)
    return text


def data_url(image: Image) -> str:
    """The picture as a URL."""
    return f"data:{image.media_type};base64,{base64(image)}"


def _parts(turn: Turn) -> tuple[Part, ...]:
    """Without pictures of the assistant, and without parts that say nothing; words beside words become one part."""
    parts: list[Part] = []
    for part in turn.parts:
        if isinstance(part, Image):
            if turn.speaker == "user" and part.data:
                parts.append(part)
        elif parts and isinstance(last := parts[-1], Text):
            parts[-1] = Text(last.text + part.text)
        else:
            parts.append(part)
    return tuple(part for part in parts if isinstance(part, Image) or part.text.strip())


def _joined(before: tuple[Part, ...], after: tuple[Part, ...]) -> tuple[Part, ...]:
    last, first = before[-1], after[0]
    if isinstance(last, Text) and isinstance(first, Text):
        return (*before[:-1], Text(f"{last.text}\n\n{first.text}"), *after[1:])
    return before + after
