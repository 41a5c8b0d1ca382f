"""A fresh project on a running Atrium, and how each stock client is told to open a document of it.

Every test makes its own, so tests share one running Atrium without seeing each other's documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp

ROLES = ("viewer", "editor")
"""The roles for which a project of a test holds room tokens."""


@dataclass(frozen=True)
class Project:
    """A project and its tokens. The methods give the arguments of `Peer.open` for one dialect."""

    gateways: Sequence[str]
    """The HTTP addresses of the gateway processes; `gateway=` below chooses one."""
    id: str
    access_token: str = field(repr=False)
    tokens: dict[str, str] = field(repr=False)
    """Room tokens by role."""

    def collab(self, gateway: int = 0) -> str:
        """What a y-websocket client takes as its server's URL."""
        return f"{_websocket(self.gateways[gateway])}/collab/{self.id}"

    def y_websocket(
        self,
        document: str = "main",
        *,
        gateway: int = 0,
        role: str = "editor",
        version: int = 3,
        **more: Any,
    ) -> dict[str, Any]:
        """y-websocket 3.1.0 or 2.1.0. It puts the document into the URL as it is, so its user encodes it."""
        return {
            "kind": f"y-websocket-{version}",
            "url": self.collab(gateway),
            "document": quote(document, safe="/"),
            "token": self.tokens[role],
            **more,
        }

    def hocuspocus(
        self, document: str = "main", *, gateway: int = 0, role: str = "editor", **more: Any
    ) -> dict[str, Any]:
        """@hocuspocus/provider 4.8.0. With `socket="name"` documents share a socket."""
        return {
            "kind": "hocuspocus",
            "url": f"{_websocket(self.gateways[gateway])}/hocuspocus",
            "document": f"{self.id}/{document}",
            "token": self.tokens[role],
            **more,
        }

    def ypy(self, document: str = "main", *, gateway: int = 0, role: str = "editor") -> dict[str, Any]:
        """ypy-websocket 0.12.4."""
        return {
            "kind": "ypy-websocket",
            "url": self.collab(gateway),
            "document": quote(document, safe="/"),
            "token": self.tokens[role],
        }


async def create_project(gateways: Sequence[str], file: str = "main") -> Project:
    """A guest, a project of theirs with one file, and its room tokens, by the requests that an application makes."""
    async with aiohttp.ClientSession(gateways[0], raise_for_status=True) as http:
        async with http.post("/api/auth/guest") as answer:
            access_token = (await answer.json())["access_token"]
        headers = {"Authorization": f"Bearer {access_token}"}
        async with http.post("/api/projects", json={"name": "Stock clients"}, headers=headers) as answer:
            project = (await answer.json())["id"]
        async with http.post(f"/api/projects/{project}/files", json={"path": file}, headers=headers):
            pass
        tokens = {}
        for role in ROLES:
            url = f"/api/projects/{project}/token"
            async with http.post(url, json={"role": role}, headers=headers) as answer:
                tokens[role] = (await answer.json())["token"]
    return Project(gateways, project, access_token, tokens)


def _websocket(url: str) -> str:
    return "ws" + url.removeprefix("http")
