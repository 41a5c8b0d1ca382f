"""Browsers: cookies only when asked for, and nothing by cookie without our own page's token."""

import pytest

from gateway.auth.browser import NEWCOMER_COOKIE, REFRESH_COOKIE
from gateway.auth.identity import ACCESS_COOKIE
from gateway.auth.tokens import Tokens
from gateway.limits import ACCESS_TOKEN_SECONDS
from schemas.ids import parse_id
from tests.rest.api import Api
from tests.rest.auth.browser import BrowserClient
from tests.rest.auth.people import PASSWORD, Person, fresh_name, refresh, register, works
from tests.rest.databases import execute


async def signed_in(api: Api) -> tuple[BrowserClient, Person, str]:
    """A browser with a login's cookies, whose it is, and its CSRF token."""
    ada = await register(api)
    browser = BrowserClient(api)
    body = {"email": ada.email, "password": PASSWORD, "cookie": True}
    answer = await browser.call("POST", "/api/auth/login", json=body, csrf=await browser.csrf())
    assert answer.status == 200, answer.body
    assert (answer.body["access_token"], answer.body["refresh_token"]) == (None, None)
    return browser, ada, answer.body["csrf_token"]


async def test_cookies_are_host_bound_and_hidden(api: Api) -> None:
    """Both cookies are `__Host-`, Secure, HttpOnly, SameSite=Lax, of every path."""
    browser, _, _ = await signed_in(api)
    for name in (ACCESS_COOKIE, REFRESH_COOKIE):
        morsel = browser.flags[name]
        assert name.startswith("__Host-")
        assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "Lax")
        assert (morsel["path"], morsel["domain"]) == ("/", "")


async def test_no_cookies_unless_asked_for(api: Api) -> None:
    """Who does not ask for cookies gets none."""
    ada = await register(api)
    browser = BrowserClient(api)
    assert (
        await browser.call("POST", "/api/auth/login", json={"email": ada.email, "password": PASSWORD})
    ).status == 200
    assert browser.cookies == {}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("login", {"email": "ada@example.com", "password": PASSWORD, "cookie": True}),
        ("register", {"email": "ada@example.com", "password": PASSWORD, "cookie": True}),
        ("guest", {"cookie": True}),
        ("refresh", {}),
    ],
)
async def test_foreign_page_cannot_sign_somebody_in(api: Api, path: str, body: dict[str, object]) -> None:
    """Cookies are set only for pages that could read a token of ours: no foreign page signs a visitor in."""
    browser = BrowserClient(api)
    (await api.call("POST", f"/api/auth/{path}", json=body)).problem(403, "forbidden")
    told = await browser.csrf()
    assert NEWCOMER_COOKIE in browser.cookies
    wrong = await browser.call("POST", f"/api/auth/{path}", json=body, csrf="0" * 64)
    assert wrong.status == 403
    stranger = BrowserClient(api)
    assert (await stranger.call("POST", f"/api/auth/{path}", json=body, csrf=told)).status == 403


async def test_changes_by_cookie_need_the_token(api: Api) -> None:
    """A cookie reads by itself, and changes nothing without the token of its own session."""
    browser, _, csrf = await signed_in(api)
    other, _, others = await signed_in(api)
    assert (await browser.call("GET", "/api/auth/me")).status == 200
    for wrong in ("", others, await BrowserClient(api).csrf()):
        assert (await browser.call("POST", "/api/projects", json={"name": "x"}, csrf=wrong)).status == 403
    assert (await browser.call("POST", "/api/projects", json={"name": "x"}, csrf=csrf)).status == 201
    assert await browser.csrf() == csrf
    assert other.cookies != browser.cookies


async def test_going_on_by_cookie(api: Api, tokens: Tokens) -> None:
    """An expired access cookie says so; the refresh cookie brings new ones, and no token into a script's hands."""
    browser, _, csrf = await signed_in(api)
    session = tokens.verify_access(browser.cookies[ACCESS_COOKIE])
    old = Tokens("a secret for tests that has more than 32 bytes", now=lambda: 1e9)
    browser.cookies[ACCESS_COOKIE] = old.sign_access(session.user_id, session.session_id)[0]
    stale = await browser.call("GET", "/api/auth/me")
    assert (stale.status, stale.body["type"]) == (401, "/problems#expired")
    assert await browser.csrf() == csrf
    before = browser.cookies[REFRESH_COOKIE]
    assert (await browser.call("POST", "/api/auth/refresh")).status == 403
    answer = await browser.call("POST", "/api/auth/refresh", csrf=csrf)
    assert (answer.status, answer.body["access_token"], answer.body["refresh_token"]) == (200, None, None)
    assert answer.body["expires_in"] == ACCESS_TOKEN_SECONDS
    assert browser.cookies[REFRESH_COOKIE] != before
    assert (await browser.call("GET", "/api/auth/me")).status == 200


async def test_signing_in_anew_ends_the_browsers_old_login(api: Api) -> None:
    """A new sign-in replaces the session of the browser, not one of another device."""
    browser, ada, csrf = await signed_in(api)
    old = browser.cookies[ACCESS_COOKIE]
    body = {"email": ada.email, "password": PASSWORD, "cookie": True}
    assert (await browser.call("POST", "/api/auth/login", json=body, csrf=csrf)).status == 200
    assert browser.cookies[ACCESS_COOKIE] != old
    assert not await works(api, old)
    assert await works(api, ada.access)


async def test_guest_by_cookie_is_not_lost(api: Api) -> None:
    """A guest whose access cookie went missing refreshes before registering, instead of becoming somebody new."""
    browser = BrowserClient(api)
    guest = (await browser.call("POST", "/api/auth/guest", json={"cookie": True}, csrf=await browser.csrf())).body
    access = browser.cookies.pop(ACCESS_COOKIE)
    body = {"email": f"{fresh_name()}@example.com", "password": PASSWORD, "cookie": True}
    lost = await browser.call("POST", "/api/auth/register", json=body, csrf=guest["csrf_token"])
    assert (lost.status, lost.body["type"]) == (401, "/problems#expired")
    browser.cookies[ACCESS_COOKIE] = access
    found = await browser.call("POST", "/api/auth/register", json=body, csrf=guest["csrf_token"])
    assert (found.status, found.body["user"]["id"]) == (201, guest["user"]["id"])


async def test_signing_out_takes_the_cookies(api: Api) -> None:
    """Both ways to sign out end the session and take the cookies away; NextAuth's is told by a form."""
    browser, _, csrf = await signed_in(api)
    access = browser.cookies[ACCESS_COOKIE]
    assert (await browser.call("POST", "/api/auth/signout", form={"csrfToken": "0" * 64})).status == 403
    left = await browser.call(
        "POST", "/api/auth/signout", form={"csrfToken": csrf, "callbackUrl": "https://evil.example/"}
    )
    assert "evil" not in left.location
    assert not {ACCESS_COOKIE, REFRESH_COOKIE} & browser.cookies.keys()
    assert not await works(api, access)
    again, _, csrf = await signed_in(api)
    assert (await again.call("POST", "/api/auth/logout", csrf=csrf)).status == 204
    assert not {ACCESS_COOKIE, REFRESH_COOKIE} & again.cookies.keys()


async def test_nextauths_shapes(api: Api) -> None:
    """What NextAuth's client asks for has NextAuth's shape."""
    browser, ada, csrf = await signed_in(api)
    session = (await browser.call("GET", "/api/auth/session")).body
    assert session["user"] == {"id": ada.id, "name": ada.username, "email": ada.email, "image": None}
    assert session["expires"].endswith("Z")
    assert (await api.call("GET", "/api/auth/session")).body == {}
    assert (await api.call("GET", "/api/auth/session", token="nonsense")).body == {}
    assert list((await api.call("GET", "/api/auth/providers")).body) == ["credentials"]
    gone = await browser.call("POST", "/api/auth/signout", json={"csrfToken": csrf, "json": True, "callbackUrl": "/x"})
    assert (gone.status, gone.body["url"].endswith("/x")) == (200, True)


async def test_nextauths_session_lasts_as_long_as_the_login(api: Api, database: str) -> None:
    """Without a good access cookie the refresh cookie says who is signed in, and stays as it is; a dead one nobody."""
    browser, ada, csrf = await signed_in(api)
    whole = (await browser.call("GET", "/api/auth/session")).body
    del browser.cookies[ACCESS_COOKIE]
    first = browser.cookies[REFRESH_COOKIE]
    for _ in range(2):
        assert (await browser.call("GET", "/api/auth/session")).body == whole
    async with api.client.get(
        "/api/auth/session", headers={"Authorization": "Bearer x", "Cookie": f"{REFRESH_COOKIE}={first}"}
    ) as judged_by_its_header:
        assert await judged_by_its_header.json() == {}
    assert (await browser.call("POST", "/api/auth/refresh", csrf=csrf)).status == 200
    assert (await browser.call("POST", "/api/auth/refresh", csrf=csrf)).status == 200
    second = browser.cookies[REFRESH_COOKIE]
    del browser.cookies[ACCESS_COOKIE]
    assert (await browser.call("GET", "/api/auth/session")).body["user"]["id"] == ada.id
    browser.cookies[REFRESH_COOKIE] = first
    assert (await browser.call("GET", "/api/auth/session")).body == {}
    browser.cookies[REFRESH_COOKIE] = second
    assert (await browser.call("GET", "/api/auth/session")).body["user"]["id"] == ada.id, "looking ends nothing"
    execute(database, "UPDATE sessions SET revoked_at = now() WHERE user_id = %s", ada.id)
    assert (await browser.call("GET", "/api/auth/session")).body == {}


async def test_bearer_wins_over_cookies_and_needs_no_token(api: Api) -> None:
    """A request with the header is judged by it alone."""
    browser, _, _ = await signed_in(api)
    ada = await register(api)
    async with api.client.post(
        "/api/projects",
        json={"name": "x"},
        headers={
            "Authorization": f"Bearer {ada.access}",
            "Cookie": f"{ACCESS_COOKIE}={browser.cookies[ACCESS_COOKIE]}",
        },
    ) as answer:
        assert answer.status == 201
        assert parse_id((await answer.json())["owner_id"]) == parse_id(ada.id)


async def test_refresh_token_from_the_body_into_cookies(api: Api) -> None:
    """A refresh token moves into cookies only for our own page."""
    ada = await register(api)
    body = {"refresh_token": ada.refresh, "cookie": True}
    (await api.call("POST", "/api/auth/refresh", json=body)).problem(403, "forbidden")
    browser = BrowserClient(api)
    moved = await browser.call("POST", "/api/auth/refresh", json=body, csrf=await browser.csrf())
    assert (moved.status, moved.body["refresh_token"]) == (200, None)
    assert REFRESH_COOKIE in browser.cookies
    assert (await refresh(api, browser.cookies[REFRESH_COOKIE])).status == 200


@pytest.mark.parametrize(
    "path", ["/auth/signin", "/auth/error?error=AccessDenied", "/auth/reset", "/auth/verify-email"]
)
async def test_pages_are_self_contained(api: Api, path: str) -> None:
    """Each page runs its one script and nothing else, and asks no other host for anything."""
    async with api.client.get(path) as answer:
        text, policy = await answer.text(), answer.headers["Content-Security-Policy"]
        assert answer.status == 200
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http://" not in text
    assert "https://" not in text
    assert text.count("<script>") == 1
    assert 'type="password"' in text or "password" not in text.split("<script>")[0]


async def test_no_public_keys(api: Api) -> None:
    """The set of public keys is there, and empty: tokens are checked by Atrium alone."""
    assert (await api.call("GET", "/.well-known/jwks.json")).body == {"keys": []}
