"""Signing in by GitHub, against a fake one: `/api/auth/signin/github`, `/api/auth/callback/github`."""

import asyncio
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from gateway.auth.identity import ACCESS_COOKIE
from tests.rest.auth.github_scene import FRONTEND, Scene
from tests.rest.auth.people import PASSWORD, Person, fresh_name, login, register, works
from tests.rest.auth.site import Site
from tests.rest.databases import execute
from tests.rest.odd_values import ask_raw


async def test_newcomer_gets_an_account_and_comes_back_to_it(scene: Scene) -> None:
    """Who comes from GitHub for the first time gets an account with GitHub's name and address, later the same one."""
    name = fresh_name("octo")
    login = scene.person(email=f"{name}@example.com", name="Octo Cat", avatar_url="https://avatars.example/1")
    browser = scene.browser()
    assert (await scene.go(browser)).location.endswith("/done")
    me = await scene.me(browser)
    assert (me["display_name"], me["username"], me["avatar_url"]) == ("Octo Cat", login, "https://avatars.example/1")
    assert (me["email"], me["email_verified"], me["is_guest"]) == (f"{name}@example.com", True, False)
    again = scene.browser()
    await scene.go(again)
    assert (await scene.me(again))["id"] == me["id"]


async def test_no_address_is_no_hindrance(scene: Scene) -> None:
    """Without a verified address at GitHub the account has none."""
    for email, verified in (("", True), (f"{fresh_name()}@example.com", False)):
        scene.person(email=email, verified=verified)
        browser = scene.browser()
        await scene.go(browser)
        assert (await scene.me(browser))["email"] is None


@pytest.mark.parametrize(("login", "expected"), [("Octo.Cat", "octo-cat"), ("長", "user"), ("x" * 39, "x" * 39)])
async def test_username_is_made_of_the_login(scene: Scene, login: str, expected: str, database: str) -> None:
    """The login becomes a username, with a number behind it when somebody has it."""
    execute(database, "UPDATE users SET username = NULL WHERE username LIKE %s", expected[:30] + "%")
    names = []
    for _ in range(3):
        scene.person(login)
        browser = scene.browser()
        await scene.go(browser)
        names.append((await scene.me(browser))["username"])
    assert names == [expected, f"{expected[:36]}-2", f"{expected[:36]}-3"]


async def test_same_login_at_the_same_moment(scene: Scene) -> None:
    """Several browsers that come back with one new GitHub account at once get one account."""
    scene.person(email=f"{fresh_name()}@example.com")
    browsers = [scene.browser() for _ in range(5)]
    pages = await asyncio.gather(*(scene.go(browser) for browser in browsers))
    assert {page.location.rpartition("/")[2] for page in pages} == {"done"}
    assert len({(await scene.me(browser))["id"] for browser in browsers}) == 1


async def test_verified_addresses_are_linked(scene: Scene) -> None:
    """An address that was proved on both sides leads to the account that has it."""
    ada = await register(scene.site.api)
    await scene.site.api.call("POST", "/api/auth/verify-email", json={"token": await scene.site.mails.token(ada.email)})
    scene.person(email=ada.email.upper())
    browser = scene.browser()
    await scene.go(browser)
    assert (await scene.me(browser))["id"] == ada.id


async def test_unproved_address_is_a_trap(scene: Scene) -> None:
    """Whoever registered somebody else's address first does not get them into that account."""
    ada = await register(scene.site.api)
    scene.person(email=ada.email)
    browser = scene.browser()
    page = await scene.go(browser)
    assert "/auth/error" in page.location
    assert page.query == {"error": "OAuthAccountNotLinked"}
    assert ACCESS_COOKIE not in browser.cookies


async def test_unverified_address_at_github_links_nothing(scene: Scene) -> None:
    """An address that GitHub did not verify says nothing."""
    ada = await register(scene.site.api)
    await scene.site.api.call("POST", "/api/auth/verify-email", json={"token": await scene.site.mails.token(ada.email)})
    scene.person(email=ada.email, verified=False)
    browser = scene.browser()
    await scene.go(browser)
    assert (await scene.me(browser))["id"] != ada.id


async def test_signed_in_people_link_their_own(scene: Scene) -> None:
    """Who is signed in and asks by POST links GitHub to their account, whatever the address; GET never links."""
    ada = await register(scene.site.api)
    browser, csrf = await scene.signed_in(ada)
    scene.person(email=f"{fresh_name()}@example.com")
    await scene.go(browser, csrf=csrf)
    assert (await scene.me(browser))["id"] == ada.id
    fresh = scene.browser()
    await scene.go(fresh)
    assert (await scene.me(fresh))["id"] == ada.id
    eve = await register(scene.site.api)
    others, csrf = await scene.signed_in(eve)
    assert (await scene.go(others, csrf=csrf)).query == {"error": "OAuthAccountNotLinked"}
    assert (await scene.me(others))["id"] == eve.id
    scene.person()
    await scene.go(others)
    assert (await scene.me(others))["id"] not in (ada.id, eve.id)


async def test_guest_becomes_the_account(scene: Scene) -> None:
    """A guest who links GitHub keeps the id, and is no guest any more."""
    browser = scene.browser()
    guest = (await browser.call("POST", "/api/auth/guest", json={"cookie": True}, csrf=await browser.csrf())).body
    before = browser.cookies[ACCESS_COOKIE]
    login = scene.person(email=f"{fresh_name()}@example.com")
    await scene.go(browser, csrf=guest["csrf_token"])
    assert await works(scene.site.api, before)
    me = await scene.me(browser)
    assert (me["id"], me["is_guest"], me["username"], me["tier"]) == (guest["user"]["id"], False, login, "free")


async def test_state_is_of_this_browser_and_works_once(scene: Scene) -> None:
    """A state of another browser, an old one, a used one or none ends on the error page, and GitHub is not asked."""
    scene.person()
    browser, other = scene.browser(), scene.browser()
    code, state = scene.github.authorise((await scene.leave(browser)).location)
    await scene.leave(other)
    for page in (
        await scene.back(other, code=code, state=state),
        await scene.back(scene.browser(), code=code, state=state),
        await scene.back(scene.browser(), code=code, state=""),
        await scene.back(scene.browser(), code=code),
    ):
        assert page.query == {"error": "OAuthCallback"}
    assert scene.github.asked == 0
    kept = dict(browser.cookies)
    assert (await scene.back(browser, code=code, state=state)).location.endswith("/done")
    replay = scene.browser()
    replay.cookies = kept
    assert (await scene.back(replay, code=code, state=state)).query == {"error": "OAuthCallback"}
    assert scene.github.asked == 1


async def test_state_that_is_no_text(scene: Scene) -> None:
    """A cookie of bytes that are no UTF-8 is no state, and no mistake of ours."""
    client = scene.site.api.client
    assert isinstance(client, TestClient)
    start = "GET /api/auth/callback/github?state=a&code=b"
    answer = await ask_raw(client.host, client.port, start, [b"Cookie: __Host-atrium-oauth=a\xff"])
    assert answer.startswith(b"HTTP/1.1 302 ") and b"error=OAuthCallback" in answer


async def test_state_expires(scene: Scene, database: str) -> None:
    """Who takes longer than ten minutes begins again."""
    scene.person()
    browser = scene.browser()
    code, state = scene.github.authorise((await scene.leave(browser)).location)
    execute(database, "UPDATE one_time_tokens SET expires_at = now() WHERE purpose = 'github'")
    assert (await scene.back(browser, code=code, state=state)).query == {"error": "OAuthCallback"}


async def test_code_of_another_flow_is_refused(scene: Scene) -> None:
    """A code that was made for another state fails GitHub's check of the verifier (PKCE)."""
    scene.person()
    mine, other = scene.browser(), scene.browser()
    stolen, _ = scene.github.authorise((await scene.leave(other)).location)
    _, state = scene.github.authorise((await scene.leave(mine)).location)
    assert (await scene.back(mine, code=stolen, state=state)).query == {"error": "OAuthCallback"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"error": "access_denied"}, "AccessDenied"),
        ({"error": "server_error"}, "OAuthCallback"),
        ({}, "OAuthCallback"),
        ({"code": "nonsense"}, "OAuthCallback"),
    ],
)
async def test_refusals_end_on_the_error_page(scene: Scene, answer: dict[str, str], error: str) -> None:
    """Whatever GitHub says no with, nobody is signed in."""
    browser = scene.browser()
    _, state = scene.github.authorise((await scene.leave(browser)).location)
    assert (await scene.back(browser, state=state, **answer)).query == {"error": error}
    assert ACCESS_COOKIE not in browser.cookies


@pytest.mark.parametrize("user", [{"id": None}, {"login": 7}, {"status": 500}])
async def test_strange_answers_of_github(scene: Scene, user: dict[str, Any]) -> None:
    """An answer of another shape or status signs nobody in."""
    scene.person()
    scene.github.status = user.pop("status", 200)
    scene.github.user |= user
    assert (await scene.go(scene.browser())).query == {"error": "OAuthCallback"}


async def test_banned_people_stay_out(scene: Scene, database: str) -> None:
    """A ban holds for every way in."""
    scene.person()
    browser = scene.browser()
    await scene.go(browser)
    execute(database, "UPDATE users SET status = 'banned' WHERE id = %s", (await scene.me(browser))["id"])
    assert (await scene.go(scene.browser())).query == {"error": "AccessDenied"}


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ("/projects?x=1", "/projects?x=1"),
        (f"{FRONTEND}/projects", f"{FRONTEND}/projects"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        (f"{FRONTEND}@evil.example/", "/"),
        (f"{FRONTEND}.evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/x\r\nSet-Cookie: a=b", "/"),
    ],
)
async def test_back_to_allowed_places_only(scene: Scene, asked: str, where: str) -> None:
    """The browser is sent to our own pages and to listed origins; everything else becomes the start page."""
    scene.person()
    page = await scene.go(scene.browser(), asked)
    assert page.location == (where if where.startswith("https") else scene.site.parts.settings.site_url + where)


async def test_first_admin_by_github(scene: Scene, database: str) -> None:
    """A verified address from GitHub makes the first administrator as one from a mail does."""
    execute(database, "DELETE FROM first_admins WHERE email = 'octo-root@example.com'")
    execute(database, "UPDATE users SET email = NULL WHERE email = 'octo-root@example.com'")
    scene.person(email="octo-root@example.com")
    browser = scene.browser()
    await scene.go(browser)
    assert (await scene.me(browser))["role"] == "admin"


async def test_github_in_json_for_scripts(scene: Scene) -> None:
    """NextAuth's script asks where to go instead of being sent."""
    browser = scene.browser()
    form = {"csrfToken": await browser.csrf(), "callbackUrl": "/", "json": "true"}
    page = await browser.call("POST", "/api/auth/signin/github", form=form)
    assert page.body["url"].startswith(scene.github.url)
    assert (await browser.call("POST", "/api/auth/signin/github", form={"callbackUrl": "/"})).status == 403
    providers = (await browser.call("GET", "/api/auth/providers")).body
    assert providers["github"]["callbackUrl"].endswith("/api/auth/callback/github")


async def test_without_github_there_is_no_such_way(site: Site) -> None:
    """Where no GitHub application is configured, the routes say so."""
    (await site.api.call("GET", "/api/auth/signin/github")).problem(404, "not-found")


async def test_account_without_password_cannot_be_guessed(scene: Scene) -> None:
    """An account made by GitHub has no password that signs in, until its owner sets one."""
    email = f"{fresh_name()}@example.com"
    scene.person(email=email)
    browser = scene.browser()
    await scene.go(browser)
    person = Person("", email, "", "", "")
    (await login(scene.site.api, person)).problem(401, "unauthenticated")
    csrf = await browser.csrf()
    body = {"new_password": PASSWORD}
    assert (await browser.call("POST", "/api/auth/password/change", json=body, csrf=csrf)).status == 204
    assert (await login(scene.site.api, person)).status == 200
    assert await works(scene.site.api, browser.cookies[ACCESS_COOKIE])
