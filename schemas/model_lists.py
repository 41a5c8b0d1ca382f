"""`GET /api/ai/models`: what may be asked, and how its providers are."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from schemas.models import Category
from schemas.patterns import KeyText


class ModelsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which models."""

    category: Category | None = None
    """Those that are known to be good for it."""
    provider: Annotated[KeyText, Meta(max_length=100)] | None = None


class ListedModel(Struct, frozen=True):
    """A model that can be named in a request."""

    name: str
    """`provider/model`."""
    display_name: str
    provider: str
    context: int | None
    """Tokens, input and output together."""
    max_output: int | None
    input_price: float | None
    """USD per million tokens, today."""
    output_price: float | None
    abilities: list[str]
    categories: list[Category]
    tier: str
    """The lowest that may use it with the server's key."""
    automatic: bool
    """Whether `auto` may choose it."""
    reachable: bool
    """False where its provider did not answer lately."""


class ProviderState(Struct, frozen=True):
    """How a provider was when it was last asked for its list."""

    name: str
    title: str
    reachable: bool
    said: str
    """Why not."""
    at: datetime


class ModelList(Struct, frozen=True):
    """All of them, by name."""

    items: list[ListedModel]
    providers: list[ProviderState]
