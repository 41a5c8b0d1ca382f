"""The models of a deployment: what providers list, with what known.py knows. Called when a list was refreshed.

Listed (formats/port.py) ─┐
KNOWN ────────────────────┴─► models_of(provider, …) ─► Catalogue: by name, and what else is the same model
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from ai_router.formats.port import Listed
from ai_router.known import ECHO, KNOWN, OLLAMA_PRICE
from ai_router.models import Model, Price, Rates, tier_for
from schemas.models import ABILITIES, Ability

_DATED: Final = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})$|:latest$")
_VENDORS: Final = {"google": "gemini", "x-ai": "xai"}
"""As OpenRouter calls them, and as we do."""


def models_of(
    provider: str, listed: Iterable[Listed] | None, day: date, before: Mapping[str, Model] | None = None
) -> list[Model]:
    """A provider's models on a day; `listed` is None where it has no list, or gave none yet: then the known ones.

    `before`: what this gave the last time, so that a price that changes keeps what was valid until then.
    """
    if listed is None:
        return [
            model
            for model in KNOWN.values()
            if model.provider == provider and not (model.retired and model.retired <= day)
        ]
    entries = {f"{provider}/{each.name}": each for each in listed}
    return [_merged(name, each, day, entries.keys(), (before or {}).get(name)) for name, each in entries.items()]


def _merged(name: str, listed: Listed, day: date, names: Iterable[str], before: Model | None) -> Model:
    own_known = KNOWN.get(name) or KNOWN.get(_DATED.sub("", name))
    known = own_known or _KNOWN_BY_IDENTITY.get(identity(name))
    prices = before.prices if before is not None else own_known.prices if own_known is not None else ()
    if name.startswith("ollama/"):
        prices = (OLLAMA_PRICE,)
    elif listed.input_price is not None and listed.output_price is not None:
        prices = _with_price(prices, listed.input_price, listed.output_price, day)
    elif not prices and known is not None:
        prices = known.prices
    is_a_copy = _DATED.search(name) is not None and _DATED.sub("", name) in names
    return Model(
        name,
        listed.display_name,
        listed.context or (known.context if known else None),
        listed.max_output or (known.max_output if known else None),
        prices,
        _abilities(listed) | (known.abilities if known else frozenset()),
        known.categories if known else frozenset(),
        tier_for(prices[-1] if prices else None),
        known.strength if known else None,
        (known.automatic if known else name.startswith("ollama/")) and not is_a_copy,
        known.retired if known else None,
    )


def _with_price(prices: tuple[Price, ...], input_price: float, output_price: float, day: date) -> tuple[Price, ...]:
    if input_price < 0 or output_price < 0:  # OpenRouter's "it depends", for models that choose among others
        return prices
    if prices and (prices[-1].rates.input, prices[-1].rates.output) == (input_price, output_price):
        return prices
    since = day if prices else date.min
    return (*(price for price in prices if price.since < since), Price(Rates(input_price, output_price), since))


def _abilities(listed: Listed) -> frozenset[Ability]:
    return frozenset(ability for ability in listed.abilities if ability in ABILITIES)


def identity(name: str) -> str:
    """The same for one model at all providers: `openrouter/anthropic/claude-x-4.5` is `anthropic/claude-x-4-5`."""
    parts = name.split("/")
    if parts[0] == "openrouter" and len(parts) > 2:
        parts = [_VENDORS.get(parts[1], parts[1]), *parts[2:]]
    return _DATED.sub("", "/".join(parts).replace(".", "-"))


_KNOWN_BY_IDENTITY: Final = {identity(name): model for name, model in KNOWN.items()}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All models that can be asked for."""

    models: Mapping[str, Model]
    unlisted: frozenset[str] = frozenset()
    """Providers that are asked also for names that they do not list."""

    def like(self, name: str) -> list[Model]:
        """The model of this name, then the same one at other providers."""
        same = [model for model in self.models.values() if identity(model.name) == identity(name)]
        if name not in self.models and name.partition("/")[0] in self.unlisted:
            same.append(KNOWN.get(name) or Model(name))
        return sorted(same, key=lambda model: (model.name != name, model.name))


def catalogue(by_provider: Mapping[str, Iterable[Model]], unlisted: Iterable[str] = ()) -> Catalogue:
    """Of all providers for which there is a key, and Ollama; with `demo/echo` always, automatic where it is alone."""
    models = {model.name: model for models in by_provider.values() for model in models}
    everything = {**models, ECHO.name: replace(ECHO, automatic=not models)}
    return Catalogue(everything, frozenset(unlisted))
