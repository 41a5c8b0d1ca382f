"""A history that does not fit the model: which turns stay, and what to tell the client about those that do not.

Kept always: what the system says, and the last user turn with what follows it. In between the oldest go first, a
question together with its answers, so that what is left begins with a question. Where `summarise` is set, the answer is
to have the old part summarised first, down to half the room, so that the summary serves the next questions too. It is
told as something the user says: what people and models said never speaks with the system's voice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ai_router.tokens import tokens_of, tokens_of_all
from schemas.conversation import Image, Text, Turn, said

SUMMARY_TOKENS: Final = 1_000
"""That a summary may have at most."""
SUMMARY_SHARE: Final = 8
"""A small context gives a summary so small a part of its room."""
THINKING: Final = 4
"""Times so many tokens for models that think: their thoughts count."""
PICTURE_LEFT_OUT: Final = "[a picture, which this model cannot see]"
SUMMARY_ASKED: Final = (
    "Summarise the conversation so far for somebody who has to continue it: facts, names, decisions, open questions, "
    "and code that is still needed. No introduction, at most {words} words."
)
SUMMARY_TOLD: Final = "[What was said before, summarised:]\n{summary}\n[What was said since:]"


@dataclass(frozen=True, slots=True)
class Fitted:
    """What to send."""

    turns: tuple[Turn, ...]
    tokens: int
    """At most."""
    dropped: int = 0
    """Turns left out, for which no summary stands."""
    pictures_dropped: int = 0
    """Pictures left out because the model cannot see."""
    summarised: int = 0
    """Turns that a new summary stands for."""
    is_summary_told: bool = False
    """Whether the one that was given is among them."""


@dataclass(frozen=True, slots=True)
class Summarise:
    """Have these turns summarised (`asking`), then call `with_summary`."""

    old: tuple[Turn, ...]
    rest: tuple[Turn, ...]
    tokens: int
    """That the summary may have."""
    before: str | None = None
    """The summary of what came before `old`."""
    pictures_dropped: int = 0

    @property
    def asking(self) -> tuple[Turn, ...]:
        """What to send for it, with `before` as the summary (`fit`)."""
        return (*self.old, said("user", SUMMARY_ASKED.format(words=self.tokens // 2)))


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
    turns: Sequence[Turn], room: int | None, *, sees: bool = True, summary: str | None = None, summarise: bool = False
) -> Fitted | Summarise | TooLong:
    """As much of the newest as has room. `sees`: whether the model reads pictures. `summary`: of what came before."""
    pictures = 0
    if not sees:
        pictures = sum(isinstance(part, Image) for turn in turns for part in turn.parts)
        turns = [_without_pictures(turn) for turn in turns]
    sizes = [tokens_of(turn) for turn in turns]
    told = _told(summary)
    total = sum(sizes) + tokens_of_all(told)
    if room is None or total <= room:
        return Fitted(_after_system(told, turns), total, pictures_dropped=pictures, is_summary_told=bool(told))
    kept = _kept(turns, sizes, room - tokens_of_all(told))
    if kept is None:
        told = ()
        kept = _kept(turns, sizes, room)
    if kept is None:
        return TooLong(sum(sizes[index] for index in _always(turns)), room)
    if summarise and (split := _summarise(turns, sizes, room, summary, pictures)) is not None:
        return split
    old, rest = _split(turns, kept)
    tokens = sum(sizes[index] for index in kept) + tokens_of_all(told)
    return Fitted(
        _after_system(told, rest), tokens, dropped=len(old), pictures_dropped=pictures, is_summary_told=bool(told)
    )


def with_summary(split: Summarise, summary: str) -> Fitted:
    """What to send, once there is a summary; it may be longer than was asked for."""
    turns = _after_system(_told(summary), split.rest)
    return Fitted(
        turns, tokens_of_all(turns), pictures_dropped=split.pictures_dropped, summarised=len(split.old),
        is_summary_told=True,
    )  # fmt: skip


def summary_tokens(room: int) -> int:
    """Tokens that a summary may have, of so much room."""
    return min(SUMMARY_TOKENS, room // SUMMARY_SHARE)


def summary_takes(tokens: int, *, thinks: bool) -> tuple[int, int]:
    """Tokens that a summary takes beside its history, at most, as input (it is asked for, and told) and as output."""
    asked = tokens_of(said("user", SUMMARY_ASKED))
    return asked + told_takes(tokens), tokens * (THINKING if thinks else 1)


def told_takes(tokens: int) -> int:
    """Tokens that it takes to tell a summary: twice as many as were asked for, as our estimate may find it longer."""
    return tokens_of_all(_told("")) + 2 * tokens


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


def _summarise(
    turns: Sequence[Turn], sizes: Sequence[int], room: int, before: str | None, pictures: int
) -> Summarise | None:
    """Which part; None where its summary would be no shorter, or has no room."""
    tokens = summary_tokens(room)
    for most in (room // 2, room - 2 * tokens):
        if (kept := _kept(turns, sizes, most)) is not None:
            old, rest = _split(turns, kept)
            worth = tokens_of_all(old) > 2 * tokens
            return Summarise(old, rest, tokens, before, pictures) if worth else None
    return None


def _always(turns: Sequence[Turn]) -> set[int]:
    last = _last_question(turns)
    return {index for index, turn in enumerate(turns) if turn.speaker == "system" or index >= last}


def _split(turns: Sequence[Turn], kept: set[int]) -> tuple[tuple[Turn, ...], tuple[Turn, ...]]:
    old = tuple(turn for index, turn in enumerate(turns) if index not in kept)
    return old, tuple(turn for index, turn in enumerate(turns) if index in kept)


def _last_question(turns: Sequence[Turn]) -> int:
    return next((index for index in range(len(turns) - 1, -1, -1) if turns[index].speaker == "user"), len(turns))


def _told(summary: str | None) -> tuple[Turn, ...]:
    return () if summary is None else (said("user", SUMMARY_TOLD.format(summary=summary)),)


def _after_system(told: Sequence[Turn], turns: Sequence[Turn]) -> tuple[Turn, ...]:
    if not told:
        return tuple(turns)
    system = [turn for turn in turns if turn.speaker == "system"]
    return (*system, *told, *(turn for turn in turns if turn.speaker != "system"))


def _without_pictures(turn: Turn) -> Turn:
    if not any(isinstance(part, Image) for part in turn.parts):
        return turn
    return Turn(turn.speaker, tuple(Text(PICTURE_LEFT_OUT) if isinstance(p, Image) else p for p in turn.parts))
