"""PostgreSQL goes away and comes back: the REST side says so, and recovers by itself."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
from aiohttp.pytest_plugin import AiohttpClient

from gateway.app import create_app
from gateway.settings import Settings
from store.errors import StoreUnavailable
from store.postgres import open_pool
from tests.rest.api import Api
from tests.rest.cable import Cable, cable_to

RECOVERED_WITHIN = 20.0  # seconds; it takes about two


@dataclass
class Scene:
    """A gateway whose PostgreSQL hangs on a cable."""

    api: Api
    cable: Cable

    async def recovers(self) -> None:
        """Wait until a guest can be made again."""
        deadline = time.monotonic() + RECOVERED_WITHIN
        while (reply := await self.api.call("POST", "/api/auth/guest")).status != 201:
            reply.problem(503, "unavailable")
            assert time.monotonic() < deadline


@pytest.fixture
async def scene(
    database: str, make_settings: Callable[..., Settings], aiohttp_client: AiohttpClient
) -> AsyncIterator[Scene]:
    async with cable_to(database) as cable:
        client = await aiohttp_client(create_app(make_settings(database_url=cable.url), live=False))
        yield Scene(Api(client), cable)
        await client.close()


async def test_away_is_503_and_passes(scene: Scene) -> None:
    """While PostgreSQL is away every endpoint answers 503 with Retry-After; once it is back, all is well."""
    token = await scene.api.token()
    project = await scene.api.project(token)
    await scene.cable.cut()
    replies = await asyncio.gather(
        scene.api.call("POST", "/api/auth/guest"),
        scene.api.call("POST", "/api/projects", token=token, json={"name": "x"}),
    )
    for reply in replies:
        reply.problem(503, "unavailable")
        assert int(reply.headers["Retry-After"]) >= 1
    await scene.cable.mend()
    await scene.recovers()
    again = await scene.api.call("POST", f"/api/projects/{project}/token", token=token)
    assert again.status == 200


async def test_short_break_is_not_noticed(scene: Scene) -> None:
    """A server that restarted between two requests costs nobody an error: dead connections are found first."""
    await scene.api.guest()
    await scene.cable.cut()
    await scene.cable.mend()
    await scene.api.guest()


async def test_frozen_server_is_503(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that accepts and says nothing is as good as away; afterwards its connections are used again."""
    monkeypatch.setattr("store.postgres.ANSWER_SECONDS", 0.3)
    await scene.api.guest()
    scene.cable.freeze()
    (await scene.api.call("POST", "/api/auth/guest")).problem(503, "unavailable")
    scene.cable.thaw()
    await scene.recovers()


async def test_starts_without_its_database(
    database: str, make_settings: Callable[..., Settings], aiohttp_client: AiohttpClient
) -> None:
    """A gateway starts while PostgreSQL is away: alive, not ready, and ready once it comes."""
    async with cable_to(database) as cable:
        await cable.cut()
        client = await aiohttp_client(create_app(make_settings(database_url=cable.url), live=False))
        api = Api(client)
        assert (await api.call("GET", "/healthz")).status == 200
        reply = await api.call("GET", "/readyz")
        assert (reply.status, reply.body["ready"]) == (503, False)
        assert reply.body["checks"]["postgresql"] != "ok"
        await cable.mend()
        deadline = time.monotonic() + RECOVERED_WITHIN
        while (await api.call("GET", "/readyz")).status != 200:
            assert time.monotonic() < deadline
        await client.close()


async def test_slow_statement_is_ended_by_the_server(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement that runs too long is ended, and its connection is good for the next one."""
    monkeypatch.setattr("store.postgres.STATEMENT_SECONDS", 1)
    async with open_pool(database, size=1) as postgres:
        with pytest.raises(StoreUnavailable, match="QueryCanceled"):
            await postgres.execute("SELECT pg_sleep(30)")
        assert await postgres.execute("SELECT 1") == 1
