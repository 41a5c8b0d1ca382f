"""The stand-ins of providers (loadtest/standins) and our formats, over a real socket."""

import asyncio
import sys
from collections.abc import AsyncIterator
from time import monotonic

import httpx
import pytest

from ai_router.formats.decoding import BROKE_OFF
from ai_router.formats.port import Ask, Listed
from ai_router.heard import Delta, Failed, Finished, Heard, Kind, Usage
from ai_router.providers import PROVIDERS, named_in
from gateway.launch.settings import CHECKOUT
from loadtest.standins.dialect import ASKED, WAIT_SECONDS
from loadtest.standins.script import Refused, Script, named, word
from loadtest.standins.server import Standins
from schemas.conversation import Image, Text, Turn, said
from tests.ai.conftest import WITHIN
from tests.support.waiting import wait_until

KEY = "canary-4711"
TURNS = [
    said("system", "Be brief."),
    Turn("user", (Text("What is this?"), Image("image/png", b"\x89PNG"))),
    said("assistant", "A cat."),
    said("assistant", " "),
    said("user", "Sure?"),
    said("user", "Really?"),
]
each_provider = pytest.mark.parametrize("name", list(PROVIDERS))


async def listen(
    client: httpx.AsyncClient, standins: Standins, name: str, model: str, key: str = KEY
) -> AsyncIterator[Heard]:
    """What a provider's stand-in says, as our format understands it."""
    form = PROVIDERS[name].format
    sending = form.ask(standins.base_url(name), key, Ask(model, TURNS))
    async with client.stream(
        sending.method, sending.url, headers=dict(sending.headers), content=sending.body
    ) as answer:
        if answer.status_code != 200:
            headers = {header.lower(): value for header, value in answer.headers.items()}
            yield form.refusal(answer.status_code, headers, await answer.aread())
            return
        decoder = form.decoder()
        try:
            async for piece in answer.aiter_bytes():
                for heard in decoder.feed(piece):
                    yield heard
                    if isinstance(heard, Finished | Failed):
                        return
        except httpx.TransportError as error:
            yield Failed("network", type(error).__name__)
            return
        for heard in decoder.end():
            yield heard


async def hear(client: httpx.AsyncClient, standins: Standins, name: str, model: str, key: str = KEY) -> list[Heard]:
    """All of it."""
    async with asyncio.timeout(WITHIN):
        return [heard async for heard in listen(client, standins, name, model, key)]


def text(heard: list[Heard]) -> str:
    """The answer."""
    return "".join(each.text for each in heard if isinstance(each, Delta))


def numbers(count: int) -> str:
    """What stand-ins say in so many tokens."""
    return "".join(word(number) for number in range(count))


@each_provider
@pytest.mark.parametrize("model", ["say-20", "say-20-at-1ms", "say-20-split", "say-20-twice", "say-20-late-5ms"])
async def test_whole_answers(name: str, model: str, standins: Standins, client: httpx.AsyncClient) -> None:
    """Slow, cut at every byte, begun twice or late: each answer is heard whole, once, with its usage."""
    heard = await hear(client, standins, name, model)
    assert text(heard) == numbers(20)
    assert heard[-1] == Finished("stop")
    usage = [each for each in heard if isinstance(each, Usage)][-1]
    assert (usage.input, usage.output) == (ASKED, 20)
    (request,) = standins.requests
    assert len(request.sent) == 20
    await asyncio.wait_for(request.over.wait(), WITHIN)
    assert request.closed_at is None


@each_provider
async def test_texts_of_ones_own(name: str, standins: Standins, client: httpx.AsyncClient) -> None:
    """A test may say what is said; any characters come through, cut at every byte."""
    standins.scripts["mine"] = Script(pieces=("Grü", "ße 🎉", ' "\\\n', "data: x\r\n\r\n"), split=True)
    assert text(await hear(client, standins, name, "mine")) == 'Grüße 🎉 "\\\ndata: x\r\n\r\n'


KINDS: dict[Refused, Kind] = {
    "rate": "rate",
    "quota": "payment",
    "overloaded": "overloaded",
    "broken": "server",
    "key": "authentication",
    "missing": "not-found",
    "long": "too-long",
}


@each_provider
@pytest.mark.parametrize("refused", list(KINDS))
async def test_refusals(name: str, refused: Refused, standins: Standins, client: httpx.AsyncClient) -> None:
    """What a provider refuses means the same in all dialects, with the time to wait where waiting helps."""
    (failure,) = await hear(client, standins, name, f"refuse-{refused}")
    assert isinstance(failure, Failed)
    assert failure.kind == KINDS[refused]
    assert failure.retry_after == (WAIT_SECONDS if refused == "rate" else None)


@each_provider
async def test_a_wrong_key(name: str, standins: Standins, client: httpx.AsyncClient) -> None:
    """A wrong key is told from all else; where the provider repeats it, it may have to be hidden."""
    (failure,) = await hear(client, standins, name, "say-5", key="sk-wrong-canary-4711")
    assert isinstance(failure, Failed)
    assert failure.kind == "authentication"
    assert "canary" not in failure.message


@each_provider
async def test_no_such_model(name: str, standins: Standins, client: httpx.AsyncClient) -> None:
    """A model that says nothing does not exist."""
    (failure,) = await hear(client, standins, name, "say-nothing")
    assert isinstance(failure, Failed)
    assert failure.kind == "not-found"


@each_provider
async def test_errors_inside_an_answer(name: str, standins: Standins, client: httpx.AsyncClient) -> None:
    """With status 200, after some tokens."""
    heard = await hear(client, standins, name, "say-20-error-5")
    assert text(heard) == numbers(5)
    last = heard[-1]
    assert isinstance(last, Failed)
    assert last.kind in ("overloaded", "server")


@each_provider
@pytest.mark.parametrize("model", ["say-20-reset-5", "say-20-at-1ms-torn-5", "say-20-torn", "say-20-reset"])
async def test_broken_connections(name: str, model: str, standins: Standins, client: httpx.AsyncClient) -> None:
    """Reset, or closed as if nothing were missing: what was shown is heard, and that it broke off."""
    heard = await hear(client, standins, name, model)
    shown = standins.requests[0].sent
    assert len(shown) == (5 if "5" in model else 0)
    assert text(heard) == numbers(len(shown))
    last = heard[-1]
    assert last == BROKE_OFF if "torn" in model else isinstance(last, Failed) and last.kind == "network"


@each_provider
@pytest.mark.parametrize("model", ["say-20-stall-0", "say-20-stall-5", "say-20-alive-0", "say-20-alive-5"])
async def test_silence(name: str, model: str, standins: Standins, client: httpx.AsyncClient) -> None:
    """Nothing more comes, or keep-alives alone, which say nothing; who leaves is noticed at once."""
    fault_after = int(model[-1])
    listening = listen(client, standins, name, model)
    heard: list[Heard] = []

    async def all_of_it() -> None:
        async for each in listening:
            heard.append(each)

    listener = asyncio.create_task(all_of_it())
    async with asyncio.timeout(WITHIN):
        (request,) = await standins.asked()
        await wait_until(lambda: text(heard) == numbers(fault_after), "what is said before the silence")
        await wait_until(lambda: request.kept_alive >= (5 if "alive" in model else 0), "some keep-alives")
        assert text(heard) == numbers(fault_after)
        assert not listener.done()
        left = monotonic()
        listener.cancel()
        await asyncio.wait([listener])
        await request.over.wait()
    assert request.closed_at is not None
    assert request.closed_at >= left
    assert request.ended_at is None


@each_provider
async def test_headers_that_never_come(name: str, standins: Standins, client: httpx.AsyncClient) -> None:
    """Who waits for a status in vain, and leaves, is noticed too."""
    listener = asyncio.create_task(hear(client, standins, name, "say-20-late"))
    async with asyncio.timeout(WITHIN):
        (request,) = await standins.asked()
        listener.cancel()
        await asyncio.wait([listener])
        await request.over.wait()
    assert request.closed_at is not None
    assert request.sent == []


async def test_one_after_the_other(standins: Standins, client: httpx.AsyncClient) -> None:
    """A model may fail first and answer then."""
    standins.scripts["shaky"] = [Script(refuse="overloaded"), Script(tokens=3)]
    kinds = [type((await hear(client, standins, "openai", "shaky"))[-1]) for _ in range(3)]
    assert kinds == [Failed, Finished, Finished]


@each_provider
async def test_what_is_recorded(name: str, standins: Standins, client: httpx.AsyncClient) -> None:
    """Each request is kept with its headers, its body, and when its tokens were sent."""
    before = monotonic()
    await hear(client, standins, name, "say-3")
    (request,) = await standins.asked()
    assert request.dialect == name
    assert request.method == "POST"
    assert KEY in "".join(request.headers.values())
    assert "Really?" in str(request.body)
    times = [before, request.at, *request.sent, request.ended_at or 0, monotonic()]
    assert times == sorted(times)
    over_http = (await client.get(f"{standins.url}/requests")).json()
    assert over_http == [request.plain()]


@each_provider
async def test_lists_of_models(name: str, standins: Standins, client: httpx.AsyncClient) -> None:
    """Lists are read page by page."""
    form, page, found = PROVIDERS[name].format, "", list[Listed]()
    for _ in standins.models:
        sending = form.list_models(standins.base_url(name), KEY, page)
        models, page = form.read_models((await client.get(sending.url, headers=dict(sending.headers))).content)
        found += models
        if not page:
            break
    assert tuple(model.name for model in found) == tuple(standins.models)
    pages = {"anthropic": 3, "gemini": 3, "cohere": 3}.get(name, 1)
    assert len(standins.lists) == pages


QUESTIONS = [
    ("anthropic", "/v1/messages", {"model": "say-1", "messages": [{"role": "user", "content": []}]}),
    ("openai", "/v1/chat/completions", {"model": "say-1", "stream": True}),
    ("perplexity", "/chat/completions", {"model": "say-1", "stream": True, "messages": [{"role": "assistant"}]}),
    ("gemini", "/v1beta/models/say-1:streamGenerateContent", {"contents": []}),
    ("cohere", "/v2/chat", {"model": "say-1"}),
    ("ollama", "/api/chat", []),
]


@pytest.mark.parametrize(("name", "path", "body"), QUESTIONS)
async def test_what_providers_would_refuse(
    name: str, path: str, body: object, standins: Standins, client: httpx.AsyncClient
) -> None:
    """Questions that the real ones refuse are refused, so that a test cannot pass with them."""
    answer = await client.post(f"{standins.url}/{name}{path}", json=body)
    assert answer.status_code == 400


def test_names_of_models() -> None:
    """A model's name says what it does; other names are no models."""
    assert named("say-50-at-5ms") == Script(tokens=50, pause=0.005)
    assert named("say-7-at-2ms-split-twice-late-30ms-reset-3") == Script(
        tokens=7, pause=0.002, split=True, starts=2, late=0.03, fault="reset", after=3
    )
    for name in ("say", "say-x", "say-5-dance", "refuse-dance", "gpt-4o", "say-5-at-5s"):
        assert named(name) is None


async def test_as_a_process(client: httpx.AsyncClient) -> None:
    """`python -m loadtest.standins` says where it is, resets connections too, and ends when told to."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtest.standins"), cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(WITHIN):
            lines = [(await process.stdout.readline()).decode().strip() for _ in range(len(PROVIDERS) + 1)]
            url = lines[-1].removeprefix("ready on ")
            assert f"OLLAMA_API_URL={url}/ollama" in lines
            environment = dict(word.split("=") for line in lines[:-1] for word in line.split())
            access = named_in(environment)["openai"]
            form = access.provider.format
            for model, last in (("say-5", Finished("stop")), ("say-5-reset-2", None)):
                heard: list[Heard] = []
                sending = form.ask(access.base_url, access.key, Ask(model, TURNS))
                decoder = form.decoder()
                try:
                    async with client.stream(
                        "POST", sending.url, headers=dict(sending.headers), content=sending.body
                    ) as got:
                        async for piece in got.aiter_bytes():
                            heard += decoder.feed(piece)
                except httpx.TransportError:
                    assert last is None
                assert text(heard) == numbers(2 if last is None else 5)
                assert last is None or heard[-1] == last
            process.terminate()
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
