"""Register, sign in, go on, sign out: `/api/auth/…`."""

import pytest

from gateway.auth.tokens import Tokens
from tests.rest.api import Api
from tests.rest.auth.people import PASSWORD, fresh_name, login, refresh, register, works


async def test_register_sign_in_go_on_sign_out(api: Api) -> None:
    """An account is made, signs in by either name, goes on with its refresh token, and is out after signing out."""
    ada = await register(api)
    assert await works(api, ada.access)
    for body in ({"email": ada.email.upper()}, {"username": ada.username}, {"login": ada.email}):
        reply = await api.call("POST", "/api/auth/login", json={"password": PASSWORD, **body})
        assert reply.status == 200
        assert reply.body["user"]["id"] == ada.id
    went_on = await refresh(api, reply.body["refresh_token"])
    assert went_on.status == 200
    assert went_on.body["refresh_token"] != reply.body["refresh_token"]
    access = went_on.body["access_token"]
    assert (await api.call("POST", "/api/auth/logout", token=access)).status == 204
    assert not await works(api, access)
    (await refresh(api, went_on.body["refresh_token"])).problem(401, "expired")
    assert await works(api, ada.access)  # another login


async def test_signing_out_everywhere(api: Api) -> None:
    """`all` ends every login of the account."""
    ada = await register(api)
    other = (await login(api, ada)).body
    assert (await api.call("POST", "/api/auth/logout", token=ada.access, json={"all": True})).status == 204
    assert not await works(api, ada.access)
    assert not await works(api, other["access_token"])
    (await refresh(api, other["refresh_token"])).problem(401, "expired")


async def test_guest_becomes_an_account_in_place(api: Api, tokens: Tokens) -> None:
    """A guest who registers keeps the id, the projects and the session, and is no guest any more."""
    guest = await api.guest(display_name="Wanderer")
    project = await api.project(guest["access_token"])
    ada = await register(api, token=guest["access_token"])
    assert ada.id == guest["user"]["id"]
    assert tokens.verify_access(ada.access).session_id == tokens.verify_access(guest["access_token"]).session_id
    for access in (ada.access, (await login(api, ada)).body["access_token"]):
        assert (await api.call("GET", f"/api/projects/{project}", token=access)).status == 200
    me = (await api.call("GET", "/api/auth/me", token=guest["access_token"])).body
    assert (me["user"]["is_guest"], me["user"]["tier"], me["user"]["email"]) == (False, "free", ada.email)
    again = {"email": f"{fresh_name()}@example.com", "password": PASSWORD}
    (await api.call("POST", "/api/auth/register", token=ada.access, json=again)).problem(409, "conflict")


async def test_answer_to_a_guest_may_be_lost(api: Api) -> None:
    """A guest whose answer to registering was lost goes on with the refresh token of before."""
    guest = await api.guest()
    await register(api, token=guest["access_token"])
    assert (await refresh(api, guest["refresh_token"])).status == 200


async def test_names_are_unique_in_any_case(api: Api) -> None:
    """An address or username that somebody has is a conflict that points at the field."""
    ada = await register(api)
    for body, pointer in (
        ({"email": ada.email.upper(), "username": fresh_name()}, "/email"),
        ({"email": f"{fresh_name()}@example.com", "username": ada.username.upper()}, "/username"),
    ):
        reply = await api.call("POST", "/api/auth/register", json=body | {"password": PASSWORD})
        assert [error["pointer"] for error in reply.problem(409, "conflict")["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"email": "nobody", "password": PASSWORD}, "/email"),
        ({"email": "a@b\n", "password": PASSWORD}, "/email"),
        ({"email": "a@b.c"}, "/password"),
        ({"email": "a@b.c", "password": "short"}, "/password"),
        ({"email": "a@b.c", "password": "Passw0rd!"}, "/password"),
        ({"email": "zoroaster@b.c", "password": "zoroaster1"}, "/password"),
        ({"email": "a@b.c", "password": "x1!" * 43}, "/password"),
        ({"email": "a@b.c", "password": PASSWORD, "username": "a b"}, "/username"),
        ({"email": "a@b.c", "password": PASSWORD, "username": "-ada"}, "/username"),
        ({"email": "a@b.c", "password": PASSWORD, "role": "admin"}, "/role"),
    ],
)
async def test_wrong_registration_is_pointed_at(api: Api, body: object, pointer: str) -> None:
    """What cannot be registered is a 422 problem that points at the field."""
    reply = await api.call("POST", "/api/auth/register", json=body)
    assert [error["pointer"] for error in reply.problem(422, "invalid")["errors"]] == [pointer]


async def test_wrong_name_and_wrong_password_look_the_same(api: Api) -> None:
    """Nobody learns from a failed sign-in whether there is such an account."""
    ada = await register(api)
    wrong = (await login(api, ada, password="a dozen red herons")).problem(401, "unauthenticated")
    unknown = (await login(api, ada, email=f"{fresh_name()}@example.com")).problem(401, "unauthenticated")
    assert wrong["detail"] == unknown["detail"]


async def test_one_name_is_given(api: Api) -> None:
    """A sign-in names the account once."""
    for names in ({}, {"email": "a@b.c", "username": "ada"}):
        reply = await api.call("POST", "/api/auth/login", json={"password": PASSWORD, **names})
        assert reply.problem(422, "invalid")["errors"][0]["pointer"] == "/email"


async def test_stale_credentials_do_not_stand_in_the_way(api: Api, tokens: Tokens) -> None:
    """Who signs in or refreshes with an expired token in the header is let in all the same."""
    ada = await register(api)
    for path, body in (
        ("login", {"email": ada.email, "password": PASSWORD}),
        ("refresh", {"refresh_token": ada.refresh}),
    ):
        assert (await api.call("POST", f"/api/auth/{path}", token="nonsense", json=body)).status == 200


@pytest.mark.parametrize("token", ["", "x", "atrr_", "atrr_AAAA", "atrr_" + "A" * 75, "atrr_" + "é" * 75, "a" * 900])
async def test_forged_refresh_tokens_are_refused(api: Api, token: str) -> None:
    """What this server did not make refreshes nothing, and ends nothing."""
    reply = await refresh(api, token) if token else await api.call("POST", "/api/auth/refresh")
    assert reply.status in (401, 403, 422)


async def test_me_and_profile_are_one(api: Api) -> None:
    """Both paths say who the caller is, and what their tier may."""
    ada = await register(api)
    me = await api.call("GET", "/api/auth/me", token=ada.access)
    profile = await api.call("GET", "/api/auth/profile", token=ada.access)
    assert me.body == profile.body
    assert me.body["user"]["username"] == ada.username
    assert me.body["entitlements"]["tier"] == "free"
    assert me.body["entitlements"]["rate_limits"]["write"][0]["count"] > 0
