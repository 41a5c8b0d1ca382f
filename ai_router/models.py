"""A model that can be asked: what it can do, costs, and who may use it. catalogue.py makes them; choice.py chooses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from schemas.accounts import Tier
from schemas.models import Ability, Category

TIERS: Final[Mapping[Tier, int]] = {"guest": 0, "free": 1, "pro": 2, "enterprise": 3}
TIER_OUTPUT_PRICE: Final[tuple[tuple[float, Tier], ...]] = ((1.0, "guest"), (6.0, "free"), (30.0, "pro"))
"""Up to which output price (USD per million tokens) a tier is enough; dearer ones are for enterprise."""
TIER_UNPRICED: Final[Tier] = "pro"
"""Whose price nobody knows may be dear."""


@dataclass(frozen=True, slots=True)
class Rates:
    """USD per million tokens."""

    input: float
    output: float
    cached: float | None = None
    """Input that the provider had in its cache; None: as other input."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs from a day on, until the next price of the same model."""

    rates: Rates
    since: date = date.min
    """UTC. `date.min`: before anybody here looked."""
    request: float = 0.0
    """USD for each request, besides its tokens."""
    long_above: int | None = None
    """Input tokens above which the whole request costs `long`."""
    long: Rates | None = None

    def rates_for(self, input_tokens: int) -> Rates:
        """The rates of a request of this size."""
        if self.long is not None and self.long_above is not None and input_tokens > self.long_above:
            return self.long
        return self.rates

    @property
    def highest(self) -> Rates:
        """The rates that no request passes."""
        return self.long or self.rates


@dataclass(frozen=True, slots=True)
class Model:
    """One model of one provider. What nobody says is None."""

    name: str
    """`provider/model`."""
    display_name: str = ""
    context: int | None = None
    """Tokens, input and output together."""
    max_output: int | None = None
    prices: tuple[Price, ...] = ()
    """By `since`, oldest first."""
    abilities: frozenset[Ability] = frozenset()
    categories: frozenset[Category] = frozenset()
    """What it is known to be good for; others may be asked of it too."""
    tier: Tier = TIER_UNPRICED
    """The lowest that may use it with the server's key."""
    strength: float | None = None
    """0 to 1: how good its answers are thought to be before anybody here has judged them."""
    automatic: bool = False
    """Whether `auto` may choose it."""
    retired: date | None = None
    """From this day on its provider refuses it."""

    @property
    def provider(self) -> str:
        """Ours, such as `openai`."""
        return self.name.partition("/")[0]

    @property
    def own_name(self) -> str:
        """As its provider calls it."""
        return self.name.partition("/")[2]

    def price_on(self, day: date) -> Price | None:
        """What is valid on a day; None if nobody knows."""
        return next((price for price in reversed(self.prices) if price.since <= day), None)


def tier_for(price: Price | None) -> Tier:
    """The lowest tier that may have a model of this price."""
    if price is None:
        return TIER_UNPRICED
    return next((tier for limit, tier in TIER_OUTPUT_PRICE if price.rates.output <= limit), "enterprise")


def may_use(tier: Tier, least: Tier) -> bool:
    """Whether a tier is enough."""
    return TIERS[tier] >= TIERS[least]
