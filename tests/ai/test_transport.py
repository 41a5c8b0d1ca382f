"""One question over HTTP (workers/ai/provider.py), to stand-ins that break: every silence and every break ends."""

import asyncio
import socket
from contextlib import aclosing
from time import monotonic

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ai_router.formats.port import Ask
from ai_router.heard import Delta, Failed, Finished, Heard
from ai_router.providers import PROVIDERS
from loadtest.standins.server import Standins
from schemas.conversation import said
from tests.ai.conftest import WITHIN
from workers.ai.provider import Upstream, answer, is_good, open_client

KEY = "key.wrong.canary.4711"  # in no form that anybody recognises
each_provider = pytest.mark.parametrize("name", list(PROVIDERS))


def upstream(
    standins: Standins, name: str, *, key: str = "right", first_token: float = WITHIN, idle: float = WITHIN
) -> Upstream:
    """A provider's stand-in."""
    return Upstream(name, PROVIDERS[name].format, standins.base_url(name), key, first_token, idle)


async def hear(answers: aiohttp.ClientSession, upstream: Upstream, model: str) -> list[Heard]:
    """All that is said."""
    async with asyncio.timeout(WITHIN):
        return [heard async for heard in answer(answers, upstream, Ask(model, [said("user", "Hello")]))]


def tokens(heard: list[Heard]) -> int:
    """How many of them."""
    return sum(isinstance(each, Delta) for each in heard)


@each_provider
async def test_a_whole_answer(name: str, standins: Standins, answers: aiohttp.ClientSession) -> None:
    """Tokens that come slowly are all heard."""
    heard = await hear(answers, upstream(standins, name), "say-20-at-2ms")
    assert tokens(heard) == 20
    assert heard[-1] == Finished("stop")


@each_provider
async def test_compressed_refusals(name: str, standins: Standins, answers: aiohttp.ClientSession) -> None:
    """Refusals are read though they come compressed, and the key that they repeat is left out."""
    (failure,) = await hear(answers, upstream(standins, name, key=KEY), "say-20")
    assert isinstance(failure, Failed)
    assert failure.kind == "authentication"
    assert KEY not in failure.message
    assert failure.message.isascii()  # as all that stand-ins say; what is compressed is not


@each_provider
@pytest.mark.parametrize("model", ["say-20-late", "say-20-stall-0", "say-20-alive-0"])
async def test_no_first_token(name: str, model: str, standins: Standins, answers: aiohttp.ClientSession) -> None:
    """Who says nothing for too long is left, and keep-alives say nothing."""
    (*_, failure) = await hear(answers, upstream(standins, name, first_token=0.2), model)
    assert isinstance(failure, Failed)
    assert failure.kind == "timeout"
    await _left(standins)


@each_provider
@pytest.mark.parametrize("model", ["say-20-stall-5", "say-20-alive-5"])
async def test_no_further_token(name: str, model: str, standins: Standins, answers: aiohttp.ClientSession) -> None:
    """So is who stops in the middle."""
    heard = await hear(answers, upstream(standins, name, idle=0.2), model)
    assert tokens(heard) == 5
    assert isinstance(heard[-1], Failed)
    assert heard[-1].kind == "timeout"
    await _left(standins)


@each_provider
@pytest.mark.parametrize("model", ["say-20-reset-5", "say-20-torn-5"])
async def test_broken_off(name: str, model: str, standins: Standins, answers: aiohttp.ClientSession) -> None:
    """What was said before a connection broke is heard, and that it broke."""
    heard = await hear(answers, upstream(standins, name), model)
    assert tokens(heard) == 5
    assert isinstance(heard[-1], Failed)
    assert heard[-1].kind == "network"


@each_provider
async def test_connections_are_used_again(name: str, standins: Standins) -> None:
    """The next question takes the connection of the last answer: opening one, and its encryption, takes long."""
    opened: list[object] = []

    async def note(*seen: object) -> None:
        opened.append(seen)

    config = aiohttp.TraceConfig()
    config.on_connection_create_end.append(note)
    async with aiohttp.ClientSession(trace_configs=[config]) as session:
        for _ in range(3):
            assert tokens(await hear(session, upstream(standins, name), "say-5-at-1ms")) == 5
    assert len(opened) == 1


@each_provider
async def test_leaving_closes_the_connection(name: str, standins: Standins, answers: aiohttp.ClientSession) -> None:
    """Who stops listening closes the provider's connection, so that no more is said and billed."""
    asking = Ask("say-1000-at-5ms", [said("user", "Hello")])
    async with asyncio.timeout(WITHIN), aclosing(answer(answers, upstream(standins, name), asking)) as listening:
        async for heard in listening:
            if isinstance(heard, Delta):
                break
        left = monotonic()
    closed_at = await _left(standins)
    assert closed_at - left < 2.0  # seconds; a millisecond as a rule
    assert len(standins.requests[0].sent) < 1000


@each_provider
async def test_redirects_are_not_followed(name: str, standins: Standins, answers: aiohttp.ClientSession) -> None:
    """Questions and keys go where the operator said, and nowhere else; a key is not good because of one, either."""
    elsewhere = standins.base_url(name)

    async def redirect(request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect(elsewhere + request.path_qs)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", redirect)
    async with TestServer(app) as server:
        there = Upstream(name, PROVIDERS[name].format, f"http://{server.host}:{server.port}", KEY)
        (failure,) = await hear(answers, there, "say-5")
        assert isinstance(failure, Failed)
        sending = there.format.ask(there.base_url, KEY, Ask("say-5", [said("user", "Hello")]))
        async with open_client() as client:
            assert await is_good(client, there, sending, WITHIN) != "ok"
    assert not standins.requests


@pytest.mark.parametrize("url", ["http://[nowhere", "http://127.0.0.1:{port}", "gopher://127.0.0.1"])
async def test_nobody_there(url: str, answers: aiohttp.ClientSession) -> None:
    """An address where nobody is, or that is none, is a failure in words."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = Upstream("openai", PROVIDERS["openai"].format, url.format(port=unused.getsockname()[1]))
        (failure,) = await hear(answers, nobody, "say-20")
    assert isinstance(failure, Failed)
    assert failure.kind == "network"


async def _left(standins: Standins) -> float:
    """When the client left the first question."""
    async with asyncio.timeout(WITHIN):
        (request,) = await standins.asked()
        await request.over.wait()
    assert request.closed_at is not None
    return request.closed_at
