"""One question to one provider over HTTP: its bytes through its decoder, with a timer for every kind of silence."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx

from ai_router.formats.port import Ask, Format, Sending
from ai_router.formats.refusals import failed
from ai_router.heard import Failed, Finished, Heard, Sources, Usage
from workers.ai.beat import next_beat
from workers.ai.discretion import silent_about, without
from workers.ai.patience import IDLE_SECONDS

CONNECT_SECONDS: Final = 5.0
FIRST_TOKEN_SECONDS: Final = 60.0
"""From sending to the first token; keep-alives do not count. Reasoning models think for long."""
REFUSAL_BYTES: Final = 64 << 10
"""Of an error's body that are read."""
REST_SECONDS: Final = 0.1
"""For the end of a response whose answer has ended: with it the connection can be used again. As a rule it is there."""
CONNECTIONS: Final = 1_000
"""To all providers of a process: twice the streams that it answers at once (desk.py). Others wait."""
KEPT_SECONDS: Final = 60.0
"""That a connection nobody uses stays open: the next question saves opening one, and its encryption."""


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


async def answer(client: aiohttp.ClientSession, upstream: Upstream, ask: Ask) -> AsyncGenerator[Heard, None]:
    """What the model says. Ends with Finished or Failed; closing it closes the provider's connection."""
    sending = upstream.format.ask(upstream.base_url, upstream.key, ask)
    loop = asyncio.get_running_loop()
    try:
        async with (
            asyncio.timeout(upstream.first_token_seconds) as timer,
            client.request(
                sending.method,
                sending.url,
                headers=sending.headers,
                data=sending.body,
                proxy=_proxy(sending.url),
                allow_redirects=False,  # questions and keys go where the operator said, and nowhere else
            ) as response,
        ):
            if response.status >= 300:
                failure = await _refusal(response.status, response.headers, response.content.iter_any(), upstream)
                yield silent_about(upstream.key, failure)
                return
            decoder = upstream.format.decoder()
            async for piece in response.content.iter_any():
                speaks = False
                for heard in decoder.feed(piece):
                    speaks = speaks or not isinstance(heard, Usage | Sources)
                    yield silent_about(upstream.key, heard) if isinstance(heard, Failed) else heard
                    if isinstance(heard, Finished | Failed):
                        await _read_rest(response)
                        return
                if speaks:
                    timer.reschedule(loop.time() + upstream.idle_seconds)
                    await _until_beat(response)
            for heard in decoder.end():
                yield silent_about(upstream.key, heard) if isinstance(heard, Failed) else heard
    except aiohttp.ServerTimeoutError as error:
        yield failed("timeout", type(error).__name__)
    except TimeoutError:
        yield failed("timeout", "the provider was silent for too long")
    except (aiohttp.ClientError, ValueError) as error:  # ValueError: the URL is none
        yield failed("network", type(error).__name__)


async def _until_beat(response: aiohttp.ClientResponse) -> None:
    """What comes meanwhile is read at once (beat.py)."""
    if response.connection is None or (transport := response.connection.transport) is None:
        return  # all has come
    transport.pause_reading()
    try:
        await asyncio.sleep(next_beat() - asyncio.get_running_loop().time())
    finally:
        if not transport.is_closing():
            transport.resume_reading()


async def _read_rest(response: aiohttp.ClientResponse) -> None:
    with suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(REST_SECONDS):
            while not response.content.at_eof():
                await response.content.readany()


def _proxy(url: str) -> str | None:
    """As the environment says it for other programs."""
    found, parts = getproxies(), urlsplit(url)
    if not found or proxy_bypass(parts.hostname or ""):
        return None
    return found.get(parts.scheme) or found.get("all")


async def is_good(client: httpx.AsyncClient, upstream: Upstream, sending: Sending, seconds: float) -> str:
    """Whether a provider takes a key: `ok` where it answers this request, or the kind of failure."""
    try:
        async with asyncio.timeout(seconds):
            async with client.stream(
                sending.method, sending.url, headers=dict(sending.headers), content=sending.body
            ) as response:
                if response.status_code < 300:  # no redirect is followed either
                    return "ok"
                return (await _refusal(response.status_code, response.headers, response.aiter_bytes(), upstream)).kind
    except (TimeoutError, httpx.TimeoutException):
        return "timeout"
    except (httpx.HTTPError, httpx.InvalidURL):
        return "network"


async def _refusal(status: int, headers: Mapping[str, str], pieces: AsyncIterator[bytes], upstream: Upstream) -> Failed:
    body = b""
    async for piece in pieces:
        body += piece
        if len(body) > REFUSAL_BYTES:
            break
    named = {name.lower(): value for name, value in headers.items()}
    return upstream.format.refusal(status, named, without(body, upstream.key))


def open_answers() -> aiohttp.ClientSession:
    """For the answers of all providers of a process: its own costs an eighth of httpx' for each token."""
    connector = aiohttp.TCPConnector(
        limit=CONNECTIONS, keepalive_timeout=KEPT_SECONDS, ssl=httpx.create_ssl_context(), ttl_dns_cache=60
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def open_client() -> httpx.AsyncClient:
    """For lists of models and tests of keys. Proxies come from the environment, as for other programs."""
    limits = httpx.Limits(max_connections=1_000, max_keepalive_connections=100, keepalive_expiry=60.0)
    return httpx.AsyncClient(timeout=httpx.Timeout(None, connect=CONNECT_SECONDS), limits=limits)
