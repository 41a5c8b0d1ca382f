"""Fixtures of the tests of texts: people, their project and its file on the running gateways, through one of them."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.rest.api import Api, Reply
from tests.support.stack import Stack


@dataclass
class Desk:
    """A text file of a project, and who works on it over REST."""

    apis: list[Api]
    """One for each gateway."""
    project: str
    token: str
    file: str = ""
    etag: str = ""
    """Of the text as it was last read or put here."""
    extra: dict[str, Any] = field(default_factory=dict)

    async def call(self, method: str, path: str = "", *, gateway: int = 0, **how: Any) -> Reply:
        """One request about the file, `path` standing behind /api/files/{id}."""
        how.setdefault("token", self.token)
        return await self.apis[gateway].call(method, f"/api/files/{self.file}{path}", **how)

    async def read(self, *, gateway: int = 0) -> str:
        """The text now."""
        api = self.apis[gateway]
        headers = {"Authorization": f"Bearer {self.token}"}
        async with api.client.get(f"/api/files/{self.file}/content", headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
            self.etag = answer.headers["ETag"]
            return await answer.text()

    async def put_large(self, body: bytes) -> int:
        """Put bytes of any size; the status."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "text/plain"}
        url = f"/api/files/{self.file}/content"
        async with self.apis[0].client.put(url, data=io.BytesIO(body), headers=headers) as answer:
            return answer.status

    async def put(self, text: str, *, seen: str | None = None, gateway: int = 0, **how: Any) -> Reply:
        """Put a text, as somebody who saw this ETag."""
        headers = {"Content-Type": "text/plain; charset=utf-8"} | ({"If-Match": seen} if seen else {})
        reply = await self.call("PUT", "/content", gateway=gateway, raw=text.encode(), headers=headers, **how)
        if reply.status == 200:
            self.etag = reply.headers["ETag"]
        return reply

    async def make_file(self, path: str, content: str = "") -> str:
        """Another file of the project; its id."""
        reply = await self.apis[0].call(
            "POST",
            f"/api/projects/{self.project}/files",
            token=self.token,
            json={"path": path, "content": content},
        )
        assert reply.status == 201, reply.body
        return str(reply.body["id"])


@pytest.fixture
async def desk(stack: Stack) -> AsyncIterator[Desk]:
    """A fresh project with an empty file `main`."""
    async with ClientSession(stack.urls[0]) as first, ClientSession(stack.urls[1]) as second:
        apis = [Api(first), Api(second)]
        token = await apis[0].token()
        made = Desk(apis, await apis[0].project(token), token)
        made.file = await made.make_file("main")
        yield made
