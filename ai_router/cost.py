"""What an answer costs: fixed when it is written, with the price valid then. Money is whole billionths of a USD.

set aside ──upper()──► asked ──Usage──► cost()      gateway/quota.py and workers/ai/settle.py keep to budgets
"""

import math
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from ai_router.heard import Usage
from ai_router.models import Model, Price, Rates
from ai_router.tokens import tokens_in

NANO: Final = 1_000_000_000
"""Of our units in a USD."""
ASSUMED: Final = Price(Rates(15.0, 75.0))
"""Where nobody knows a price: what the dearest of ordinary models cost."""
OUTPUT_DEFAULT: Final = 8_192
"""Tokens an answer may have unless somebody asks for more; reservations reckon with all of them."""
LIKELY: Final = 0.6
"""Of an upper estimate (tokens.py): what a count of ordinary text is nearer to."""
STALE: Final = 8
"""A provider's count that is so many times smaller than the estimate was made before the answer."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What somebody is charged."""

    nano_usd: int
    by: Literal["provider", "price", "assumption"]
    """Who says so: the provider itself, the price table, or nobody (ASSUMED)."""


def output_allowed(model: Model, asked: int | None) -> int:
    """Tokens that the answer may have: to be sent along, since reservations rely on it."""
    most = model.max_output or model.context
    wanted = asked or OUTPUT_DEFAULT
    return wanted if most is None else min(wanted, most)


def upper(model: Model, day: date, input_tokens: int, output_tokens: int) -> int:
    """The most that an answer of this size costs, in billionths of a USD."""
    return _nano(model.price_on(day) or ASSUMED, input_tokens, 0, output_tokens)


def cost(model: Model, day: date, usage: Usage) -> Cost:
    """What was used, at the price of a day. The provider's own word wins."""
    if usage.cost is not None and usage.cost >= 0:
        return Cost(math.ceil(round(usage.cost * NANO, 3)), "provider")
    price = model.price_on(day)
    cached = min(max(usage.cached, 0), usage.input or 0)
    nano = _nano(price or ASSUMED, usage.input or 0, cached, usage.output or 0)
    return Cost(nano, "price" if price else "assumption")


def completed(usage: Usage | None, input_tokens: int, shown: str) -> Usage:
    """Usage of an answer that broke off or was cancelled before the provider had counted: what is missing is estimated.

    `input_tokens`: the estimate that was reserved with; `shown`: all that was heard, thoughts included.
    """
    usage = usage or Usage()
    output = tokens_in(shown)
    # Anthropic's first word on usage has one output token, and a cancelled stream never hears another.
    if usage.output is None or usage.output * STALE < output:
        usage = replace(usage, output=math.ceil(output * LIKELY))
    if usage.input is None:
        usage = replace(usage, input=math.ceil(input_tokens * LIKELY))
    return usage


def _nano(price: Price, input_tokens: int, cached_tokens: int, output_tokens: int) -> int:
    rates = price.rates_for(input_tokens)
    cached_rate = rates.input if rates.cached is None else rates.cached
    dollars_per_million = (
        (input_tokens - cached_tokens) * rates.input + cached_tokens * cached_rate + output_tokens * rates.output
    )
    # USD per million tokens are thousands of billionths for one; rounding first takes away what floats add.
    return math.ceil(round(dollars_per_million * 1_000 + price.request * NANO, 3))
