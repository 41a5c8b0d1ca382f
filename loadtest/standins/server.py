"""All formats on one port of 127.0.0.1, each under the path of its name, and what was asked of them.

async with Standins() as standins:
    standins.scripts["my-model"] = [Script(refuse="rate"), Script(tokens=3)]
    … ask for `my-model` twice at standins.base_url("openai") …
    assert standins.requests[0].headers["authorization"] == "Bearer key"
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from types import TracebackType
from typing import Any, Final

from aiohttp import web

from loadtest.standins.anthropic import Anthropic
from loadtest.standins.cohere import Cohere
from loadtest.standins.dialect import WRONG_KEY, Dialect
from loadtest.standins.gemini import Gemini
from loadtest.standins.ollama import Ollama
from loadtest.standins.openai import OpenAI
from loadtest.standins.playing import play, refused
from loadtest.standins.recorded import Recorded
from loadtest.standins.relatives import OpenRouter, Perplexity
from loadtest.standins.script import Script, named

DIALECTS: Final[dict[str, Dialect]] = {
    dialect.name: dialect
    for dialect in (OpenAI(), Anthropic(), Gemini(), Cohere(), OpenRouter(), Perplexity(), Ollama())
}
#: What stands between `/{name}` and the paths that the real providers' base URLs include.
_BASES: Final = {"openai": "/v1", "openrouter": "/api/v1"}
MODELS: Final = ("say-20-at-5ms", "say-200-at-5ms", "say-1000-at-5ms", "say-20-error-5", "refuse-rate")
KEPT: Final = 1_000
"""Requests that are remembered; then the oldest go."""
BODY_BYTES: Final = 64 << 20
"""Of a question: pictures and long histories pass."""
_KEY_HEADERS: Final = ("authorization", "x-api-key", "x-goog-api-key")

Handler = Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]


class Standins:
    """All of them, while it is entered."""

    def __init__(self, port: int = 0, models: Sequence[str] = MODELS) -> None:
        self.models = models
        self.scripts: dict[str, Script | list[Script]] = {}
        """By model. Of a list each question takes one, and the last stays."""
        self.requests: deque[Recorded] = deque(maxlen=KEPT)
        """All but those for lists of models, in the order in which they came."""
        self.lists: deque[Recorded] = deque(maxlen=KEPT)
        self._port = port
        self._runner: web.AppRunner | None = None
        self._came = asyncio.Condition()

    @property
    def url(self) -> str:
        """Where they are."""
        return f"http://127.0.0.1:{self._port}"

    def base_url(self, dialect: str) -> str:
        """What to set as a provider's base URL."""
        return f"{self.url}/{dialect}{_BASES.get(dialect, '')}"

    async def asked(self, count: int = 1) -> list[Recorded]:
        """The first requests, once there are so many."""
        async with self._came:
            await self._came.wait_for(lambda: len(self.requests) >= count)
        return list(self.requests)[:count]

    async def __aenter__(self) -> "Standins":
        app = web.Application(client_max_size=BODY_BYTES)
        for name, dialect in DIALECTS.items():
            app.router.add_post(f"/{name}{dialect.chat_path}", self._chat(dialect))
            app.router.add_get(f"/{name}{dialect.list_path}", self._list(dialect))
        app.router.add_get("/requests", self._remembered)
        # A client that leaves is noticed at once, and not with the next token.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def _chat(self, dialect: Dialect) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            recorded = await self._record(dialect, request, self.requests)
            if (key := _key(request)) and WRONG_KEY in key:
                return refused(dialect.refusals["key"], recorded, key)
            body = recorded.body
            if not isinstance(body, dict):
                return refused(dialect.refusal("the body is no object"), recorded)
            if objection := dialect.objection(recorded.headers, request.query, body):
                return refused(dialect.refusal(objection), recorded)
            script = self._script(request.match_info.get("model") or str(body.get("model")))
            if script is None:
                return refused(dialect.refusals["missing"], recorded)
            return await play(request, dialect, script, body, recorded)

        return answer

    def _list(self, dialect: Dialect) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            recorded = await self._record(dialect, request, self.lists)
            if (key := _key(request)) and WRONG_KEY in key:
                return refused(dialect.refusals["key"], recorded, key)
            recorded.ended()
            return web.json_response(dialect.models(self.models, request.query))

        return answer

    async def _record(self, dialect: Dialect, request: web.Request, to: deque[Recorded]) -> Recorded:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            body = json.loads(await request.read() or b"null")
        except ValueError:
            body = None
        recorded = Recorded(dialect.name, request.method, request.path_qs, headers, body)
        async with self._came:
            to.append(recorded)
            self._came.notify_all()
        return recorded

    def _script(self, model: str) -> Script | None:
        given = self.scripts.get(model)
        if isinstance(given, list):
            return given.pop(0) if len(given) > 1 else given[0]
        return given or named(model)

    async def _remembered(self, request: web.Request) -> web.StreamResponse:
        return web.json_response([each.plain() for each in self.requests])


def _key(request: web.Request) -> str:
    keys = [request.headers.get(name, "") for name in _KEY_HEADERS]
    return next((key.removeprefix("Bearer ") for key in keys if key), "")
