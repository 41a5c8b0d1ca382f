"""Bodies of the account endpoints. Used by gateway/routes/auth.py."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta, Struct

NAME_LENGTH: Final = 100  # characters; a display name fits a cursor's label and a member list
PRINTABLE: Final = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"  # no controls, not only spaces

DisplayName = Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH, pattern=PRINTABLE)]


class GuestRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/auth/guest`; the body may be empty."""

    display_name: DisplayName | None = None


class User(Struct, frozen=True):
    """A user as they see themselves."""

    id: UUID
    display_name: str
    is_guest: bool
    created_at: datetime


class AccessGranted(Struct, frozen=True):
    """An access token, in the field names of OAuth 2 (RFC 6749, section 5.1)."""

    access_token: str
    expires_in: int  # seconds
    user: User
    token_type: str = "Bearer"
