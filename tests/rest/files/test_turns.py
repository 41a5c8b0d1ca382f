"""Clients that send and read as slowly as they like take their own turns, and nobody else's (gateway/turns.py)."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from ipaddress import ip_network
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.pytest_plugin import AiohttpClient
from aiohttp.test_utils import TestClient

from gateway import spool
from gateway.app import create_app
from gateway.archives import turns as reading
from gateway.archives.limits import EXPORTS, IMPORTS, READERS
from gateway.archives.turns import Readers
from gateway.parts import PARTS, Parts
from gateway.settings import Settings
from gateway.spool import UPLOADS
from gateway.turns import Bound, Turns
from tests.rest.api import Api
from tests.rest.files.archives import archive, names_of
from tests.rest.files.test_binary import new_url
from tests.support.waiting import wait_until


class Gateway:
    """A live gateway in this process, behind a proxy that says where requests come from."""

    def __init__(self, client: "TestClient[web.Request, web.Application]") -> None:
        self.client, self.api = client, Api(client)
        self.parts: Parts = client.app[PARTS]

    @asynccontextmanager
    async def begun(
        self, start: str, token: str, sent: bytes = b"", size: int = 0
    ) -> AsyncIterator[asyncio.StreamReader]:
        """A request with so much of its body, whose answer nobody reads."""
        reader, writer = await asyncio.open_connection(self.client.host, self.client.port, limit=2**12)
        head = f"{start} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {size}\r\n\r\n"
        writer.write((head if token else head.replace("Authorization: Bearer ", "X-Nobody: yes")).encode() + sent)
        try:
            yield reader
        finally:
            writer.transport.abort()

    async def bring(self, token: str, project: str, address: str = "10.0.0.1") -> int:
        """Import an archive; the status."""
        headers = {"X-Forwarded-For": address}
        path, data = f"/api/projects/{project}/import?on_conflict=skip", archive({"a": "text"})
        return (await self.api.call("POST", path, token=token, raw=data, headers=headers)).status


@pytest.fixture
async def gateway(make_settings: Callable[..., Settings], aiohttp_client: AiohttpClient) -> Gateway:
    settings = make_settings(name="turns", trusted_proxies=(ip_network("127.0.0.0/8"),))
    return Gateway(await aiohttp_client(create_app(settings)))


async def test_trickled_imports_hold_up_nobody(gateway: Gateway) -> None:
    """Whoever sends archives byte by byte can send no more of them; everybody else is served meanwhile."""
    slow, other = await gateway.api.token(), await gateway.api.token()
    projects = [await gateway.api.project(slow), await gateway.api.project(other)]
    async with AsyncExitStack() as stack:
        start = f"POST /api/projects/{projects[0]}/import"
        for _ in range(IMPORTS.by_user):
            await stack.enter_async_context(gateway.begun(start, slow, b"PK", 1_000))
        await wait_until(lambda: gateway.parts.turns.running(IMPORTS) == IMPORTS.by_user, "both to begin")
        assert await gateway.bring(slow, projects[0]) == 429
        assert await gateway.bring(other, projects[1]) == 200
    await wait_until(lambda: not gateway.parts.turns.running(IMPORTS), "their end to be noticed")
    assert await gateway.bring(slow, projects[0]) == 200


async def test_trickled_uploads_are_bounded(gateway: Gateway) -> None:
    """The same for binary files; who comes one too many is told when to come back."""
    owner = await gateway.api.token()
    url = await new_url(gateway.api, owner, await gateway.api.project(owner), "a.bin")
    async with AsyncExitStack() as stack:
        for _ in range(UPLOADS.by_user):
            await stack.enter_async_context(gateway.begun(f"PUT {url}", owner, b"\xff", 1_000))
        await wait_until(lambda: gateway.parts.turns.running(UPLOADS) == UPLOADS.by_user, "all to begin")
        refused = await gateway.api.call("PUT", url, token=owner, raw=b"\xff")
        refused.problem(429, "too-many")
        assert refused.headers["Retry-After"] == "5"


async def test_slow_readers_hold_up_nobody(gateway: Gateway) -> None:
    """Nobody in particular, who reads exports of a public project slowly, takes the turns of one address."""
    owner = await gateway.api.token()
    project = await gateway.api.project(owner)
    url = await new_url(gateway.api, owner, project, "a.bin")
    data = random.Random(5).randbytes(20 << 20)  # more than sockets hold
    assert (await gateway.api.call("PUT", url, token=owner, raw=data)).status == 200
    public = await gateway.api.call("PATCH", f"/api/projects/{project}", token=owner, json={"visibility": "public"})
    assert public.status == 200
    path = f"/api/projects/{project}/export"
    async with AsyncExitStack() as stack:
        for _ in range(EXPORTS.by_address):
            reader = await stack.enter_async_context(gateway.begun(f"GET {path}", ""))
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        assert gateway.parts.turns.running(EXPORTS) == EXPORTS.by_address
        (await gateway.api.call("GET", path)).problem(429, "too-many")
        async with gateway.client.get(path, headers={"X-Forwarded-For": "10.0.0.2"}) as answer:
            assert names_of(await answer.read()) == {"a.bin": data}
    await wait_until(lambda: not gateway.parts.turns.running(EXPORTS), "their end to be noticed")


async def test_bodies_are_bounded_together(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on its way fits on the disk; a body has so long to come. Whatever was refused leaves nothing behind."""
    owner = await gateway.api.token()
    project = await gateway.api.project(owner)
    url = await new_url(gateway.api, owner, project, "a.bin")
    monkeypatch.setattr(spool, "SPOOL_BYTES", 1_000)
    (await gateway.api.call("PUT", url, token=owner, raw=b"x" * 1_001)).problem(503, "unavailable")
    assert (await gateway.api.call("PUT", url, token=owner, raw=b"x" * 1_000)).status == 200
    assert (await gateway.api.call("PUT", url, token=owner, raw=b"y" * 1_000)).status == 200
    monkeypatch.setattr(spool, "SPOOL_SECONDS", -1.0)
    (await gateway.api.call("PUT", url, token=owner, raw=b"x")).problem(408, "refused")
    assert not gateway.parts.turns.running(UPLOADS)


async def test_archives_wait_for_a_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole archives are read in turn; who waits too long is sent away, and the turns are still right."""
    monkeypatch.setattr(reading, "READER_WAIT_SECONDS", 0.05)
    readers = Readers()
    async with AsyncExitStack() as stack:
        for _ in range(READERS):
            await stack.enter_async_context(readers.turn())
        with pytest.raises(web.HTTPServiceUnavailable):
            await stack.enter_async_context(readers.turn())
    async with readers.turn(), readers.turn():
        pass


def test_turns_are_counted_by_user_address_and_all() -> None:
    """A bound's three numbers each stop the next one, and what ended counts no more."""
    turns, bound = Turns(), Bound("things", by_user=1, by_address=2, at_once=3)
    ann, bob = uuid4(), uuid4()
    with turns.turn(bound, "10.0.0.1", ann):
        with pytest.raises(web.HTTPTooManyRequests), turns.turn(bound, "10.0.0.2", ann):
            pass
        with turns.turn(bound, "10.0.0.1", bob):
            with pytest.raises(web.HTTPTooManyRequests), turns.turn(bound, "10.0.0.1", None):
                pass
            with turns.turn(bound, "2001:db8::1", None), pytest.raises(web.HTTPServiceUnavailable):
                turns.turn(bound, "2001:db8:0:1::1", None).__enter__()
            with (
                turns.turn(Bound("others", 1, 1, 1), "10.0.0.1", ann),
                turns.turn(bound, "10.0.0.3", None),
            ):
                assert turns.running(bound) == 3
    assert not turns._running
