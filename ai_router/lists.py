"""What was heard of a provider's models, as workers write it down for all gateways. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import msgspec

from ai_router.catalogue import Catalogue, catalogue, models_of
from ai_router.formats.port import Listed
from ai_router.models import Model
from ai_router.providers import PROVIDERS


@dataclass(frozen=True, slots=True)
class Heard:
    """A provider's list, and whether it answered when it was last asked."""

    title: str
    at: datetime
    """Of the last question."""
    models: tuple[Model, ...]
    """As it said when it last answered; until then what is known of it."""
    failure: str = ""
    """Why it did not answer the last question."""


encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Heard).decode


def decode(entry: bytes) -> Heard:
    """What `encode` made; raises msgspec.DecodeError where another version did."""
    return _decode(entry)


def heard(provider: str, title: str, listed: list[Listed] | None, now: datetime, before: Heard | None) -> Heard:
    """After an answer; `listed` is None for a provider without a list."""
    known = {} if before is None else {model.name: model for model in before.models}
    return Heard(title, now, tuple(models_of(provider, listed, day_of(now), known)))


def unheard(provider: str, title: str, why: str, now: datetime, before: Heard | None) -> Heard:
    """After a question that was not answered: what was there stays."""
    models = before.models if before is not None else tuple(models_of(provider, None, day_of(now)))
    return Heard(title, now, models, why)


def together(lists: dict[str, Heard]) -> Catalogue:
    """All models of all providers. Lists leave out aliases and what is new: whoever is known is asked for any name."""
    return catalogue({name: each.models for name, each in lists.items()}, unlisted={*lists, *PROVIDERS})


def day_of(now: datetime) -> date:
    return now.date()
