"""Who sent a request: what every operation knows of its caller. Made by identity.py."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Tier = Literal["guest", "free", "pro", "enterprise"]


@dataclass(frozen=True, slots=True)
class Caller:
    """An account whose credential was good just now (ACCESS_CACHE_SECONDS ago at most, unless revoked meanwhile)."""

    user_id: UUID
    session_id: UUID
    """Of the login, or of the platform token: both are rows of `sessions`."""
    display_name: str
    is_guest: bool
    is_admin: bool
    tier: Tier
    scopes: frozenset[str] | None
    """What a platform token may do; None for a login, which may do all that its account may."""
    expires_at: float
    """Unix time in seconds at which the credential ends."""
    session_expires_at: float
    """The same of its session, which may have others after it."""
    by_cookie: bool = False
