"""`POST /api/projects`."""

import pytest

from gateway.auth.tokens import Tokens
from schemas.ids import new_id, parse_id
from schemas.roles import Role
from store.postgres import Postgres
from store.projects import find_membership
from tests.rest.api import Api


async def test_maker_is_owner(api: Api, tokens: Tokens, postgres: Postgres) -> None:
    """Who makes a project is its owner, in the answer and in the members."""
    guest = await api.guest()
    reply = await api.call("POST", "/api/projects", token=guest["access_token"], json={"name": "Thesis"})
    assert reply.status == 201
    assert reply.body["name"] == "Thesis"
    assert reply.body["role"] == "owner"
    assert reply.body["owner_id"] == guest["user"]["id"]
    token = tokens.verify_access(guest["access_token"])
    row = await find_membership(postgres, parse_id(reply.body["id"]), token.user_id)
    assert row.role is Role.OWNER


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": "x" * 201}, "/name"),
        ({"name": None}, "/name"),
        ({"name": "a\x00b"}, "/name"),
        ({"name": "x", "owner": "me"}, "/owner"),
        ({"name": "x", "a/b~c": 1}, "/a~1b~0c"),
    ],
)
async def test_wrong_shape_is_pointed_at(api: Api, body: object, pointer: str) -> None:
    """A wrong body is a 422 problem that points at the field."""
    reply = await api.call("POST", "/api/projects", token=await api.token(), json=body)
    assert [error["pointer"] for error in reply.problem(422, "invalid")["errors"]] == [pointer]


async def test_name_is_needed(api: Api) -> None:
    """An empty body is a 400 problem here, because a name is needed."""
    (await api.call("POST", "/api/projects", token=await api.token())).problem(400, "malformed")


async def test_huge_body_is_refused(api: Api) -> None:
    """A body above the limit is a 413 problem."""
    token = await api.token()
    path = f"/api/projects/{await api.project(token)}/token"
    reply = await api.call("POST", path, token=token, raw=b" " * 100_000)
    reply.problem(413, "too-large")


@pytest.mark.parametrize("header", ["", "Basic YTpi", "Bearer", "Bearer ", "Bearer nonsense", "Bearer a.b.c"])
async def test_stranger_is_challenged(api: Api, header: str) -> None:
    """Without a good access token the answer is 401 with a challenge, whatever the body says."""
    async with api.client.post("/api/projects", headers={"Authorization": header}, data=b"{") as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"].startswith("Bearer ")
        assert (await response.json(content_type=None))["type"] == "/problems#unauthenticated"


async def test_expired_token_says_so(api: Api) -> None:
    """An expired token is a 401 problem of its own kind, so that clients know to renew."""
    token, _ = Tokens("a secret for tests that has more than 32 bytes", now=lambda: 1e9).sign_access(new_id(), new_id())
    (await api.call("POST", "/api/projects", token=token, json={"name": "x"})).problem(401, "expired")


async def test_room_token_is_no_account(api: Api) -> None:
    """A room token opens documents only: REST refuses it."""
    token = await api.token()
    project = await api.project(token)
    room = (await api.call("POST", f"/api/projects/{project}/token", token=token)).body["token"]
    (await api.call("POST", "/api/projects", token=room, json={"name": "x"})).problem(401, "unauthenticated")


async def test_unknown_user_is_no_account(api: Api, tokens: Tokens) -> None:
    """A well-signed token of an account that is not there is refused."""
    token, _ = tokens.sign_access(new_id(), new_id())
    (await api.call("POST", "/api/projects", token=token, json={"name": "x"})).problem(401, "expired")


async def test_ended_session_ends_its_tokens(api: Api) -> None:
    """Once its session has ended, an access token is worth nothing, at once."""
    token = await api.token()
    await api.project(token)
    assert (await api.call("POST", "/api/auth/logout", token=token)).status == 204
    (await api.call("POST", "/api/projects", token=token, json={"name": "x"})).problem(401, "expired")
