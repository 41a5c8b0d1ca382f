"""What the routes of accounts share, made once per gateway by app.py and reached as `parts.accounts`."""

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from gateway.auth.browser import Browser
from gateway.auth.common import objection
from gateway.auth.github import GitHub
from gateway.auth.identity import Identity
from gateway.auth.passwords import Passwords
from gateway.auth.refresh import RefreshTokens
from gateway.auth.settings import read_blocked
from gateway.auth.tokens import Tokens
from gateway.mail.folder import Folder
from gateway.mail.post import Carrier, Post
from gateway.mail.smtp import Smtp
from gateway.refusals import Invalid
from gateway.settings import Settings


class Accounts:
    """Constructing it opens nothing; `async with` does."""

    def __init__(self, settings: Settings, identity: Identity, tokens: Tokens) -> None:
        own = settings.accounts
        carrier: Carrier = Folder(own.mail_folder, own.mail_from) if own.smtp is None else Smtp(own.smtp, own.mail_from)
        self.settings = own
        self.site_url = settings.site_url
        self.origins = frozenset(settings.origins)
        self.passwords = Passwords()
        self.refresh = RefreshTokens(settings.secret)
        self.browser = Browser(identity, tokens, self.refresh, settings.secret)
        self.post = Post(carrier)
        self.github = GitHub(own, settings.site_url, settings.secret) if own.github_id else None
        self._blocked = read_blocked(own.blocked_passwords)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._open.enter_async_context(self.post)
        if self.github is not None:
            await self._open.enter_async_context(self.github)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()
        self.passwords.close()

    def accept(self, password: str, pointer: str, *about: str | None) -> None:
        """Raises Invalid for a password that is too common or has the wrong length; `about` the account."""
        if (reason := objection(password, [text for text in about if text], self._blocked)) is not None:
            raise Invalid.field(pointer, reason)
