"""A provider's stand-in for tests of keys: a server on a real socket that takes, refuses or repeats what it gets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass
class StandIn:
    """What it does with requests, by the key they bring: `takes` any other."""

    refused: set[str] = field(default_factory=set)
    """401, in OpenAI's words, with the key in them."""
    repeated: set[str] = field(default_factory=set)
    """400, with all headers in the message."""
    silent: set[str] = field(default_factory=set)
    """No answer at all."""
    heard: list[str] = field(default_factory=list)
    url: str = ""
    words: str = "all is well"
    usage: dict[str, int] | None = field(default_factory=lambda: {"prompt_tokens": 1_000, "completion_tokens": 500})

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.heard.append(key)
        if key in self.silent:
            await asyncio.Event().wait()
        if key in self.refused:
            message = f"Incorrect API key provided: {key}. You can find yours at …"
            return web.json_response({"error": {"message": message, "code": "invalid_api_key"}}, status=401)
        if key in self.repeated:
            message = json.dumps(dict(request.headers)) * 3
            return web.json_response({"error": {"message": message, "type": "invalid_request_error"}}, status=400)
        if request.method == "GET":
            return web.json_response({"object": "list", "data": [{"id": "gpt-4o-mini", "object": "model"}]})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for word in self.words.split(" "):
            await response.write(
                _chunk(choices=[{"index": 0, "delta": {"content": word + " "}, "finish_reason": None}])
            )
        await response.write(_chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]))
        if self.usage is not None:
            await response.write(_chunk(choices=[], usage=self.usage))
        await response.write(b"data: [DONE]\n\n")
        return response


@asynccontextmanager
async def stand_in() -> AsyncIterator[StandIn]:
    """A running one; `url` is its base."""
    mine = StandIn()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", mine.handle)
    server = TestServer(app)
    await server.start_server()
    mine.url = f"http://127.0.0.1:{server.port}/v1"
    try:
        yield mine
    finally:
        await server.close()


def _chunk(**body: object) -> bytes:
    return (
        b"data: " + json.dumps({"id": "x", "object": "chat.completion.chunk", "model": "m"} | body).encode() + b"\n\n"
    )
