"""GitHub's side of signing in (OAuth 2, authorisation code with PKCE). Used by gateway/routes/oauth.py.

    browser ──► {github}/login/oauth/authorize?client_id, redirect_uri, state, code_challenge (S256)
    browser ◄── redirect_uri?code, state
    we ──► {github}/login/oauth/access_token: code, code_verifier ──► token ──► {api}/user, {api}/user/emails

The token is used for these two questions and dropped.
https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import urlencode

import httpx
import msgspec

from gateway.auth.settings import AccountSettings
from gateway.limits import OAUTH_ANSWER_BYTES, OAUTH_ANSWER_SECONDS

PROVIDER: Final = "github"
CALLBACK: Final = "/api/auth/callback/github"
SCOPE: Final = "read:user user:email"
KindT = TypeVar("KindT")


class GitHubRefused(Exception):
    """GitHub did not say who it is; the message is for the log, and holds no token."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in at GitHub. `email` is one that GitHub verified, or None."""

    id: str
    login: str
    name: str
    avatar_url: str | None
    email: str | None


class _Token(msgspec.Struct, frozen=True):
    access_token: str = ""
    error: str = ""


class _User(msgspec.Struct, frozen=True):
    id: int
    login: str
    name: str | None = None
    avatar_url: str | None = None


class _Email(msgspec.Struct, frozen=True):
    email: str
    primary: bool = False
    verified: bool = False


class GitHub:
    """One per gateway; `async with` opens its connections."""

    def __init__(self, settings: AccountSettings, site_url: str, secret: str) -> None:
        self._settings = settings
        self._redirect = site_url + CALLBACK
        self._key = hashlib.sha256(b"pkce:" + secret.encode()).digest()
        self._http: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        self._http = httpx.AsyncClient(timeout=OAUTH_ANSWER_SECONDS, headers={"User-Agent": "Atrium"})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.aclose()

    def address(self, state: str) -> str:
        """Where to send the browser."""
        challenge = hashlib.sha256(self._verifier(state).encode()).digest()
        query = {
            "client_id": self._settings.github_id,
            "redirect_uri": self._redirect,
            "scope": SCOPE,
            "state": state,
            "code_challenge": _base64(challenge),
            "code_challenge_method": "S256",
        }
        return f"{self._settings.github_url}/login/oauth/authorize?{urlencode(query)}"

    async def person(self, code: str, state: str) -> Person:
        """Who came back with this code. Raises GitHubRefused."""
        form = {
            "client_id": self._settings.github_id,
            "client_secret": self._settings.github_secret,
            "code": code,
            "redirect_uri": self._redirect,
            "code_verifier": self._verifier(state),
        }
        got = await self._ask("POST", f"{self._settings.github_url}/login/oauth/access_token", _Token, data=form)
        if not got.access_token:
            raise GitHubRefused(f"no token: {got.error[:80]!r}")
        user = await self._ask("GET", f"{self._settings.github_api_url}/user", _User, token=got.access_token)
        emails = await self._ask(
            "GET", f"{self._settings.github_api_url}/user/emails", list[_Email], token=got.access_token
        )
        verified = sorted((each for each in emails if each.verified), key=lambda each: not each.primary)
        return Person(
            id=str(user.id),
            login=user.login,
            name=user.name or user.login,
            avatar_url=user.avatar_url,
            email=verified[0].email if verified else None,
        )

    def _verifier(self, state: str) -> str:
        # Made of the state, so that nothing secret has to be kept between leaving and coming back.
        return _base64(hmac.new(self._key, state.encode(), hashlib.sha256).digest())

    async def _ask(
        self, method: str, url: str, kind: type[KindT], *, token: str = "", data: dict[str, str] | None = None
    ) -> KindT:
        assert self._http is not None, "not opened"
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        try:
            async with self._http.stream(method, url, headers=headers, data=data) as response:
                raw = bytearray()
                async for part in response.aiter_bytes():
                    raw += part
                    if len(raw) > OAUTH_ANSWER_BYTES:
                        raise GitHubRefused("its answer is too long")
            if response.status_code != 200:
                raise GitHubRefused(f"its answer has the status {response.status_code}")
            return msgspec.json.decode(bytes(raw), type=kind)
        except httpx.HTTPError as error:
            raise GitHubRefused(f"out of reach: {type(error).__name__}") from error
        except msgspec.MsgspecError as error:
            raise GitHubRefused("its answer has another shape") from error


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
