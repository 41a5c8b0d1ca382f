"""A gateway whose mails the test reads. Made by the fixtures `site` and `make_site`."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.mail.letters import Mail
from gateway.parts import Parts
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
