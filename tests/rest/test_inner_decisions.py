"""Who may, where it depends on what is asked: the decisions that gateway/permissions.py lists, tried as everybody.

What the table says of an operation is tried in test_matrix.py; here stands what its function decides besides.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import aiohttp
import psycopg
import pytest

from gateway.auth.tokens import Tokens
from gateway.launch.home import Home
from gateway.routes.table import TABLE
from tests.rest.api import Api
from tests.rest.people import MEMBERS, PERSONAS, Scene, scene
from tests.support.stack import Stack

ADMINS = {"admin", "owner"}
EDITORS = {"editor", *ADMINS}


@dataclass(frozen=True)
class Decision:
    """A request, and those who may send it; others may send the same with less in it."""

    method: str
    path: str
    may: set[str]
    body: Callable[[Scene], object] = lambda made: None
    status: int = 200


DECISIONS = {
    "collaboration.start_session": Decision(
        "POST", "/api/collaboration/sessions", set(MEMBERS),
        lambda made: {"project_id": str(made.project), "name": "x"}, 201,
    ),
    "chats.create_chat": Decision(
        "POST", "/api/chats", {*MEMBERS} - {"viewer"}, lambda made: {"project_id": str(made.project)}, 201
    ),
    "ask.ask": Decision(
        "POST", "/api/ai", {*MEMBERS} - {"viewer"},
        lambda made: {"project_id": str(made.project), "prompt": "x", "stream": True}, 202,
    ),
    "chats.list_chats": Decision("GET", "/api/chats?project_id={project}", set(MEMBERS)),
    "webhooks.create_webhook": Decision(
        "POST", "/api/webhooks", ADMINS,
        lambda made: {"project_id": str(made.project), "url": "https://example.com/hook"}, 201,
    ),
    "projects.update_project: visibility": Decision(
        "PATCH", "/api/projects/{project}", ADMINS, lambda made: {"visibility": "private"}
    ),
    "projects.update_project: is_public": Decision(
        "PATCH", "/api/projects/{project}", ADMINS, lambda made: {"is_public": False}
    ),
    "projects.get_project: members": Decision("GET", "/api/projects/{project}?include=members", set(MEMBERS)),
    "files.list_files: deleted": Decision("GET", "/api/projects/{project}/files?deleted=true", EDITORS),
    "members.add_member: as owner": Decision(
        "POST", "/api/projects/{project}/members", {"owner"},
        lambda made: {"user_id": str(made.person.id), "role": "owner"}, 409,  # they are in it
    ),
    "members.change_member: to owner": Decision(
        "PATCH", "/api/projects/{project}/members/{somebody}", {"owner"}, lambda made: {"role": "owner"}
    ),
    "users.list_users: all": Decision("GET", "/api/users", {"site admin"}),
    "users.list_users: by role": Decision("GET", "/api/users?q=somebody&role=user", {"site admin"}),
    "tokens.create_token: admin": Decision(
        "POST", "/api/tokens", {"site admin"}, lambda made: {"name": "x", "scopes": ["admin"]}, 201
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def connection(stack: Stack) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with psycopg.connect(stack.database_url, autocommit=True) as opened:
        yield opened


@pytest.fixture
async def api(stack: Stack) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession(stack.urls[0]) as session:
        yield Api(session)


@pytest.mark.parametrize("decision", DECISIONS.values(), ids=DECISIONS)
async def test_everybody_gets_as_far_as_the_function_says(
    api: Api, stack: Stack, connection: "psycopg.Connection[tuple[object, ...]]", decision: Decision
) -> None:
    """Those who may get what they ask for, all others are refused, in a project that everybody may read."""
    for persona in PERSONAS:
        made = scene(connection, Tokens(Home(stack.home).secret()), persona, visibility="public")
        path = decision.path.format(project=made.project, somebody=made.somebody)
        reply = await api.call(decision.method, path, token=made.person.token, json=decision.body(made))
        if persona in decision.may:
            assert reply.status == decision.status, f"{persona}: {reply.status} {reply.body}"
        else:
            refusals = {401} if persona == "nobody" else {403, 422} if decision.path == "/api/users" else {403}
            assert reply.status in refusals, f"{persona}: {reply.status} {reply.body}"


async def test_demoted_admin_does_not_open_the_project(
    api: Api, stack: Stack, connection: "psycopg.Connection[tuple[object, ...]]"
) -> None:
    """Who was an admin a moment ago, as the gateway still remembers, does not change who may see a project."""
    made = scene(connection, Tokens(Home(stack.home).secret()), "admin")
    path, token = f"/api/projects/{made.project}", made.person.token
    assert (await api.call("GET", path, token=token)).body["role"] == "admin"
    connection.execute("UPDATE project_members SET role = 'editor' WHERE user_id = %s", (made.person.id,))
    (await api.call("PATCH", path, token=token, json={"visibility": "public"})).problem(403, "forbidden")


def test_room_tokens_need_the_scope_live() -> None:
    """Whatever answers a token that opens documents needs the scope that opens documents."""
    found = [each for each in TABLE if {"token", "url"} <= set(getattr(each.answers, "__struct_fields__", ()))]
    assert len(found) == 2
    assert {each.scope for each in found} == {"live"}
