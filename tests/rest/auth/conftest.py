"""Sites for the tests of accounts: the usual one, others, and one that people come to from GitHub."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.pytest_plugin import AiohttpClient
from aiohttp.test_utils import TestServer

from gateway.app import create_app
from gateway.parts import PARTS
from gateway.settings import Settings
from tests.rest.api import Api
from tests.rest.auth.fake_github import CLIENT_ID, CLIENT_SECRET, FakeGitHub
from tests.rest.auth.github_scene import FRONTEND, Scene
from tests.rest.auth.site import Mailbox, MakeSite, Site


@pytest.fixture
def make_site(make_settings: Callable[..., Settings], aiohttp_client: AiohttpClient) -> MakeSite:
    """Makes one; keywords change AccountSettings, `settings` the others."""

    async def make(settings: dict[str, Any] | None = None, **accounts: Any) -> Site:
        plain = make_settings(**(settings or {}))
        app = create_app(replace(plain, accounts=replace(plain.accounts, **accounts)), live=False)
        mails = Mailbox()
        app[PARTS].accounts.post._carrier = mails
        return Site(Api(await aiohttp_client(app)), app[PARTS], mails)

    return make


@pytest.fixture
async def site(make_site: MakeSite) -> Site:
    """The usual one."""
    return await make_site()


@pytest.fixture
async def scene(make_site: MakeSite, aiohttp_server: Callable[..., Coroutine[Any, Any, TestServer]]) -> Scene:
    """The same, with a fake GitHub."""
    github = FakeGitHub()
    github.url = str((await aiohttp_server(github.app())).make_url("")).rstrip("/")
    site = await make_site(
        {"origins": (FRONTEND,)},
        github_id=CLIENT_ID,
        github_secret=CLIENT_SECRET,
        github_url=github.url,
        github_api_url=github.url,
        admin_email="octo-root@example.com",
    )
    return Scene(site, github)
