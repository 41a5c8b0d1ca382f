"""Bodies of `/api/ai/keys`: keys that people bring along."""

from datetime import datetime
from typing import Annotated, Final, Literal, get_args
from uuid import UUID

from msgspec import Meta, Struct

from schemas.pages import PageQuery
from schemas.patterns import END, NO_NUL

KEYS_PER_USER: Final = 50
"""Some for each provider; the workers open all of them for each answer."""
LAST_SHOWN: Final = 4

KeyProvider = Literal["openai", "anthropic", "gemini", "cohere", "openrouter", "perplexity"]
"""Who takes keys. Other servers are the operator's, who has their keys."""
KEY_PROVIDERS: Final[tuple[KeyProvider, ...]] = get_args(KeyProvider)
ProviderName = Annotated[str, Meta(pattern=f"^({'|'.join(KEY_PROVIDERS)})" + END)]
"""By pattern: a refusal of a Literal repeats what was sent, which may be a key in the wrong place."""

ProviderKey = Annotated[str, Meta(min_length=12, max_length=500, pattern=r"^[A-Za-z0-9._~+=:-]+" + END)]
Label = Annotated[str, Meta(max_length=100, pattern=NO_NUL)]


class KeysRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Either `provider` and `key`, or keys by provider. One of the same provider and label is replaced."""

    provider: ProviderName | None = None
    key: ProviderKey | None = None
    label: Label = ""
    openai: ProviderKey | None = None
    anthropic: ProviderKey | None = None
    gemini: ProviderKey | None = None
    cohere: ProviderKey | None = None
    openrouter: ProviderKey | None = None
    perplexity: ProviderKey | None = None

    def __repr__(self) -> str:
        return "KeysRequest(…)"


class UserKey(Struct, frozen=True):
    """A key; all that is ever shown of it is its end."""

    id: UUID
    provider: str
    label: str
    last4: str
    tested_at: datetime | None
    verdict: str | None
    """Of the last test: `ok`, or a kind of failure."""
    created_at: datetime


class UserKeys(Struct, frozen=True):
    """Newest first; of one provider's the first is used."""

    items: list[UserKey]


class SomebodysKey(Struct, frozen=True):
    """A key as administrators see it."""

    id: UUID
    user_id: UUID
    provider: str
    label: str
    last4: str
    tested_at: datetime | None
    verdict: str | None
    created_at: datetime


class AllKeysQuery(PageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`GET /api/admin/api-keys`: of everybody, or of one person."""

    user_id: UUID | None = None


class KeyTest(Struct, frozen=True):
    """What its provider said of a key."""

    ok: bool
    kind: str | None
    """Why not: `authentication`, `payment`, `rate`, `timeout`, `network`, … (docs/ai.md)."""
    message: str
