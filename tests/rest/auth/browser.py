"""A browser, as far as cookies go: it keeps what it is told to, also over http, where the test client would not."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.rest.api import Api


class BrowserClient:
    """Speaks to one gateway with a jar of cookies."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.cookies: dict[str, str] = {}
        self.flags: dict[str, Any] = {}

    async def call(
        self, method: str, path: str, *, csrf: str = "", json: object = None, form: dict[str, str] | None = None
    ) -> "Page":
        """One request, redirects not followed."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if csrf:
            headers["X-CSRF-Token"] = csrf
        options: dict[str, Any] = {"json": json} if json is not None else {"data": form} if form is not None else {}
        async with self.api.client.request(method, path, headers=headers, allow_redirects=False, **options) as answer:
            for name, morsel in answer.cookies.items():
                self.flags[name] = morsel
                if morsel.value:
                    self.cookies[name] = morsel.value
                else:
                    self.cookies.pop(name, None)
            body = await answer.json(content_type=None) if "json" in answer.content_type else await answer.text()
            return Page(answer.status, dict(answer.headers), body)

    async def csrf(self) -> str:
        """What our own page would ask for first."""
        return str((await self.call("GET", "/api/auth/csrf")).body["csrfToken"])


class Page:
    """What came back."""

    def __init__(self, status: int, headers: dict[str, str], body: Any) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def location(self) -> str:
        assert self.status == 302, (self.status, self.body)
        return self.headers["Location"]

    @property
    def query(self) -> dict[str, str]:
        """Of the location."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.location).query).items()}
