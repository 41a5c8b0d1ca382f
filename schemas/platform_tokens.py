"""Bodies of `/api/tokens`. Used by gateway/routes/tokens.py."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from schemas.accounts import DisplayName

Scope = Literal["read", "write", "live", "ai", "admin"]


class TokenRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A token for a machine. `read` gets, `write` changes, `live` opens documents and events, `ai` asks models,
    `admin` administers.
    """

    name: DisplayName
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=5)]
    expires_at: datetime | None = None
    """At most a year from now; without it, 90 days."""


class PlatformToken(Struct, frozen=True, kw_only=True):
    """A token as its owner sees it."""

    id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class NewPlatformToken(PlatformToken, frozen=True, kw_only=True):
    """The same once, with the token itself: nobody can show it again."""

    token: str
