"""`/api/projects/{id}/members`: who gives and takes which role."""

import asyncio
from uuid import uuid4

import pytest

from schemas.roles import Role
from store.postgres import Postgres
from tests.rest.databases import holding, is_waited_for
from tests.rest.projects.conftest import MakePerson, Person
from tests.rest.projects.test_projects import kinds
from tests.support.waiting import wait_until

ROLES = [role.value for role in sorted(Role)]


async def roles(who: Person, project: str) -> dict[str, str]:
    """The members' names and roles."""
    items = (await who.ok("GET", f"/projects/{project}/members")).body["items"]
    return {one["display_name"]: one["role"] for one in items}


async def test_members_come_in_order(person: MakePerson, ada: Person) -> None:
    """Members are listed in the order in which they came, page by page, each once."""
    project = await ada.project()
    names = [f"Person {at}" for at in range(7)]
    for name in names:
        await ada.add(project, await person(name), "viewer")
    seen, cursor = [], ""
    while True:
        page = (await ada.ok("GET", f"/projects/{project}/members?limit=3{cursor}")).body
        seen += [one["display_name"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == ["Ada", *names]


async def test_added_member_gets_in_at_once(ada: Person, bob: Person, postgres: Postgres) -> None:
    """Who is added may read at once, is told so, and has the project in their list."""
    project = await ada.project()
    assert (await bob.call("GET", f"/projects/{project}")).status == 403
    reply = await ada.ok("POST", f"/projects/{project}/members", {"user_id": str(bob.id), "role": "editor"}, 201)
    assert (reply.body["user_id"], reply.body["invited_by"]) == (str(bob.id), str(ada.id))
    assert (await bob.ok("GET", f"/projects/{project}")).body["role"] == "editor"
    assert [one["id"] for one in (await bob.ok("GET", "/projects")).body["items"]] == [project]
    assert (await kinds(postgres, f"user:{bob.id}")).count("member.added") == 1
    again = await ada.call("POST", f"/projects/{project}/members", {"user_id": str(bob.id), "role": "viewer"})
    again.problem(409, "conflict")
    assert await roles(ada, project) == {"Ada": "owner", "Bob": "editor"}


async def test_added_by_verified_address(person: MakePerson, ada: Person) -> None:
    """An address finds its account whatever its case, but only once it is verified, and never for guests."""
    await person("Grace", email="Hopper@navy.example")
    await person("Mallory", email="target@navy.example", verified=False)
    project = await ada.project()
    path = f"/projects/{project}/members"
    await ada.ok("POST", path, {"email": "hopper@NAVY.example", "role": "viewer"}, 201)
    for email in ("target@navy.example", "nobody@navy.example"):
        reply = await ada.call("POST", path, {"email": email, "role": "viewer"})
        assert reply.problem(422, "invalid")["errors"][0]["pointer"] == "/email"
    guest = await person("Guest", guest=True)
    reply = await guest.call(
        "POST", f"/projects/{await guest.project()}/members", {"email": "hopper@navy.example", "role": "viewer"}
    )
    reply.problem(403, "forbidden")


@pytest.mark.parametrize(
    "body",
    [
        {"role": "viewer"},
        {"role": "viewer", "user_id": str(uuid4()), "email": "a@b"},
        {"role": "boss", "user_id": str(uuid4())},
        {"role": "viewer", "user_id": str(uuid4())},
        {"role": "viewer", "email": "no address"},
        {"role": "viewer", "email": "a@b\n"},
        {"role": "viewer", "email": "a\u0000@b"},
    ],
)
async def test_nobody_is_added_by_mistake(ada: Person, body: dict[str, str]) -> None:
    """Exactly one way to name somebody, who must exist."""
    project = await ada.project()
    (await ada.call("POST", f"/projects/{project}/members", body)).problem(422, "invalid")


@pytest.mark.parametrize("actor", ROLES)
async def test_nobody_reaches_above_themselves(ada: Person, bob: Person, eve: Person, actor: str) -> None:
    """Only admins and owners change others; they give and take roles up to their own."""
    project = await ada.project()
    await ada.add(project, bob, actor)
    await ada.add(project, eve, "viewer")
    path = f"/projects/{project}/members/{eve.id}"
    for before in ROLES:
        for after in ROLES:
            if before == after:
                continue
            await ada.ok("PATCH", path, {"role": before})
            reply = await bob.call("PATCH", path, {"role": after})
            may = actor in ("admin", "owner") and max(Role(before), Role(after)) <= Role(actor)
            assert reply.status == (200 if may else 403), (before, after, reply.body)
            assert (await roles(ada, project))["Eve"] == (after if may else before)
        await ada.ok("PATCH", path, {"role": before})
        reply = await bob.call("DELETE", path)
        may = actor in ("admin", "owner") and Role(before) <= Role(actor)
        assert reply.status == (204 if may else 403)
        if may:
            await ada.add(project, eve, "viewer")


@pytest.mark.parametrize("role", ROLES[:-1])
async def test_everybody_may_leave(ada: Person, bob: Person, postgres: Postgres, role: str) -> None:
    """A member lowers their own role and leaves, but does not raise it."""
    project = await ada.project()
    await ada.add(project, bob, role)
    path = f"/projects/{project}/members/{bob.id}"
    for other in ROLES:
        if Role(other) > Role(role):
            (await bob.call("PATCH", path, {"role": other})).problem(403, "forbidden")
    await bob.ok("PATCH", path, {"role": "viewer"})
    await bob.ok("DELETE", path, status=204)
    (await bob.call("GET", f"/projects/{project}")).problem(403, "forbidden")
    (await bob.call("DELETE", path)).problem(403, "forbidden")
    assert "member.removed" in await kinds(postgres, f"user:{bob.id}")


async def test_last_owner_stays(ada: Person, bob: Person) -> None:
    """The last owner neither leaves nor steps down; with another one they do, and the project names that one."""
    project = await ada.project()
    await ada.add(project, bob, "admin")
    own = f"/projects/{project}/members/{ada.id}"
    (await ada.call("DELETE", own)).problem(409, "conflict")
    (await ada.call("PATCH", own, {"role": "admin"})).problem(409, "conflict")
    await ada.ok("PATCH", f"/projects/{project}/members/{bob.id}", {"role": "owner"})
    assert (await ada.ok("GET", f"/projects/{project}")).body["owner_id"] == str(ada.id)
    await ada.ok("DELETE", own, status=204)
    assert (await bob.ok("GET", f"/projects/{project}")).body["owner_id"] == str(bob.id)
    (await bob.call("DELETE", f"/projects/{project}/members/{bob.id}")).problem(409, "conflict")


async def test_handing_over(ada: Person, bob: Person) -> None:
    """With `hand_over` an owner makes another the owner and becomes an admin, in one step."""
    project = await ada.project()
    await ada.add(project, bob, "viewer")
    path = f"/projects/{project}/members/{bob.id}"
    (await ada.call("PATCH", path, {"role": "admin", "hand_over": True})).problem(422, "invalid")
    own = f"/projects/{project}/members/{ada.id}"
    (await ada.call("PATCH", own, {"role": "owner", "hand_over": True})).problem(422, "invalid")
    await ada.ok("PATCH", path, {"role": "owner", "handOver": True})
    assert await roles(ada, project) == {"Ada": "admin", "Bob": "owner"}
    assert (await ada.ok("GET", f"/projects/{project}")).body["owner_id"] == str(bob.id)
    (await ada.call("PATCH", path, {"role": "owner", "hand_over": True})).problem(403, "forbidden")


@pytest.mark.parametrize("round_", range(5))
@pytest.mark.parametrize("by", ["demoting", "leaving", "taking"])
async def test_two_last_owners_at_once(ada: Person, bob: Person, by: str, round_: int) -> None:
    """Two owners who step down, leave, or demote each other at the same moment leave one."""
    project = await ada.project()
    await ada.add(project, bob, "owner")
    people = (ada, bob)
    if by == "demoting":
        tries = [who.call("PATCH", f"/projects/{project}/members/{who.id}", {"role": "viewer"}) for who in people]
    elif by == "leaving":
        tries = [who.call("DELETE", f"/projects/{project}/members/{who.id}") for who in people]
    else:
        other = {ada.id: bob.id, bob.id: ada.id}
        tries = [
            who.call("PATCH", f"/projects/{project}/members/{other[who.id]}", {"role": "viewer"}) for who in people
        ]
    replies = await asyncio.gather(*tries)
    assert sorted(reply.status for reply in replies) in ([200, 409], [204, 409], [200, 403]), replies
    left = ada if replies[1 if by == "taking" else 0].status not in (200, 204) else bob
    found = await roles(left, project)
    assert list(found.values()).count("owner") == 1
    assert (await left.ok("GET", f"/projects/{project}")).body["owner_id"] == str(left.id)


async def test_join_and_delete_at_once(ada: Person, bob: Person, postgres: Postgres) -> None:
    """Who joins while the project is deleted is in the deleted project or not at all, and nothing fails."""
    for _ in range(5):
        project = await ada.project()
        added, deleted = await asyncio.gather(
            ada.call("POST", f"/projects/{project}/members", {"user_id": str(bob.id), "role": "viewer"}),
            ada.call("DELETE", f"/projects/{project}"),
        )
        assert (added.status, deleted.status) in ((201, 204), (404, 204))
        assert (await bob.call("GET", f"/projects/{project}")).status == 404
        assert (await bob.ok("GET", "/projects")).body["items"] == []
        await ada.ok("POST", f"/projects/{project}/restore")
        assert (await bob.call("GET", f"/projects/{project}")).status == (200 if added.status == 201 else 403)
        if added.status == 201:
            await bob.ok("DELETE", f"/projects/{project}/members/{bob.id}", status=204)


LEAVE = "UPDATE users SET status = 'deleted' WHERE id = (SELECT id FROM users WHERE id = %s FOR UPDATE)"


@pytest.mark.parametrize("how", ["added", "accepting"])
async def test_who_leaves_atrium_at_once_becomes_no_member(ada: Person, bob: Person, database: str, how: str) -> None:
    """Somebody whose account is being deleted is added to no project, nor accepts an invitation."""
    project = await ada.project()
    invite = (await ada.ok("POST", f"/projects/{project}/invites", {"role": "editor"}, 201)).body
    body = {"user_id": str(bob.id), "role": "viewer"}
    with holding(database, LEAVE, str(bob.id)) as leaving:
        joining = asyncio.create_task(
            ada.call("POST", f"/projects/{project}/members", body)
            if how == "added"
            else bob.call("POST", f"/invites/{invite['token']}/accept")
        )
        await wait_until(lambda: is_waited_for(database, leaving), "the other to wait")
        leaving.commit()
        (await joining).problem(409, "conflict")
    assert await roles(ada, project) == {"Ada": "owner"}


async def test_double_submit_adds_once(ada: Person, bob: Person, postgres: Postgres) -> None:
    """Of ten requests at once to add the same person, one does."""
    project = await ada.project()
    body = {"user_id": str(bob.id), "role": "viewer"}
    replies = await asyncio.gather(*(ada.call("POST", f"/projects/{project}/members", body) for _ in range(10)))
    assert sorted(reply.status for reply in replies) == [201] + [409] * 9
    assert (await kinds(postgres, f"user:{bob.id}")).count("member.added") == 1
