"""Chats in a project: who may do what, each persona in a public project of its own."""

from collections.abc import Callable

import pytest

from tests.chats.conftest import Connection
from tests.chats.people import Chatter
from tests.rest.people import MEMBERS, PERSONAS, Scene
from tests.support.stack import Stack

WRITERS = {"commenter", "editor", "admin", "owner"}
ADMINS = {"admin", "owner"}


@pytest.fixture
def others_chat(connection: Connection) -> Callable[[Scene], str]:
    """A chat that another member made in the scene's project."""

    def make(scene: Scene) -> str:
        row = connection.execute(
            "INSERT INTO chats (id, user_id, project_id, title, model)"
            " VALUES (gen_random_uuid(), %s, %s, 'Plan', 'auto')"
            " RETURNING id::text",
            (scene.somebody, scene.project),
        ).fetchone()
        assert row is not None
        return str(row[0])

    return make


@pytest.mark.parametrize("persona", PERSONAS)
async def test_roles(
    stack: Stack, made: Callable[[str], Scene], others_chat: Callable[[Scene], str], persona: str
) -> None:
    """Members read, commenters and above write, its maker and admins rename and delete; others see nothing of it."""
    scene = made(persona)
    person, chat = Chatter(stack.urls[0], scene.person.token), others_chat(scene)
    refused = 401 if persona == "nobody" else 403
    path, rename = f"/api/chats/{chat}", {"title": "Other"}
    expected = {
        ("GET", path): 200 if persona in MEMBERS else refused,
        ("GET", f"/api/chats?project_id={scene.project}"): 200 if persona in MEMBERS else refused,
        ("GET", f"{path}/messages"): 200 if persona in MEMBERS else refused,
        ("PATCH", path): 200 if persona in ADMINS else refused,
        ("POST", f"{path}/messages"): 201 if persona in WRITERS else refused,
        ("POST", "/api/chats"): 201 if persona in WRITERS else refused,
        ("DELETE", path): 204 if persona in ADMINS else refused,
    }
    for (method, where), status in expected.items():
        body: object = None
        if method == "POST":
            body = {"content": "hi"} if where.endswith("messages") else {"project_id": str(scene.project)}
        status_found, answer = await person.call(method, where, rename if method == "PATCH" else body)
        assert status_found == status, (persona, method, where, answer)


async def test_a_commenter_manages_what_they_made(stack: Stack, made: Callable[[str], Scene]) -> None:
    """Who made a chat renames and deletes it."""
    scene = made("commenter")
    person = Chatter(stack.urls[0], scene.person.token)
    chat = await person.chat(project_id=str(scene.project), title="Mine")
    assert chat["role"] == "commenter"
    assert [each["id"] for each in (await person.ok("GET", "/api/chats"))["items"]] == [chat["id"]]
    await person.ok("PATCH", f"/api/chats/{chat['id']}", {"title": "Still mine"})
    await person.ok("DELETE", f"/api/chats/{chat['id']}", status=204)


async def test_leaving_the_project_ends_it(stack: Stack, made: Callable[[str], Scene], connection: Connection) -> None:
    """A chat that one made in a project is not listed, nor read, after one left."""
    scene = made("editor")
    person = Chatter(stack.urls[0], scene.person.token)
    chat = await person.chat(project_id=str(scene.project), title="Mine")
    await person.ok("DELETE", f"/api/projects/{scene.project}/members/{scene.person.id}", status=204)
    assert (await person.ok("GET", "/api/chats"))["items"] == []
    await person.refused(403, "GET", f"/api/chats/{chat['id']}")
