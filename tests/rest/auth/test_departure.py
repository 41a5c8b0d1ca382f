"""`DELETE /api/users/{id}`: who leaves is forgotten, and nobody's work goes with them."""

import pytest

from tests.rest.api import Api
from tests.rest.auth.people import PASSWORD, Person, login, refresh, register, works
from tests.rest.auth.test_users import admin
from tests.rest.databases import execute


async def leave(api: Api, person: Person, **body: object) -> int:
    reply = await api.call("DELETE", f"/api/users/{person.id}", token=person.access, json=body)
    return reply.status


async def test_nothing_says_who_it_was(api: Api, database: str) -> None:
    """No row keeps name, address, password, place or device of somebody who left; the names are free again."""
    ada = await register(api, display_name="Ada Lovelace")
    await api.call("POST", "/api/tokens", token=ada.access, json={"name": "Ada's laptop", "scopes": ["read"]})
    await api.call("POST", "/api/webhooks", token=ada.access, json={"url": f"https://{ada.username}.example/"})
    assert await leave(api, ada, password=PASSWORD) == 202
    assert not await works(api, ada.access)
    (await refresh(api, ada.refresh)).problem(401, "expired")
    (await login(api, ada)).problem(401, "unauthenticated")
    for table in ("users", "sessions", "identities", "one_time_tokens", "webhook_endpoints"):
        rows = str(execute(database, f"SELECT {table}::text FROM {table}"))
        for trace in (ada.email, ada.username, "Ada Lovelace", "Ada's laptop"):
            assert trace not in rows
    [(status, kept)] = execute(database, "SELECT status, display_name FROM users WHERE id = %s", ada.id)
    assert (status, kept) == ("deleted", "Deleted user")
    again = await register(api, email=ada.email, username=ada.username)
    assert again.id != ada.id
    (await api.call("GET", f"/api/users/{ada.id}", token=again.access)).problem(404, "not-found")


async def test_leaving_needs_the_password(api: Api) -> None:
    """Whoever finds an open session cannot delete the account."""
    ada = await register(api)
    assert await leave(api, ada) == 422
    assert await leave(api, ada, password="wrong wrong wrong") == 422
    assert await works(api, ada.access)


async def test_shared_projects_are_handed_over_first(api: Api) -> None:
    """The only owner of a project with others in it cannot leave before it is handed over."""
    ada, bob = await register(api), await register(api)
    project, alone = await api.project(ada.access, "Shared"), await api.project(ada.access, "Alone")
    member = {"user_id": bob.id, "role": "editor"}
    assert (await api.call("POST", f"/api/projects/{project}/members", token=ada.access, json=member)).status == 201
    refused = await api.call("DELETE", f"/api/users/{ada.id}", token=ada.access, json={"password": PASSWORD})
    assert "Shared" in refused.problem(409, "conflict")["detail"]
    assert (await api.call("GET", f"/api/projects/{alone}", token=ada.access)).status == 200
    path = f"/api/projects/{project}/members/{bob.id}"
    assert (await api.call("PATCH", path, token=ada.access, json={"role": "owner"})).status == 200
    assert await leave(api, ada, password=PASSWORD) == 202
    left = (await api.call("GET", f"/api/projects/{project}", token=bob.access)).body
    assert (left["owner_id"], left["role"]) == (bob.id, "owner")
    members = (await api.call("GET", f"/api/projects/{project}/members", token=bob.access)).body["items"]
    assert [each["user_id"] for each in members] == [bob.id]


async def test_projects_of_oneself_alone_go_too(api: Api, database: str) -> None:
    """Projects in which nobody else is are deleted as by their owner, with a happening."""
    ada = await register(api)
    project = await api.project(ada.access)
    assert await leave(api, ada, password=PASSWORD) == 202
    [(gone,)] = execute(database, "SELECT deleted_at IS NOT NULL FROM projects WHERE id = %s", project)
    assert gone is True
    kinds = execute(database, "SELECT kind FROM happenings WHERE topic = %s ORDER BY id", f"project:{project}")
    assert kinds[-1] == ("project.deleted",)


async def test_guests_leave_without_a_password(api: Api) -> None:
    """A guest has no password to prove."""
    guest = await api.guest()
    access, own = guest["access_token"], guest["user"]["id"]
    assert (await api.call("DELETE", f"/api/users/{own}", token=access)).status == 202
    assert not await works(api, access)


@pytest.mark.parametrize("who", ["stranger", "admin"])
async def test_others_accounts(api: Api, database: str, who: str) -> None:
    """Administrators delete accounts, strangers do not; a second time there is nothing to delete."""
    ada = await register(api)
    other = await (admin(api, database) if who == "admin" else register(api))
    reply = await api.call("DELETE", f"/api/users/{ada.id}", token=other.access)
    if who == "stranger":
        reply.problem(403, "forbidden")
        return
    assert reply.status == 202
    (await api.call("DELETE", f"/api/users/{ada.id}", token=other.access)).problem(404, "not-found")


async def test_no_password_needs_a_fresh_sign_in(api: Api, database: str) -> None:
    """An account without a password is deleted soon after signing in, not by an old session."""
    ada = await register(api)
    execute(database, "UPDATE users SET password_hash = NULL WHERE id = %s", ada.id)
    execute(database, "UPDATE sessions SET created_at = now() - interval '1 hour' WHERE user_id = %s", ada.id)
    assert await leave(api, ada) == 403
    execute(database, "UPDATE sessions SET created_at = now() WHERE user_id = %s", ada.id)
    assert await leave(api, ada) == 202
