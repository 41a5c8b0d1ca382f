"""`DELETE /api/users/{id}`: who leaves is forgotten, and nobody's work goes with them."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from schemas.ids import new_id
from store import keys
from store.happenings import Happening, add_happening, user_topic
from store.notifications import Notice, add_notification
from store.postgres import Postgres
from store.users_admin import claim_first_admin
from tests.rest.api import Api
from tests.rest.auth.people import PASSWORD, Person, fresh_name, login, refresh, register, works
from tests.rest.auth.site import Site
from tests.rest.auth.test_users import admin
from tests.rest.databases import execute, holding, is_waited_for, traces
from tests.support.waiting import wait_until


async def leave(api: Api, person: Person, **body: object) -> int:
    reply = await api.call("DELETE", f"/api/users/{person.id}", token=person.access, json=body)
    return reply.status


async def call(api: Api, who: Person, method: str, path: str, json: object = None) -> Any:
    """A request below /api that must succeed; its body."""
    headers = {"Idempotency-Key": fresh_name()}
    reply = await api.call(method, f"/api{path}", token=who.access, json=json, headers=headers)
    assert reply.status < 300, reply.body
    return reply.body


def verify(database: str, person: Person) -> None:
    execute(database, "UPDATE users SET email_verified_at = now() WHERE id = %s", person.id)


async def lived_in(site: Site, database: str, ada: Person, name: str) -> None:
    """Whatever an account collects, by its own doing and by others'."""
    api, bob = site.api, await register(site.api)
    profile = {"bio": f"I am {name}", "avatar_url": f"https://pictures.example/{ada.username}"}
    await call(api, ada, "PATCH", f"/users/{ada.id}", profile)
    await call(api, ada, "POST", "/tokens", {"name": f"{name}'s laptop", "scopes": ["read"]})
    await call(api, ada, "POST", "/webhooks", {"url": f"https://hooks.example/{ada.username}", "description": name})
    await call(api, ada, "PUT", "/notifications/preferences", {"muted": ["webhook.disabled"]})
    execute(database, "INSERT INTO first_admins (email, user_id) VALUES (%s, %s)", ada.email, ada.id)
    assert (await api.call("POST", "/api/auth/password/forgot", json={"email": ada.email})).status == 202
    assert (await login(api, ada, password="wrong wrong wrong")).status == 401
    project, other = await api.project(bob.access), await api.project(bob.access)
    invite = {"role": "editor", "email": ada.email.upper()}
    accepted = await call(api, bob, "POST", f"/projects/{project}/invites", invite)
    await call(api, bob, "POST", f"/projects/{other}/invites", invite)
    await call(api, ada, "POST", f"/invites/{accepted['token']}/accept")
    await call(api, ada, "POST", f"/projects/{project}/files", {"path": "a"})
    session = await call(api, ada, "POST", "/collaboration/sessions", {"project_id": project, "name": "x"})
    await call(api, ada, "POST", f"/collaboration/sessions/{session['id']}/join")
    await call(api, bob, "PATCH", f"/projects/{project}/members/{ada.id}", {"role": "viewer"})
    own = Happening(topic=user_topic(UUID(ada.id)), kind="identity.linked", data={"login": ada.username})
    await add_happening(site.parts.postgres, own)
    site.parts.nudge()
    noticed = "SELECT 1 FROM notifications WHERE user_id = %s AND kind = 'member.changed'"
    await wait_until(lambda: execute(database, noticed, ada.id), "the teller")
    await wait_until(lambda: not execute(database, "SELECT 1 FROM happenings WHERE NOT told"), "the teller")


async def test_nothing_says_who_it_was(site: Site, database: str) -> None:
    """No table keeps name, address, password, place or device of somebody who left; the names are free again."""
    api, name = site.api, f"Ada {fresh_name()} Lovelace"
    ada = await register(api, display_name=name)
    verify(database, ada)
    signs, told = (ada.email, ada.username, name), keys.event_log(f"user:{ada.id}")
    await lived_in(site, database, ada, name)
    assert len(traces(database, *signs)) > 8
    assert await site.parts.redis.exists(told)
    assert await leave(api, ada, password=PASSWORD) == 202
    assert not await works(api, ada.access)
    (await refresh(api, ada.refresh)).problem(401, "expired")
    (await login(api, ada)).problem(401, "unauthenticated")
    assert traces(database, *signs) == []
    assert not await site.parts.redis.exists(told)
    [(status, kept)] = execute(database, "SELECT status, display_name FROM users WHERE id = %s", ada.id)
    assert (status, kept) == ("deleted", "Deleted user")
    again = await register(api, email=ada.email, username=ada.username)
    assert again.id != ada.id
    (await api.call("GET", f"/api/users/{ada.id}", token=again.access)).problem(404, "not-found")


async def test_notices_on_their_way_do_not_arrive(site: Site, database: str) -> None:
    """What the teller was about to tell somebody who leaves at this moment is not kept for them."""
    ada, bob = await register(site.api), await register(site.api)
    notice = Notice(user_id=UUID(ada.id), kind="member.added", actor_id=UUID(bob.id), data={"name": "x"})
    lock = "UPDATE users SET status = 'deleted' WHERE id = (SELECT id FROM users WHERE id = %s FOR UPDATE)"
    with holding(database, lock, ada.id) as leaving:
        telling = asyncio.create_task(site.parts.postgres.transact(lambda tx: add_notification(tx, notice)))
        await wait_until(lambda: is_waited_for(database, leaving), "the teller to wait")
        leaving.commit()
        assert await telling is False


async def test_invitations_of_who_leaves(api: Api, database: str) -> None:
    """Open invitations to a verified address end with its account; those to an address that nobody proved stay."""
    bob, ada, eve = await register(api), await register(api), await register(api)
    verify(database, ada)
    project = await api.project(bob.access)
    for person in (ada, eve):
        await call(api, bob, "POST", f"/projects/{project}/invites", {"role": "editor", "email": person.email})
        assert await leave(api, person, password=PASSWORD) == 202
    items = (await call(api, bob, "GET", f"/projects/{project}/invites"))["items"]
    assert [(each["state"], each["email"]) for each in items] == [("open", eve.email), ("revoked", None)]


async def test_added_again_and_again_meanwhile(api: Api, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that does not come to leave keeps its invitations."""
    bob, ada = await register(api), await register(api)
    verify(database, ada)
    project = await api.project(bob.access)
    await call(api, bob, "POST", f"/projects/{project}/invites", {"role": "editor", "email": ada.email})
    member = {"user_id": ada.id, "role": "editor"}
    await call(api, bob, "POST", f"/projects/{project}/members", member)

    async def stay(*_: object) -> None:
        """As if somebody added them again at once."""

    monkeypatch.setattr("gateway.routes.departure._leave", stay)
    assert await leave(api, ada, password=PASSWORD) == 409
    items = (await call(api, bob, "GET", f"/projects/{project}/invites"))["items"]
    assert [(each["state"], each["email"]) for each in items] == [("open", ada.email)]


async def test_first_admin_leaves_once(api: Api, database: str, postgres: Postgres) -> None:
    """The address that made the first administrator makes no second one after that one left."""
    ada, email = await register(api), f"{fresh_name()}@example.com"
    assert await claim_first_admin(postgres, email, UUID(ada.id))
    assert await leave(api, ada, password=PASSWORD) == 202
    assert not await claim_first_admin(postgres, email, new_id())
    assert traces(database, email) == []


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
