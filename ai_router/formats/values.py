"""Reading what providers claim: JSON that may be torn, numbers that may be anything."""

from math import isfinite
from typing import Any, Final, TypeVar

import msgspec

from ai_router.formats.limits import COST_MAX, TOKENS_MAX
from ai_router.heard import Usage

Value = TypeVar("Value")
ANYTHING: Final = msgspec.json.Decoder(Any)


def read(decoder: msgspec.json.Decoder[Value], data: bytes) -> Value:
    """One JSON text; raises ValueError. Characters cut in half, as small servers send them, are replaced."""
    try:
        try:
            return decoder.decode(data)
        except UnicodeDecodeError:
            return decoder.decode(data.decode("utf-8", "replace"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def tokens(value: object) -> int | None:
    """A number of tokens; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= TOKENS_MAX:
        return None
    return int(value)


def dollars(value: object) -> float | None:
    """An amount in USD, also as text; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = float(value)
    except (ValueError, OverflowError):
        return None
    return amount if isfinite(amount) and 0 <= amount <= COST_MAX else None


def counted(
    asked: object, answered: object, *, reasoning: object = 0, cached: object = 0, cost: object = None
) -> Usage:
    """Usage as claimed. Parts are never larger than what they are parts of, though providers send that."""
    whole, output = tokens(asked), tokens(answered)
    return Usage(
        input=whole,
        output=output,
        reasoning=min(tokens(reasoning) or 0, output or 0),
        cached=min(tokens(cached) or 0, whole or 0),
        cost=dollars(cost),
    )


def newer(known: Usage, said: Usage) -> Usage:
    """What is known after a provider said more: the last that it said of each, and nothing is ever summed."""
    asked = known if said.input is None else said
    answered = known if said.output is None else said
    return Usage(
        asked.input, answered.output, answered.reasoning, asked.cached, known.cost if said.cost is None else said.cost
    )
