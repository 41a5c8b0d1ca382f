"""A gateway in the test's own process, beside the shared instance: with its database, Redis, workers and secret."""

import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp.test_utils import TestServer

from gateway.app import create_app
from gateway.auth.settings import AccountSettings
from gateway.auth.tokens import Tokens
from gateway.launch.home import Home
from gateway.limits import ACCESS_TOKEN_SECONDS
from gateway.settings import Settings
from tests.chats.people import Chatter
from tests.support.stack import Stack


@dataclass
class Site:
    """A gateway in this process, somebody in a chat there, and the chat."""

    url: str
    ann: Chatter
    tokens: Tokens
    chat: str

    async def figure(self, name: str) -> float:
        """Of /metrics."""
        async with aiohttp.ClientSession() as http, http.get(f"{self.url}/metrics") as response:
            lines = (await response.text()).splitlines()
        return next((float(line.split()[-1]) for line in lines if line.startswith(f"{name} ")), 0.0)

    def token(self, seconds: float) -> str:
        """Another one of the same session, which ends so soon."""
        mine = self.tokens.verify_access(self.ann.token)
        self.tokens._now = lambda: time.time() - ACCESS_TOKEN_SECONDS + seconds
        return self.tokens.sign_access(mine.user_id, mine.session_id)[0]


@contextlib.asynccontextmanager
async def open_site(stack: Stack, folder: Path, rate_factor: float = 100_000.0) -> AsyncIterator[Site]:
    """With a new guest, and a chat of theirs."""
    secret = Home(stack.home).secret()
    settings = Settings(
        database_url=stack.database_url, redis_url=stack.redis_url, secret=secret, name="chats-test",
        rate_factor=rate_factor, accounts=AccountSettings(mail_folder=folder),
    )  # fmt: skip
    gateway = TestServer(create_app(settings))
    await gateway.start_server()
    try:
        url = f"http://{gateway.host}:{gateway.port}"
        person = Chatter(url, stack.guest())
        yield Site(url, person, Tokens(secret), (await person.chat(title="Plan"))["id"])
    finally:
        await gateway.close()
