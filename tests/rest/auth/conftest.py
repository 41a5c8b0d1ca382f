"""A gateway whose mails the test reads."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from aiohttp.pytest_plugin import AiohttpClient

from gateway.app import create_app
from gateway.mail.letters import Mail
from gateway.parts import PARTS, Parts
from gateway.settings import Settings
from tests.rest.api import Api

WITHIN = 30.0
"""Seconds for a mail to come; it takes milliseconds."""


@dataclass
class Mailbox:
    """Takes the mails instead of a mail server."""

    boxes: dict[str, "asyncio.Queue[Mail]"] = field(default_factory=lambda: defaultdict(asyncio.Queue))

    async def carry(self, mail: Mail) -> None:
        self.boxes[mail.to].put_nowait(mail)

    async def mail(self, to: str) -> Mail:
        """The next mail to somebody."""
        async with asyncio.timeout(WITHIN):
            return await self.boxes[to].get()

    async def token(self, to: str) -> str:
        """The token in the next mail to somebody."""
        text = (await self.mail(to)).text
        found = re.search(r"#token=([\w-]+)", text)
        assert found, text
        return found[1]


@dataclass
class Site:
    """A gateway, its parts and its mails."""

    api: Api
    parts: Parts
    mails: Mailbox


MakeSite = Callable[..., Awaitable[Site]]


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
