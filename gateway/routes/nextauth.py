"""The routes of `/api/auth` that clients of NextAuth expect, in NextAuth's shapes; GitHub's are in oauth.py.

https://next-auth.js.org/getting-started/rest-api
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from aiohttp import web

from gateway.access import Denied
from gateway.auth.browser import REFRESH_COOKIE, no_cookies
from gateway.auth.callbacks import safe_callback
from gateway.auth.forms import read_form
from gateway.auth.github import CALLBACK
from gateway.auth.identity import ACCESS_COOKIE
from gateway.auth.logins import would_go_on
from gateway.auth.notes import audit, tell_ended
from gateway.operation import Answer
from gateway.operations import Call
from schemas import accounts as bodies
from schemas.close_codes import CloseCode
from store import sessions, users
from store.postgres import Queries


async def csrf(call: Call) -> Answer:
    """Give the token that requests with cookies send as X-CSRF-Token."""
    token, cookies = call.parts.accounts.browser.csrf(call.request)
    return Answer(bodies.CsrfToken(token), cookies=cookies)


async def providers(call: Call) -> bodies.Providers:
    """List the ways to sign in."""
    site = call.parts.accounts.site_url
    password = bodies.Provider(
        "credentials", "Password", "credentials", f"{site}/auth/signin", f"{site}/api/auth/login"
    )
    if call.parts.accounts.github is None:
        return bodies.Providers(password)
    github = bodies.Provider("github", "GitHub", "oauth", f"{site}/api/auth/signin/github", site + CALLBACK)
    return bodies.Providers(password, github)


async def session(call: Call) -> bodies.NextSession:
    """Say who is signed in, in NextAuth's shape; {} for nobody."""
    header = call.request.headers.get("Authorization", "")
    if header.lower().startswith("bearer "):
        found = await _by_access(call, header[7:].strip())
    else:
        # An access token lasts 15 minutes; NextAuth's session lasts as long as the refresh cookie is good.
        found = await _by_access(call, call.request.cookies.get(ACCESS_COOKIE, "")) or await _by_refresh(call)
    row = None if found is None else await users.find_user(call.parts.postgres, found.user_id)
    if found is None or row is None:
        return bodies.NextSession()
    return bodies.NextSession(
        bodies.NextUser(str(row.id), row.display_name, row.email, row.avatar_url),
        datetime.fromtimestamp(found.expires_at, UTC).isoformat().replace("+00:00", "Z"),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    user_id: UUID
    expires_at: float  # Unix time, seconds


async def _by_access(call: Call, token: str) -> _Found | None:
    if not token:
        return None
    try:
        caller = await call.parts.gate.caller(token)
    except Denied as denied:
        if denied.code is CloseCode.UNAUTHENTICATED:
            return None
        raise
    return _Found(caller.user_id, caller.session_expires_at)


async def _by_refresh(call: Call) -> _Found | None:
    presented = call.parts.accounts.refresh.read(call.request.cookies.get(REFRESH_COOKIE, ""))
    login = None if presented is None else await would_go_on(call.parts.postgres, presented)
    return None if login is None else _Found(login.user_id, login.expires_at)


async def sign_out(call: Call) -> web.Response:
    """End the browser's login and take its cookies away."""
    parts = call.parts
    form = await read_form(call.request)
    parts.accounts.browser.check(call.request, form.get("csrfToken"))
    session_id = parts.accounts.browser.session_of(call.request)

    async def work(db: Queries) -> None:
        if session_id is None:
            return
        user_id = await sessions.end_login(db, session_id, "logout", guests_too=True)
        if user_id is not None:
            await tell_ended(db, call, user_id, (session_id,), "logout")
            await audit(db, call, "logout", user_id)

    await parts.postgres.transact(work)
    if session_id is not None:
        parts.gate.forget_session(session_id)
    url = safe_callback(form.get("callbackUrl"), parts.accounts.site_url, parts.accounts.origins)
    return sent_to(url, as_json=form.get("json") == "true", cookies=no_cookies())


def sent_to(url: str, *, as_json: bool = False, cookies: tuple[Any, ...] = ()) -> web.Response:
    """A redirect, or for NextAuth's scripts the address in JSON, with cookies."""
    headers = {"Cache-Control": "no-store"}
    if as_json:
        body = msgspec.json.encode({"url": url})
        response = web.Response(body=body, headers=headers, content_type="application/json")
    else:
        assert urlsplit(url).scheme, "made by safe_callback"
        response = web.Response(status=302, headers=headers | {"Location": url})
    for cookie in cookies:
        response.set_cookie(
            cookie.name, cookie.value, max_age=cookie.seconds if cookie.value else 0, secure=True,
            httponly=cookie.http_only, samesite=cookie.same_site, path="/",
        )  # fmt: skip
    return response
