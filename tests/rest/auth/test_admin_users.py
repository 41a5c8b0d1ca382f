"""`/api/admin/users…`: roles, tiers, bans; and that an administrator always remains."""

import asyncio

from tests.rest.api import Api
from tests.rest.auth.people import login, refresh, register, works
from tests.rest.auth.test_users import admin
from tests.rest.databases import execute


async def test_ban_ends_everything_at_once(api: Api, database: str) -> None:
    """A ban ends sessions, platform tokens and sign-ins, and every gateway is told; lifting it lets them sign in."""
    root, ada = await admin(api, database), await register(api)
    body = {"name": "ci", "scopes": ["read"]}
    machine = (await api.call("POST", "/api/tokens", token=ada.access, json=body)).body["token"]
    assert await works(api, machine)
    ban = await api.call("POST", f"/api/admin/users/{ada.id}/ban", token=root.access, json={"reason": "spam"})
    assert (ban.status, ban.body["status"]) == (200, "banned")
    assert not await works(api, ada.access)
    assert not await works(api, machine)
    (await refresh(api, ada.refresh)).problem(401, "expired")
    (await login(api, ada)).problem(403, "forbidden")
    told = execute(
        database, "SELECT count(*) FROM happenings WHERE topic = 'access' AND kind = 'user.changed' "
                  "AND data->>'user_id' = %s", ada.id
    )  # fmt: skip
    assert told == [(1,)]
    audit = execute(database, "SELECT details->>'reason' FROM audit_log WHERE act = 'user.banned' AND subject = %s",
                    f"user:{ada.id}")  # fmt: skip
    assert audit == [("spam",)]
    assert (await api.call("POST", f"/api/admin/users/{ada.id}/unban", token=root.access)).status == 200
    assert (await login(api, ada)).status == 200
    assert not await works(api, ada.access)
    assert await works(api, machine)


async def test_logins_are_ended_by_an_administrator(api: Api, database: str) -> None:
    """Somebody's logins are ended; they may sign in again."""
    root, ada = await admin(api, database), await register(api)
    assert (await api.call("POST", f"/api/admin/users/{ada.id}/logout", token=root.access)).status == 204
    assert not await works(api, ada.access)
    assert (await login(api, ada)).status == 200


async def test_role_and_tier_hold_at_once(api: Api, database: str) -> None:
    """A new role or tier counts for the next request."""
    root, ada = await admin(api, database), await register(api)
    (await api.call("GET", "/api/admin/users", token=ada.access)).problem(403, "forbidden")
    body = {"role": "admin", "tier": "enterprise"}
    changed = await api.call("PATCH", f"/api/admin/users/{ada.id}", token=root.access, json=body)
    assert (changed.body["role"], changed.body["tier"]) == ("admin", "enterprise")
    assert (await api.call("GET", "/api/admin/users", token=ada.access)).status == 200
    me = (await api.call("GET", "/api/auth/me", token=ada.access)).body
    assert me["entitlements"]["tier"] == "enterprise"


async def test_two_last_administrators_cannot_take_each_other_away(api: Api, database: str) -> None:
    """Whatever happens at the same moment, one administrator remains."""
    execute(database, "UPDATE users SET role = 'user' WHERE role = 'admin'")
    one, two = await admin(api, database), await admin(api, database)
    replies = await asyncio.gather(
        api.call("PATCH", f"/api/admin/users/{two.id}", token=one.access, json={"role": "user"}),
        api.call("POST", f"/api/admin/users/{one.id}/ban", token=two.access),
        api.call("DELETE", f"/api/users/{one.id}", token=one.access, json={"password": one.password}),
        api.call("DELETE", f"/api/users/{two.id}", token=two.access, json={"password": two.password}),
    )
    assert execute(database, "SELECT count(*) FROM users WHERE role = 'admin' AND status = 'active'") == [(1,)]
    assert any(reply.status < 300 for reply in replies)
    assert not any(reply.status >= 500 for reply in replies)


async def test_unknown_and_gone_users(api: Api, database: str) -> None:
    """Who is not there cannot be administered."""
    root = await admin(api, database)
    gone = "00000000-0000-7000-8000-000000000000"
    for method, path, body in (
        ("PATCH", "", {"tier": "pro"}),
        ("POST", "/ban", {}),
        ("POST", "/unban", None),
        ("POST", "/logout", None),
    ):
        reply = await api.call(method, f"/api/admin/users/{gone}{path}", token=root.access, json=body)
        reply.problem(404, "not-found")
