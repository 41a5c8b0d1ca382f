"""Bodies of the account endpoints: who somebody is, and how they sign in. Used by gateway/routes and gateway/auth."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.pages import Cursor, PageQuery, SearchText
from schemas.patterns import END, NO_NUL, PRINTABLE

NAME_LENGTH: Final = 100  # characters; a display name fits a cursor's label and a member list
_ADDRESS: Final = r"[^@\s\x00-\x1f\x7f<>\"(),:;\[\]\\]"
ADDRESS: Final = rf"^{_ADDRESS}{{1,64}}@{_ADDRESS}{{1,189}}{END}"
USERNAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{1,38}" + END

DisplayName = Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH, pattern=PRINTABLE)]
Email = Annotated[str, Meta(min_length=3, max_length=254, pattern=ADDRESS)]
Username = Annotated[str, Meta(min_length=2, max_length=39, pattern=USERNAME)]
Password = Annotated[str, Meta(min_length=1, max_length=1_024)]
"""Longer than any that is taken (gateway/auth/common.py says which are), so that the answer may say why."""
Bio = Annotated[str, Meta(max_length=2_000, pattern=NO_NUL)]
Locale = Annotated[str, Meta(min_length=2, max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*" + END)]
WebUrl = Annotated[str, Meta(min_length=9, max_length=500, pattern=r"^https://[^\s\x00-\x1f\x7f\"'<>\\]+" + END)]
LongToken = Annotated[str, Meta(min_length=1, max_length=1_000)]
SiteRole = Literal["user", "admin"]
Tier = Literal["guest", "free", "pro", "enterprise"]
Status = Literal["active", "banned", "deleted"]


class GuestRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/auth/guest`; the body may be empty."""

    display_name: DisplayName | None = None
    device: Annotated[str, Meta(max_length=200, pattern=NO_NUL)] | None = None
    cookie: bool = False


class RegisterRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/auth/register`. With a guest's token the guest becomes the account, and keeps everything."""

    email: Email
    password: Password
    username: Username | None = None
    display_name: DisplayName | None = None
    cookie: bool = False


class LoginRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/auth/login`: one of the names, each of which takes an e-mail address or a username."""

    password: Password
    email: Annotated[str, Meta(min_length=1, max_length=254, pattern=NO_NUL)] | None = None
    username: Annotated[str, Meta(min_length=1, max_length=254, pattern=NO_NUL)] | None = None
    login: Annotated[str, Meta(min_length=1, max_length=254, pattern=NO_NUL)] | None = None
    cookie: bool = False


class RefreshRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/auth/refresh`; browsers with cookies send no token."""

    refresh_token: LongToken | None = None
    cookie: bool = False


class LogoutRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/auth/logout`."""

    all: bool = False


class ForgotRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/auth/password/forgot`."""

    email: Email


class ResetRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/auth/password/reset`, with the token from the mail."""

    token: LongToken
    password: Password


class PasswordChange(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/auth/password/change`. Who has no password yet leaves the old one out, soon after signing in."""

    new_password: Password
    old_password: Password | None = None


class VerifyRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/auth/verify-email`, with the token from the mail."""

    token: LongToken


class User(Struct, frozen=True, kw_only=True):
    """A user. What others may not see (from `email` on) is left out for them."""

    id: UUID
    display_name: str
    username: str | None
    avatar_url: str | None
    bio: str
    is_guest: bool
    created_at: datetime
    email: str | UnsetType | None = UNSET
    email_verified: bool | UnsetType = UNSET
    role: SiteRole | UnsetType = UNSET
    tier: Tier | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    locale: str | UnsetType = UNSET
    has_password: bool | UnsetType = UNSET
    version: int | UnsetType = UNSET
    updated_at: datetime | UnsetType = UNSET


class AccessGranted(Struct, frozen=True, kw_only=True):
    """Tokens, in the field names of OAuth 2 (RFC 6749, section 5.1). Where cookies were asked for they hold the tokens,
    which are null here, and `csrf_token` is what requests with them need."""

    access_token: str | None
    refresh_token: str | None
    expires_in: int  # seconds that the access token is good for
    user: User
    token_type: Literal["Bearer"] = "Bearer"
    csrf_token: str | None = None


class Window(Struct, frozen=True):
    """So many requests in so many seconds."""

    count: int
    seconds: int


class Entitlements(Struct, frozen=True):
    """What an account may."""

    tier: Tier
    rate_limits: dict[str, list[Window]]


class Me(Struct, frozen=True):
    """`GET /api/auth/me`."""

    user: User
    entitlements: Entitlements


class Session(Struct, frozen=True, kw_only=True):
    """A login."""

    id: UUID
    current: bool
    created_at: datetime
    last_seen_at: datetime | None
    expires_at: datetime
    address: str | None
    user_agent: str | None


class Sessions(Struct, frozen=True):
    """`GET /api/auth/sessions`."""

    items: list[Session]


class CsrfToken(Struct, frozen=True):
    """`GET /api/auth/csrf`, spelled as NextAuth's."""

    csrfToken: str


class NewAccount(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/users`: an administrator makes an account. Its owner gets a mail to choose a password."""

    email: Email
    username: Username | None = None
    display_name: DisplayName | None = None
    role: SiteRole = "user"
    tier: Literal["free", "pro", "enterprise"] = "free"


class ProfileChange(Struct, frozen=True, forbid_unknown_fields=True):
    """`PUT` and `PATCH /api/users/{id}`; a missing field stays, null clears."""

    display_name: DisplayName | UnsetType = UNSET
    username: Username | UnsetType | None = UNSET
    avatar_url: WebUrl | UnsetType | None = UNSET
    bio: Bio | UnsetType | None = UNSET
    locale: Locale | UnsetType | None = UNSET


class Farewell(Struct, frozen=True, forbid_unknown_fields=True):
    """`DELETE /api/users/{id}`; one's own account needs its password."""

    password: Password | None = None


class PeopleQuery(PageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`GET /api/users`: `q` begins a username or a display name."""

    q: SearchText | None = None
    role: SiteRole | None = None
    tier: Tier | None = None
    cursor: Cursor | None = None


class AccountsQuery(PeopleQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`GET /api/admin/users`: `q` begins an e-mail address as well."""

    status: Status | None = None


class AccountChange(Struct, frozen=True, forbid_unknown_fields=True):
    """`PATCH /api/admin/users/{id}`."""

    role: SiteRole | UnsetType = UNSET
    tier: Literal["free", "pro", "enterprise"] | UnsetType = UNSET
    status: Literal["active", "banned"] | UnsetType = UNSET


class Reason(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/admin/users/{id}/ban`."""

    reason: Annotated[str, Meta(max_length=500, pattern=NO_NUL)] = ""


class Provider(Struct, frozen=True):
    """A way to sign in, spelled as NextAuth does."""

    id: str
    name: str
    type: str
    signinUrl: str
    callbackUrl: str


class Providers(Struct, frozen=True, omit_defaults=True):
    """`GET /api/auth/providers`."""

    credentials: Provider
    github: Provider | None = None


class NextUser(Struct, frozen=True):
    """Who is signed in, spelled as NextAuth does."""

    id: str
    name: str
    email: str | None
    image: str | None


class NextSession(Struct, frozen=True, omit_defaults=True):
    """`GET /api/auth/session`; {} for nobody."""

    user: NextUser | UnsetType = UNSET
    expires: str | UnsetType = UNSET


class SignInQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`/api/auth/signin/github`."""

    callbackUrl: Annotated[str, Meta(max_length=2_000)] = ""


class PublicKeys(Struct, frozen=True):
    """`GET /.well-known/jwks.json` (RFC 7517)."""

    keys: list[dict[str, str]]
