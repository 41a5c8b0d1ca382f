"""A person with an access token, as the tests of the REST side speak to a gateway. Made by the fixture `api`."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request
from multidict import CIMultiDict

from schemas.problems import CONTENT_TYPE

Client = TestClient[Request, Application] | ClientSession
"""A gateway in this process, or any other by its base URL."""


@dataclass(frozen=True)
class Reply:
    """Status, headers and JSON body."""

    status: int
    headers: Mapping[str, str]
    body: Any

    def problem(self, status: int, kind: str) -> Any:
        """The body, after checking that it is the problem expected."""
        assert self.status == status, self.body
        assert self.headers["Content-Type"] == CONTENT_TYPE
        assert self.body["status"] == status
        assert self.body["type"] == f"/problems#{kind}"
        assert self.body["title"]
        return self.body


class Api:
    """Calls one gateway."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def call(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        json: object = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request; the reply, whatever its status."""
        headers = dict(headers or {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        options: dict[str, Any] = {} if json is None else {"json": json}
        if raw is not None:
            options = {"data": io.BytesIO(raw)}
        async with self.client.request(method, path, headers=headers, **options) as response:
            body = await response.json(content_type=None) if "json" in response.content_type else None
            return Reply(response.status, CIMultiDict(response.headers), body)

    async def guest(self, **body: object) -> dict[str, Any]:
        """A new guest: the whole answer of the endpoint."""
        reply = await self.call("POST", "/api/auth/guest", json=body)
        assert reply.status == 201, reply.body
        return dict(reply.body)

    async def token(self) -> str:
        """A new guest's access token."""
        return str((await self.guest())["access_token"])

    async def project(self, token: str, name: str = "Thesis") -> str:
        """A new project's id."""
        reply = await self.call("POST", "/api/projects", token=token, json={"name": name})
        assert reply.status == 201, reply.body
        return str(reply.body["id"])
