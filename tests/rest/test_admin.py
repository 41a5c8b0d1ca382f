"""What administrators see of the instance (gateway/routes/admin.py), on the running one."""

from collections.abc import Iterator

import psycopg
import pytest

from gateway.auth.tokens import Tokens
from gateway.launch.home import Home
from tests.rest.people import Scene, scene
from tests.support.stack import Stack


@pytest.fixture
def admin(stack: Stack) -> Iterator[Scene]:
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        yield scene(connection, Tokens(Home(stack.home).secret()), "site admin", visibility="public")


def test_health_names_every_part(stack: Stack, admin: Scene) -> None:
    """Both gateways, both stores, and what waits."""
    said = stack.call("/api/admin/health", token=admin.person.token, expect=200).body
    assert said["healthy"]
    assert {each["name"]: each["status"] for each in said["components"]} == {"postgresql": "ok", "redis": "ok"}
    assert {gateway["name"] for gateway in said["gateways"]} == {"gateway-1", "gateway-2"}
    assert set(said["backlog"]) == {"unsaved_documents", "snapshot_lag", "jobs", "untold", "untold_age"}


def test_rooms_are_those_of_the_gateway_that_answers(stack: Stack, admin: Scene) -> None:
    """Open documents are listed with how many are in them."""
    owner = stack.guest()
    project = stack.project(owner)
    body = {"path": "notes.md", "content": "hello"}
    stack.call(f"/api/projects/{project}/files", token=owner, json_body=body, expect=201)
    files = stack.call(f"/api/projects/{project}/files", token=owner, expect=200).body["items"]
    stack.call(f"/api/files/{files[0]['id']}/content", token=owner, expect=200)  # reading it opens it
    rooms = stack.call("/api/admin/rooms?limit=100", token=admin.person.token, expect=200).body["items"]
    assert [room["peers"] for room in rooms if room["document"].startswith(project)] == [0]
