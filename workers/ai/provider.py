"""One question to one provider over HTTP: its bytes through its decoder, with a timer for every kind of silence."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

import httpx

from ai_router.formats.port import Ask, Format, Sending
from ai_router.formats.refusals import failed
from ai_router.heard import Failed, Finished, Heard, Sources, Usage
from workers.ai.discretion import silent_about, without
from workers.ai.patience import IDLE_SECONDS

CONNECT_SECONDS: Final = 5.0
FIRST_TOKEN_SECONDS: Final = 60.0
"""From sending to the first token; keep-alives do not count. Reasoning models think for long."""
REFUSAL_BYTES: Final = 64 << 10
"""Of an error's body that are read."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a provider is, and with whose key. The key stays out of its repr."""

    name: str
    format: Format
    base_url: str
    key: str = ""
    first_token_seconds: float = FIRST_TOKEN_SECONDS
    idle_seconds: float = IDLE_SECONDS

    def __repr__(self) -> str:
        return f"Upstream({self.name})"


async def answer(client: httpx.AsyncClient, upstream: Upstream, ask: Ask) -> AsyncGenerator[Heard, None]:
    """What the model says. Ends with Finished or Failed; closing it closes the provider's connection."""
    sending = upstream.format.ask(upstream.base_url, upstream.key, ask)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(upstream.first_token_seconds) as timer:
            async with client.stream(
                sending.method, sending.url, headers=dict(sending.headers), content=sending.body
            ) as response:
                if response.status_code >= 400:
                    yield silent_about(upstream.key, await _refusal(response, upstream))
                    return
                decoder = upstream.format.decoder()
                async for piece in response.aiter_bytes():
                    for heard in decoder.feed(piece):
                        if not isinstance(heard, Usage | Sources):
                            timer.reschedule(loop.time() + upstream.idle_seconds)
                        yield silent_about(upstream.key, heard) if isinstance(heard, Failed) else heard
                        if isinstance(heard, Finished | Failed):
                            return
                for heard in decoder.end():
                    yield silent_about(upstream.key, heard) if isinstance(heard, Failed) else heard
    except TimeoutError:
        yield failed("timeout", "the provider was silent for too long")
    except httpx.TimeoutException as error:
        yield failed("timeout", type(error).__name__)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        yield failed("network", type(error).__name__)


async def is_good(client: httpx.AsyncClient, upstream: Upstream, sending: Sending, seconds: float) -> str:
    """Whether a provider takes a key: `ok` where it answers this request, or the kind of failure."""
    try:
        async with asyncio.timeout(seconds):
            async with client.stream(
                sending.method, sending.url, headers=dict(sending.headers), content=sending.body
            ) as response:
                if response.status_code < 400:
                    return "ok"
                return (await _refusal(response, upstream)).kind
    except (TimeoutError, httpx.TimeoutException):
        return "timeout"
    except (httpx.HTTPError, httpx.InvalidURL):
        return "network"


async def _refusal(response: httpx.Response, upstream: Upstream) -> Failed:
    body = b""
    async for piece in response.aiter_bytes():  # not raw: errors come compressed
        body += piece
        if len(body) > REFUSAL_BYTES:
            break
    headers = {name.lower(): value for name, value in response.headers.items()}
    return upstream.format.refusal(response.status_code, headers, without(body, upstream.key))


def open_client() -> httpx.AsyncClient:
    """For all providers of a process. Proxies come from the environment, as for other programs."""
    limits = httpx.Limits(max_connections=1_000, max_keepalive_connections=100, keepalive_expiry=60.0)
    return httpx.AsyncClient(timeout=httpx.Timeout(None, connect=CONNECT_SECONDS), limits=limits)
