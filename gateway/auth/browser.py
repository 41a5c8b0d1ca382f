"""Browsers: the cookies that hold their tokens, and what proves that a request comes from our own pages (CSRF).

GET /api/auth/csrf ──► csrfToken, and for newcomers a cookie that it is made of
POST … cookie: true, X-CSRF-Token: csrfToken ──► cookies

Signing in needs it as well: otherwise a foreign page could sign a visitor in to the attacker's account. Cookies are
SameSite=Lax besides. Used by the routes of auth; for requests that are signed in already identity.py checks the same.
"""

import hashlib
import hmac
import secrets
from typing import Final
from uuid import UUID

from aiohttp import web

from gateway.auth.identity import ACCESS_COOKIE, CSRF_HEADER, Identity
from gateway.auth.refresh import RefreshTokens
from gateway.auth.tokens import Tokens
from gateway.limits import SESSION_SECONDS
from gateway.operation import Cookie
from gateway.refusals import Forbidden

REFRESH_COOKIE: Final = "__Host-atrium-refresh"
NEWCOMER_COOKIE: Final = "__Host-atrium-csrf"
NEWCOMER_SECONDS: Final = 24 * 3600
"""How long a sign-in page may stay open."""
_NEWCOMER_LENGTH: Final = 43


class Browser:
    """One per gateway."""

    def __init__(self, identity: Identity, tokens: Tokens, refresh: RefreshTokens, secret: str) -> None:
        self._identity = identity
        self._tokens = tokens
        self._refresh = refresh
        self._key = hashlib.sha256(b"csrf of newcomers:" + secret.encode()).digest()

    def session_of(self, request: web.Request) -> UUID | None:
        """The login that the cookies are of, also when its access token has expired, or the login has ended."""
        presented = self._refresh.read(request.cookies.get(REFRESH_COOKIE, ""))
        if presented is not None:
            return presented.session_id
        return self._tokens.session_of(request.cookies.get(ACCESS_COOKIE, ""))

    def csrf(self, request: web.Request) -> tuple[str, tuple[Cookie, ...]]:
        """The token that `check` wants of this browser, and a cookie that it needs to have."""
        session = self.session_of(request)
        if session is not None:
            return self._identity.csrf_token(session), ()
        value = request.cookies.get(NEWCOMER_COOKIE, "")
        if len(value) != _NEWCOMER_LENGTH or not value.isascii():
            value = secrets.token_urlsafe(32)
        return self._newcomer(value), (Cookie(NEWCOMER_COOKIE, value, NEWCOMER_SECONDS),)

    def check(self, request: web.Request, given: str | None = None) -> None:
        """Raises Forbidden unless the header, or `given` from a form, is what `csrf` told this browser."""
        session = self.session_of(request)
        if session is not None:
            wanted = self._identity.csrf_token(session)
        else:
            value = request.cookies.get(NEWCOMER_COOKIE, "")
            wanted = self._newcomer(value) if value else ""
        told = given or request.headers.get(CSRF_HEADER) or ""
        if not wanted or not hmac.compare_digest(told.encode(errors="replace"), wanted.encode()):
            raise Forbidden(f"a request for cookies needs the header {CSRF_HEADER}; GET /api/auth/csrf has it")

    def _newcomer(self, value: str) -> str:
        return hmac.new(self._key, value.encode(errors="replace"), hashlib.sha256).hexdigest()


def token_cookies(access: str, refresh: str) -> tuple[Cookie, ...]:
    """Both last as long as the login may: an expired access token in a cookie says that it is time to refresh."""
    return (Cookie(ACCESS_COOKIE, access, SESSION_SECONDS), Cookie(REFRESH_COOKIE, refresh, SESSION_SECONDS))


def no_cookies() -> tuple[Cookie, ...]:
    """Takes them away."""
    return (Cookie(ACCESS_COOKIE, "", 0), Cookie(REFRESH_COOKIE, "", 0))
