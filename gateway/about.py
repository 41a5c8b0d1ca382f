"""What Atrium says of itself: its API for machines and for people, and its version. Served by routes/__init__.py."""

import msgspec
from aiohttp import web

from gateway.docs_page import CONTENT_POLICY, docs_page
from gateway.openapi import Json
from schemas.about import VERSION, Version

CACHED = {"Cache-Control": "public, max-age=300"}


class About:
    """One per gateway; everything is made once."""

    def __init__(self, api: Json, name: str) -> None:
        self._api = msgspec.json.encode(api)
        self._page = docs_page(api)
        self._version = msgspec.json.encode(Version(VERSION, name))

    async def openapi(self, request: web.Request) -> web.Response:
        """`GET /api/openapi.json`."""
        return web.Response(body=self._api, content_type="application/json", headers=CACHED)

    async def docs(self, request: web.Request) -> web.Response:
        """`GET /api/docs`."""
        headers = CACHED | {"Content-Security-Policy": CONTENT_POLICY}
        return web.Response(text=self._page, content_type="text/html", headers=headers)

    async def version(self, request: web.Request) -> web.Response:
        """`GET /version`."""
        return web.Response(body=self._version, content_type="application/json")
