"""Fixtures of these tests: those of the REST tests, a gateway with `/events`, and the logs of topics."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest
from aiohttp.test_utils import TestServer

from gateway.app import create_app
from gateway.settings import Settings
from store.event_log import EventLog
from store.postgres import Postgres
from store.redis import Redis, connect
from store.teller import is_any_untold
from tests.events.telling import Told
from tests.rest.api import Api
from tests.rest.conftest import api, connection, database, make_settings, postgres, server, tokens, watched
from tests.support.stack import Stack

__all__ = ["api", "connection", "database", "make_settings", "postgres", "server", "tokens", "watched"]


@pytest.fixture
async def redis(stack: Stack) -> AsyncIterator[Redis]:
    """The shared instance's Redis: use topics of your own, and never empty it."""
    client = connect(stack.redis_url)
    yield client
    await client.aclose(close_connection_pool=True)


@pytest.fixture
def events(redis: Redis) -> EventLog:
    """The logs of topics."""
    return EventLog(redis)


@pytest.fixture
async def live(make_settings: Callable[..., Settings]) -> AsyncIterator[TestServer]:
    """A gateway with live documents and events; a page of https://app.example may use its cookies."""
    server = TestServer(create_app(make_settings(name="events-test", origins=("https://app.example",))))
    await server.start_server()
    yield server
    await server.close()


@pytest.fixture
def url(live: TestServer) -> str:
    """Its WebSocket base."""
    return f"ws://{live.host}:{live.port}"


class Person:
    """Somebody with a token and a project."""

    def __init__(self, guest: dict[str, Any], project: str) -> None:
        self.token: str = guest["access_token"]
        self.id = UUID(guest["user"]["id"])
        self.project = project
        self.topic = f"project:{project}"


@pytest.fixture
async def make_person(api: Api, postgres: Postgres) -> Callable[..., Any]:
    """Makes people, each with a project whose making has been told already."""

    async def make() -> Person:
        guest = await api.guest()
        person = Person(guest, await api.project(guest["access_token"]))
        async with asyncio.timeout(10.0):
            while await is_any_untold(postgres):  # noqa: ASYNC110  PostgreSQL has no event for it
                await asyncio.sleep(0.01)
        return person

    return make


@pytest.fixture
async def ann(make_person: Callable[..., Any]) -> Person:
    person: Person = await make_person()
    return person


@pytest.fixture
async def bob(make_person: Callable[..., Any]) -> Person:
    person: Person = await make_person()
    return person


@pytest.fixture
def happen(postgres: Postgres, events: EventLog) -> Told:
    """Writes happenings of a project, and has them told."""
    return Told(postgres, events)
