"""`GET /events` on one gateway in the test's own process."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest
from aiohttp.test_utils import TestServer

from gateway.app import create_app
from gateway.settings import Settings
from store.happenings import Happening, add_happening, project_topic
from store.postgres import Postgres
from tests.events.client import connected
from tests.rest.api import Api


@pytest.fixture
async def url(make_settings: Callable[..., Settings]) -> AsyncIterator[str]:
    """A gateway with live documents and events."""
    server = TestServer(create_app(make_settings(name="events-test")))
    await server.start_server()
    yield f"ws://{server.host}:{server.port}"
    await server.close()


async def happen(api: Api, postgres: Postgres, project: UUID | str, *kinds: str) -> None:
    """Write happenings, and have them told."""
    for kind in kinds:
        topic = project_topic(UUID(str(project)))
        await add_happening(
            postgres, Happening(topic=topic, kind=kind, project_id=UUID(str(project)), data={"n": kind})
        )
    await api.call("POST", "/api/projects", token=await api.token(), json={"name": "nudge"})


def kinds(records: list[dict[str, Any]]) -> list[str]:
    return [record["event"] for record in records]


async def test_thin_path(url: str, api: Api, postgres: Postgres) -> None:
    """What happens in a project reaches whoever follows it, with its topic, number and id."""
    token = await api.token()
    project = await api.project(token)
    topic = f"project:{project}"
    async with connected(url, token) as client:
        number = await client.subscribe(topic)
        await happen(api, postgres, project, "test.a")
        (record,) = await client.records(1)
        assert record["topic"] == topic and record["event"] == "test.a" and record["data"] == {"n": "test.a"}
        assert record["number"] > number and record["id"] > 0
