"""A history that does not fit the model: which turns stay, and what to tell the client about those that do not.

Kept always: what the system says, and the last user turn with what follows it. In between the oldest go first, a
question together with its answers, so that what is left begins with a question. Where `summarise` is set and much would
go, the answer is to have the old part summarised first; its summary then stands in place of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ai_router.tokens import tokens_of, tokens_of_all
from schemas.conversation import Image, Text, Turn, said

SUMMARY_FROM: Final = 6
"""Turns; for fewer a summary is no shorter."""
SUMMARY_TOKENS: Final = 1_000
"""What a summary is asked for with as `max_tokens`."""
SUMMARY_ROOM: Final = 2 * SUMMARY_TOKENS
"""What is left free for it, since our estimate may find it longer."""
PICTURE_LEFT_OUT: Final = "[a picture, which this model cannot see]"
SUMMARY_ASKED: Final = (
    "Summarise the conversation so far for somebody who has to continue it: facts, names, decisions, open questions, "
    "and code that is still needed. No introduction."
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """What to send."""

    turns: tuple[Turn, ...]
    tokens: int
    """At most."""
    dropped: int = 0
    """Turns left out."""
    pictures_dropped: int = 0
    """Pictures left out because the model cannot see."""
    summarised: int = 0
    """Turns that a summary stands for."""


@dataclass(frozen=True, slots=True)
class Summarise:
    """Have these turns summarised (`asking`), then call `with_summary`."""

    old: tuple[Turn, ...]
    rest: tuple[Turn, ...]
    pictures_dropped: int = 0

    @property
    def asking(self) -> tuple[Turn, ...]:
        """The conversation to send for it."""
        return (*self.old, said("user", SUMMARY_ASKED))


@dataclass(frozen=True, slots=True)
class TooLong:
    """Even without any history it does not fit."""

    tokens: int
    room: int


def room_for(context: int | None, output_tokens: int) -> int | None:
    """Tokens for the input, where the answer may have so many; None where nobody knows the context."""
    if context is None:
        return None
    # An answer that would take more than half is cut rather than the question.
    return context - min(output_tokens, context // 2)


def fit(
    turns: Sequence[Turn], room: int | None, *, sees: bool = True, summarise: bool = False
) -> Fitted | Summarise | TooLong:
    """As much of the newest as has room. `sees`: whether the model reads pictures."""
    pictures = 0
    if not sees:
        pictures = sum(isinstance(part, Image) for turn in turns for part in turn.parts)
        turns = [_without_pictures(turn) for turn in turns]
    sizes = [tokens_of(turn) for turn in turns]
    if room is None or sum(sizes) <= room:
        return Fitted(tuple(turns), sum(sizes), pictures_dropped=pictures)
    kept = _kept(turns, sizes, room)
    if kept is None:
        return TooLong(sum(sizes[index] for index in _always(turns)), room)
    if summarise and len(turns) - len(kept) >= SUMMARY_FROM:
        beside = _kept(turns, sizes, room - SUMMARY_ROOM)
        if beside is not None:
            old, rest = _split(turns, beside)
            return Summarise(old, rest, pictures)
    old, rest = _split(turns, kept)
    return Fitted(rest, sum(sizes[index] for index in kept), dropped=len(old), pictures_dropped=pictures)


def with_summary(split: Summarise, summary: str) -> Fitted:
    """What to send, once there is a summary."""
    system = [turn for turn in split.rest if turn.speaker == "system"]
    spoken = [turn for turn in split.rest if turn.speaker != "system"]
    told = said("system", f"What was said before, summarised:\n{summary}")
    turns = (*system, told, *spoken)
    return Fitted(turns, tokens_of_all(turns), pictures_dropped=split.pictures_dropped, summarised=len(split.old))


def least(turns: Sequence[Turn]) -> int:
    """Tokens of what is always kept: a model with less room cannot be asked at all."""
    return sum(tokens_of(turns[index]) for index in _always(turns))


def _kept(turns: Sequence[Turn], sizes: Sequence[int], room: int) -> set[int] | None:
    kept = _always(turns)
    left = room - sum(sizes[index] for index in kept)
    if left < 0:
        return None
    exchange: list[int] = []
    for index in range(_last_question(turns) - 1, -1, -1):
        if index in kept:
            continue
        exchange.append(index)
        left -= sizes[index]
        if left < 0:
            break
        if turns[index].speaker == "user":
            kept.update(exchange)
            exchange = []
    return kept


def _always(turns: Sequence[Turn]) -> set[int]:
    last = _last_question(turns)
    return {index for index, turn in enumerate(turns) if turn.speaker == "system" or index >= last}


def _split(turns: Sequence[Turn], kept: set[int]) -> tuple[tuple[Turn, ...], tuple[Turn, ...]]:
    old = tuple(turn for index, turn in enumerate(turns) if index not in kept)
    return old, tuple(turn for index, turn in enumerate(turns) if index in kept)


def _last_question(turns: Sequence[Turn]) -> int:
    return next((index for index in range(len(turns) - 1, -1, -1) if turns[index].speaker == "user"), len(turns))


def _without_pictures(turn: Turn) -> Turn:
    if not any(isinstance(part, Image) for part in turn.parts):
        return turn
    return Turn(turn.speaker, tuple(Text(PICTURE_LEFT_OUT) if isinstance(p, Image) else p for p in turn.parts))
