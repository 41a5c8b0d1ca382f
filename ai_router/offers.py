"""Which models could be asked, and whether each fits what an answer takes. Used by choice.py."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from ai_router.cost import output_allowed, upper
from ai_router.fit import room_for
from ai_router.keys import KEYLESS, Key, scopes
from ai_router.models import Model, may_use
from schemas.accounts import Tier
from schemas.models import Ability, Category

Unfit = Literal["key", "tier", "ability", "context", "budget", "cooling"]
SENTENCES: Final[Mapping[Unfit, str]] = {
    "key": "there is no key for its provider",
    "tier": "it needs a higher tier, or a key of one's own",
    "ability": "it cannot do what is asked, such as see pictures",
    "context": "the question is longer than it can read",
    "budget": "what is left of today's budget is not enough for it",
    "cooling": "it failed repeatedly and is left alone for a while",
}


@dataclass(frozen=True, slots=True)
class Needs:
    """What an answer takes."""

    category: Category
    day: date
    tier: Tier
    tokens: int = 0
    """Of the whole history (tokens.py)."""
    least: int = 0
    """Of what cannot be left out (fit.least)."""
    max_output: int | None = None
    """Tokens that were asked for."""
    abilities: frozenset[Ability] = frozenset()
    left: int | None = None
    """What may be spent with the server's key, in billionths of a USD; None: any amount."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that could be asked."""

    model: Model
    key: Key | None
    """None: there is no key."""
    cooling: bool = False
    """Its breaker is open."""


def offers(
    models: Iterable[Model], own: Collection[str], server: Collection[str], cooling: Collection[str]
) -> list[Offer]:
    """`own`, `server`: providers for which there is a key; `cooling`: names of breakers that are open."""
    found = []
    for model in models:
        key: Key | None = "server" if model.provider in server else None
        if model.provider in KEYLESS:
            key = "none"
        elif model.provider in own:
            key = "own"
        names = scopes(model.name, key) if key else ()
        found.append(Offer(model, key, any(name in cooling for name in names)))
    return found


def unfit(offer: Offer, needs: Needs) -> Unfit | None:
    """Why a model cannot be asked; None: it can."""
    model = offer.model
    output = output_allowed(model, needs.max_output)
    room = room_for(model.context, output)
    if offer.key is None:
        return "key"
    if offer.key == "server" and not may_use(needs.tier, model.tier):
        return "tier"
    if not needs.abilities <= model.abilities:
        return "ability"
    if room is not None and needs.least > room:
        return "context"
    if offer.key == "server" and needs.left is not None:
        sent = needs.tokens if room is None else min(needs.tokens, room)
        if upper(model, needs.day, sent, output) > needs.left:
            return "budget"
    return "cooling" if offer.cooling else None


def holds(model: Model, needs: Needs) -> bool:
    """Whether a model has room for the whole history."""
    room = room_for(model.context, output_allowed(model, needs.max_output))
    return room is None or needs.tokens <= room
