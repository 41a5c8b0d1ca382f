"""`POST /api/projects/{id}/token`."""

from collections.abc import Callable

import pytest
from aiohttp.pytest_plugin import AiohttpClient

from gateway.app import create_app
from gateway.auth.tokens import RoomToken, Tokens
from gateway.limits import ROOM_TOKEN_SECONDS
from gateway.settings import Settings
from schemas.roles import Role
from tests.rest.api import Api
from tests.rest.databases import execute


async def test_token_opens_one_project(api: Api, tokens: Tokens) -> None:
    """Without a role the token carries the caller's own, for this project and for as long as it says."""
    guest = await api.guest(display_name="Ada")
    project = await api.project(guest["access_token"])
    reply = await api.call("POST", f"/api/projects/{project}/token", token=guest["access_token"])
    assert reply.status == 200
    assert reply.body["role"] == "owner"
    assert reply.body["expires_in"] == ROOM_TOKEN_SECONDS
    found = tokens.verify(reply.body["token"])
    assert isinstance(found, RoomToken)
    assert (str(found.project_id), str(found.user_id)) == (project, guest["user"]["id"])
    assert (found.role, found.display_name) == (Role.OWNER, "Ada")


@pytest.mark.parametrize("mine", list(Role))
@pytest.mark.parametrize("asked", list(Role))
async def test_role_is_capped(api: Api, database: str, mine: Role, asked: Role) -> None:
    """The token's role is the one asked for, or the caller's own where that is lower."""
    guest = await api.guest()
    project = await api.project(await api.token())
    execute(
        database,
        "INSERT INTO project_members (project_id, user_id, role) VALUES (%s, %s, %s)",
        project,
        guest["user"]["id"],
        mine.value,
    )
    path = f"/api/projects/{project}/token"
    reply = await api.call("POST", path, token=guest["access_token"], json={"role": asked.value})
    assert reply.status == 200
    assert reply.body["role"] == min(mine, asked).value


async def test_unknown_role_is_pointed_at(api: Api) -> None:
    """A role that does not exist is a 422 problem at /role."""
    token = await api.token()
    path = f"/api/projects/{await api.project(token)}/token"
    problem = (await api.call("POST", path, token=token, json={"role": "king"})).problem(422, "invalid")
    assert problem["errors"][0]["pointer"] == "/role"


async def test_strangers_project_is_forbidden(api: Api) -> None:
    """Who has no role in a project gets 403."""
    project = await api.project(await api.token())
    reply = await api.call("POST", f"/api/projects/{project}/token", token=await api.token())
    reply.problem(403, "forbidden")


@pytest.mark.parametrize("project", ["01900000-0000-7000-8000-000000000000", "nonsense", "A" * 36, "%00", "../auth"])
async def test_unknown_project_is_not_found(api: Api, project: str) -> None:
    """A project that is not there, or cannot be, is a 404 problem."""
    reply = await api.call("POST", f"/api/projects/{project}/token", token=await api.token())
    reply.problem(404, "not-found")


async def test_deleted_project_is_not_found(api: Api, database: str) -> None:
    """A deleted project is gone, for its owner too."""
    token = await api.token()
    project = await api.project(token)
    execute(database, "UPDATE projects SET deleted_at = now() WHERE id = %s", project)
    reply = await api.call("POST", f"/api/projects/{project}/token", token=token)
    reply.problem(404, "not-found")


async def test_url_is_the_gateways_own(make_settings: Callable[..., Settings], aiohttp_client: AiohttpClient) -> None:
    """A gateway that knows no other names itself, with the scheme of WebSocket."""
    settings = make_settings(public_url="https://atrium.example/base")
    api = Api(await aiohttp_client(create_app(settings, live=False)))
    token = await api.token()
    reply = await api.call("POST", f"/api/projects/{await api.project(token)}/token", token=token)
    assert reply.body["url"] == "wss://atrium.example/base"


async def test_token_never_outlives_its_session(api: Api, tokens: Tokens, database: str) -> None:
    """A room token made in a session that ends soon ends as soon."""
    token = await api.token()
    session = tokens.verify_access(token).session_id
    execute(database, "UPDATE sessions SET expires_at = now() + interval '1 hour' WHERE id = %s", session)
    project = await api.project(token)
    reply = await api.call("POST", f"/api/projects/{project}/token", token=token)
    assert 3_500 < reply.body["expires_in"] <= 3_600
