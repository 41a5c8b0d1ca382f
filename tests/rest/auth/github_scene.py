"""A site, a GitHub and a person there, as the tests of signing in by GitHub need them. Made by the fixture `scene`."""

import itertools
import random
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.rest.auth.browser import BrowserClient, Page
from tests.rest.auth.fake_github import FakeGitHub
from tests.rest.auth.people import PASSWORD, Person, fresh_name
from tests.rest.auth.site import Site

FRONTEND = "https://app.example"
_ids = itertools.count(random.SystemRandom().randrange(1 << 40))


@dataclass
class Scene:
    """A site, a GitHub, and a person there."""

    site: Site
    github: FakeGitHub

    def person(self, login: str = "", *, email: str = "", verified: bool = True, **user: object) -> str:
        """From now on this one is signed in at GitHub; their login."""
        login = login or fresh_name("octo")
        self.github.user = {"id": next(_ids), "login": login, "name": None, "avatar_url": None} | user
        self.github.emails = [{"email": email, "primary": True, "verified": verified}] if email else []
        return login

    async def go(self, browser: BrowserClient, callback: str = "/done", *, csrf: str = "") -> Page:
        """To GitHub and back; where it ends."""
        code, state = self.github.authorise((await self.leave(browser, callback, csrf=csrf)).location)
        return await self.back(browser, code=code, state=state)

    async def leave(self, browser: BrowserClient, callback: str = "/done", *, csrf: str = "") -> Page:
        if csrf:
            form = {"csrfToken": csrf, "callbackUrl": callback}
            return await browser.call("POST", "/api/auth/signin/github", form=form)
        return await browser.call("GET", f"/api/auth/signin/github?{urlencode({'callbackUrl': callback})}")

    async def back(self, browser: BrowserClient, **query: str) -> Page:
        return await browser.call("GET", f"/api/auth/callback/github?{urlencode(query)}")

    def browser(self) -> BrowserClient:
        return BrowserClient(self.site.api)

    async def me(self, browser: BrowserClient) -> dict[str, Any]:
        return dict((await browser.call("GET", "/api/auth/me")).body["user"])

    async def signed_in(self, person: Person) -> tuple[BrowserClient, str]:
        browser = self.browser()
        body = {"email": person.email, "password": PASSWORD, "cookie": True}
        answer = await browser.call("POST", "/api/auth/login", json=body, csrf=await browser.csrf())
        return browser, answer.body["csrf_token"]
