"""What administrators see of the instance (gateway/routes/admin.py), on the running one."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from gateway.auth.tokens import Tokens
from gateway.launch.home import Home
from tests.rest.api import Api
from tests.rest.people import Scene, scene
from tests.support.stack import Stack


@pytest.fixture
def admin(stack: Stack) -> Iterator[Scene]:
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        yield scene(connection, Tokens(Home(stack.home).secret()), "site admin", visibility="public")


def test_health_names_every_part(stack: Stack, admin: Scene) -> None:
    """Both gateways, both stores, the worker, and what waits."""
    said = stack.call("/api/admin/health", token=admin.person.token, expect=200).body
    assert said["healthy"]
    assert {each["name"]: each["status"] for each in said["components"]} == {"postgresql": "ok", "redis": "ok"}
    assert {gateway["name"]: gateway["status"] for gateway in said["gateways"]} == {
        "gateway-1": "ok",
        "gateway-2": "ok",
    }
    assert all(gateway["seen_seconds_ago"] <= 6 and gateway["documents"] >= 0 for gateway in said["gateways"])
    alive = {worker["name"]: worker["queues"] for worker in said["workers"] if worker["alive"]}
    assert alive["worker-1"] == ["documents", "webhooks"]
    assert set(said["backlog"]) == {"unsaved_documents", "snapshot_lag", "jobs", "untold", "untold_age", "webhooks"}
    assert set(said["backlog"]["webhooks"]) == {"due", "due_seconds", "later", "given_up"}


def test_open_documents_are_rooms_without_people_too(stack: Stack, admin: Scene) -> None:
    """A text that was only read is open for a while."""
    owner = stack.guest()
    project = stack.project(owner)
    body = {"path": "notes.md", "content": "hello"}
    stack.call(f"/api/projects/{project}/files", token=owner, json_body=body, expect=201)
    files = stack.call(f"/api/projects/{project}/files", token=owner, expect=200).body["items"]
    stack.call(f"/api/files/{files[0]['id']}/content", token=owner, expect=200)  # reading it opens it
    found: list[Any] = []
    cursor = ""
    while not found or cursor:
        page = stack.call(f"/api/admin/rooms?limit=100{cursor}", token=admin.person.token, expect=200).body
        found += page["items"]
        cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert [room["peers"] for room in found if room["project_id"] == project] == [0]


async def test_without_live_documents(api: Api, tokens: Tokens, database: str) -> None:
    """A process that serves no documents says so; what concerns REST alone it answers."""
    with psycopg.connect(database, autocommit=True) as connection:
        token = scene(connection, tokens, "site admin").person.token
    (await api.call("GET", "/api/admin/rooms", token=token)).problem(503, "unavailable")
    assert (await api.call("GET", "/api/admin/jobs", token=token)).status == 200
    assert (await api.call("GET", "/api/admin/rate-limits", token=token)).body["at_limit"] == []
    assert (await api.call("GET", "/api/admin/health", token=token)).status == 200
