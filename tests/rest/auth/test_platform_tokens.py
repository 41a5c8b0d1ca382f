"""`/api/tokens`: platform tokens, what their scopes open, and how they end."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.rest.api import Api
from tests.rest.auth.people import Person, register, works
from tests.rest.auth.test_users import admin
from tests.rest.databases import execute


async def machine(api: Api, person: Person, *scopes: str, **more: Any) -> dict[str, Any]:
    """A new platform token: the whole answer."""
    body = {"name": "ci", "scopes": list(scopes), **more}
    reply = await api.call("POST", "/api/tokens", token=person.access, json=body)
    assert reply.status == 201, reply.body
    return dict(reply.body)


async def test_token_is_shown_once_and_kept_as_a_hash(api: Api, database: str) -> None:
    """The answer to making it shows the token; no list and no row does."""
    ada = await register(api)
    made = await machine(api, ada, "read")
    assert made["token"].startswith("atr_")
    listed = (await api.call("GET", "/api/tokens", token=ada.access)).body["items"]
    assert [(each["id"], each["name"], each["scopes"]) for each in listed] == [(made["id"], "ci", ["read"])]
    assert "token" not in listed[0]
    assert made["token"] not in str(execute(database, "SELECT sessions::text FROM sessions"))


async def test_scopes_are_what_it_may(api: Api, database: str) -> None:
    """`read` gets, `write` changes, `live` opens documents, `admin` administers; none of them touches the account."""
    root = await admin(api, database)
    project = await api.project(root.access)
    tries: dict[str, tuple[str, str, object]] = {
        "read": ("GET", f"/api/projects/{project}", None),
        "write": ("PATCH", f"/api/projects/{project}", {"name": "x"}),
        "live": ("POST", f"/api/projects/{project}/token", {}),
        "admin": ("GET", "/api/admin/users", None),
    }
    for scope in tries:
        token = (await machine(api, root, scope))["token"]
        for other, (method, path, body) in tries.items():
            reply = await api.call(method, path, token=token, json=body)
            assert reply.status == (200 if other == scope else 403), (scope, other, reply.body)
    everything = (await machine(api, root, *tries))["token"]
    for method, path, body in (
        ("GET", "/api/tokens", None),
        ("POST", "/api/tokens", {"name": "x", "scopes": ["read"]}),
        ("GET", "/api/auth/sessions", None),
        ("POST", "/api/auth/logout", {}),
        ("POST", "/api/auth/password/change", {"new_password": "x"}),
        ("PATCH", f"/api/users/{root.id}", {"bio": "x"}),
        ("DELETE", f"/api/users/{root.id}", {"password": root.password}),
    ):
        (await api.call(method, path, token=everything, json=body)).problem(403, "forbidden")


async def test_an_administrators_reader_sees_no_more(api: Api, database: str) -> None:
    """Without the scope `admin` an administrator's token sees what others see."""
    root, ada = await admin(api, database), await register(api)
    reader = (await machine(api, root, "read"))["token"]
    assert "email" not in (await api.call("GET", f"/api/users/{ada.id}", token=reader)).body
    (await api.call("GET", "/api/users", token=reader)).problem(422, "invalid")


async def test_only_administrators_make_admin_tokens(api: Api) -> None:
    """The scope `admin` is nothing that others can give."""
    ada = await register(api)
    body = {"name": "x", "scopes": ["admin"]}
    (await api.call("POST", "/api/tokens", token=ada.access, json=body)).problem(403, "forbidden")


async def test_ended_token_is_worth_nothing(api: Api) -> None:
    """Ending one works at once, for that one, and for its owner alone."""
    ada, eve = await register(api), await register(api)
    first, second = await machine(api, ada, "read"), await machine(api, ada, "read")
    assert await works(api, first["token"])
    path = f"/api/tokens/{first['id']}"
    (await api.call("DELETE", path, token=eve.access)).problem(404, "not-found")
    assert (await api.call("DELETE", path, token=ada.access)).status == 204
    assert not await works(api, first["token"])
    assert await works(api, second["token"])
    (await api.call("DELETE", f"/api/auth/sessions/{second['id']}", token=ada.access)).problem(404, "not-found")


async def test_wrong_secret_and_unknown_id(api: Api) -> None:
    """A token with another secret, of no row, or cut off is refused."""
    ada = await register(api)
    token = (await machine(api, ada, "read"))["token"]
    for wrong in (
        token[:-2] + ("AA" if token[-2:] != "AA" else "BB"),
        "atr_" + "A" * 64,
        token[:20],
        "atr_",
        token + "A",
    ):
        assert not await works(api, wrong)


async def test_it_is_no_login(api: Api, database: str) -> None:
    """Signing out everywhere leaves machines alone; an expired token ends by itself."""
    ada = await register(api)
    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    made = await machine(api, ada, "read", expires_at=soon)
    await api.call("POST", "/api/auth/logout", token=ada.access, json={"all": True})
    assert await works(api, made["token"])
    execute(database, "UPDATE sessions SET expires_at = now() WHERE id = %s", made["id"])
    async with asyncio.timeout(30):  # the row is remembered for some seconds
        while await works(api, made["token"]):
            await asyncio.to_thread(lambda: None)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "x", "scopes": []}, "/scopes"),
        ({"name": "x", "scopes": ["everything"]}, "/scopes/0"),
        ({"name": "x", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"name": "x", "scopes": ["read"], "expires_at": "2999-01-01T00:00:00Z"}, "/expires_at"),
        ({"name": "x", "scopes": ["read"], "expires_at": "2027-01-01T00:00:00"}, "/expires_at"),
        ({"scopes": ["read"]}, "/name"),
    ],
)
async def test_wrong_token_is_pointed_at(api: Api, body: object, pointer: str) -> None:
    """What cannot be a token is a 422 problem that points at the field."""
    ada = await register(api)
    reply = await api.call("POST", "/api/tokens", token=ada.access, json=body)
    assert [error["pointer"] for error in reply.problem(422, "invalid")["errors"]] == [pointer]


async def test_tokens_are_bounded_and_paged(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account has so many and no more; they are listed page by page."""
    monkeypatch.setattr("gateway.routes.tokens.PLATFORM_TOKENS", 3)
    ada = await register(api)
    made = [(await machine(api, ada, "read"))["id"] for _ in range(3)]
    body = {"name": "x", "scopes": ["read"]}
    (await api.call("POST", "/api/tokens", token=ada.access, json=body)).problem(409, "conflict")
    first = (await api.call("GET", "/api/tokens?limit=2", token=ada.access)).body
    rest = (await api.call("GET", f"/api/tokens?limit=2&cursor={first['next_cursor']}", token=ada.access)).body
    assert [each["id"] for each in first["items"] + rest["items"]] == made[::-1]


async def test_last_use_is_noted(api: Api) -> None:
    """A token's owner sees that it was used."""
    ada = await register(api)
    made = await machine(api, ada, "read")
    assert made["last_used_at"] is None
    assert await works(api, made["token"])
    async with asyncio.timeout(30):  # written beside the request
        while (await api.call("GET", "/api/tokens", token=ada.access)).body["items"][0]["last_used_at"] is None:
            await asyncio.to_thread(lambda: None)
