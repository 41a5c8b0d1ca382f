"""Invitations: made, accepted once, revoked, expired."""

import asyncio
from typing import Any

import pytest

from store.postgres import Postgres
from tests.rest.projects.conftest import MakePerson, Person
from tests.rest.projects.test_members import roles
from tests.rest.projects.test_projects import kinds


async def invited(who: Person, project: str, role: str = "editor", **fields: object) -> dict[str, Any]:
    """A new invitation, with its token."""
    reply = await who.ok("POST", f"/projects/{project}/invites", {"role": role, **fields}, 201)
    return dict(reply.body)


async def states(who: Person, project: str) -> list[str]:
    """What became of a project's invitations, the latest first."""
    return [one["state"] for one in (await who.ok("GET", f"/projects/{project}/invites")).body["items"]]


async def test_accepting_makes_a_member(ada: Person, bob: Person, eve: Person, postgres: Postgres) -> None:
    """Whoever brings the token becomes a member, once; again changes nothing, and others are refused."""
    project = await ada.project()
    invite = await invited(ada, project)
    for _ in range(2):
        accepted = await bob.ok("POST", f"/invites/{invite['token']}/accept")
        assert accepted.body == {"project_id": project, "role": "editor"}
    (await eve.call("POST", f"/invites/{invite['token']}/accept")).problem(409, "conflict")
    assert await roles(ada, project) == {"Ada": "owner", "Bob": "editor"}
    assert await states(ada, project) == ["accepted"]
    told = await kinds(postgres, f"project:{project}")
    assert told[:4] == ["project.created", "invite.created", "invite.accepted", "member.added"]


async def test_token_is_shown_once_and_kept_hashed(ada: Person, postgres: Postgres) -> None:
    """The token stands in the answer to who made it, and nowhere else: not in the list, not in the database."""
    project = await ada.project()
    token = (await invited(ada, project))["token"]
    [listed] = (await ada.ok("GET", f"/projects/{project}/invites")).body["items"]
    assert "token" not in listed
    sql = "SELECT count(*) AS found FROM project_invites i WHERE i::text LIKE '%%' || %(token)s || '%%'"
    row = await postgres.row(Found, sql, {"token": token})
    assert row is not None and row.found == 0


class Found:
    def __init__(self, found: int) -> None:
        self.found = found


async def test_named_address_must_be_verified(person: MakePerson, ada: Person, bob: Person, postgres: Postgres) -> None:
    """An invitation for an address is accepted by the account that verified it, whatever its case, and no other."""
    project = await ada.project()
    token = (await invited(ada, project, email="Grace@navy.example"))["token"]
    grace = await person("Grace", email="grace@NAVY.example", verified=False)
    for who in (bob, grace):
        (await who.call("POST", f"/invites/{token}/accept")).problem(403, "forbidden")
    await postgres.execute("UPDATE users SET email_verified_at = now() WHERE id = %(id)s", {"id": grace.id})
    assert (await grace.ok("POST", f"/invites/{token}/accept")).body["role"] == "editor"


async def test_unknown_revoked_and_expired_are_alike(ada: Person, bob: Person, postgres: Postgres) -> None:
    """What was never made, revoked, or over is 404, and says nothing more."""
    project = await ada.project()
    revoked, expired = await invited(ada, project), await invited(ada, project)
    await ada.ok("DELETE", f"/projects/{project}/invites/{revoked['id']}", status=204)
    sql = "UPDATE project_invites SET expires_at = now() WHERE id = %(id)s"
    await postgres.execute(sql, {"id": expired["id"]})
    for token in (revoked["token"], expired["token"], "nonsense", "x" * 5_000, "%00", "é"):
        (await bob.call("POST", f"/invites/{token}/accept")).problem(404, "not-found")
    assert await states(ada, project) == ["expired", "revoked"]
    assert await roles(ada, project) == {"Ada": "owner"}
    again = await ada.call("DELETE", f"/projects/{project}/invites/{revoked['id']}")
    again.problem(404, "not-found")
    other = await ada.project()
    foreign = await invited(ada, other)
    (await ada.call("DELETE", f"/projects/{project}/invites/{foreign['id']}")).problem(404, "not-found")


@pytest.mark.parametrize(("has", "offered", "gets"), [("viewer", "admin", "admin"), ("admin", "viewer", "admin")])
async def test_members_keep_the_higher_role(ada: Person, bob: Person, has: str, offered: str, gets: str) -> None:
    """Who is a member already keeps the higher of both roles."""
    project = await ada.project()
    await ada.add(project, bob, has)
    token = (await invited(ada, project, offered))["token"]
    assert (await bob.ok("POST", f"/invites/{token}/accept")).body["role"] == gets
    assert (await roles(ada, project))["Bob"] == gets


async def test_owners_are_not_invited(ada: Person, bob: Person) -> None:
    """An invitation makes no owner; an editor makes none at all; an admin one up to their own role."""
    project = await ada.project()
    (await ada.call("POST", f"/projects/{project}/invites", {"role": "owner"})).problem(422, "invalid")
    await ada.add(project, bob, "editor")
    (await bob.call("POST", f"/projects/{project}/invites", {"role": "viewer"})).problem(403, "forbidden")
    (await bob.call("GET", f"/projects/{project}/invites")).problem(403, "forbidden")
    await ada.ok("PATCH", f"/projects/{project}/members/{bob.id}", {"role": "admin"})
    await invited(bob, project, "admin")


async def test_guests_register_first(person: MakePerson, ada: Person) -> None:
    """A guest cannot accept."""
    token = (await invited(ada, await ada.project()))["token"]
    guest = await person("Guest", guest=True)
    (await guest.call("POST", f"/invites/{token}/accept")).problem(403, "forbidden")


@pytest.mark.parametrize("change", [{"role": "editor"}, None])
async def test_end_with_the_right_to_invite(
    ada: Person, bob: Person, eve: Person, change: dict[str, str] | None
) -> None:
    """An admin's open invitations end when they are an admin no more."""
    project = await ada.project()
    await ada.add(project, bob, "admin")
    token = (await invited(bob, project))["token"]
    path = f"/projects/{project}/members/{bob.id}"
    await ada.ok("DELETE" if change is None else "PATCH", path, change, 204 if change is None else 200)
    (await eve.call("POST", f"/invites/{token}/accept")).problem(404, "not-found")
    assert await states(ada, project) == ["revoked"]


async def test_end_with_who_made_them(ada: Person, bob: Person, eve: Person, postgres: Postgres) -> None:
    """Invitations of somebody who was banned are worth nothing."""
    project = await ada.project()
    await ada.add(project, bob, "admin")
    token = (await invited(bob, project))["token"]
    await postgres.execute("UPDATE users SET status = 'banned' WHERE id = %(id)s", {"id": bob.id})
    (await eve.call("POST", f"/invites/{token}/accept")).problem(404, "not-found")


async def test_one_of_two_accepts(person: MakePerson, ada: Person, postgres: Postgres) -> None:
    """Of ten people who accept one invitation at once, one becomes a member."""
    project = await ada.project()
    token = (await invited(ada, project))["token"]
    people = [await person(f"Person {at}") for at in range(10)]
    replies = await asyncio.gather(*(who.call("POST", f"/invites/{token}/accept") for who in people))
    assert sorted(reply.status for reply in replies) == [200] + [409] * 9
    assert len(await roles(ada, project)) == 2
    assert (await kinds(postgres, f"project:{project}")).count("member.added") == 1


async def test_twice_at_once_by_one_person(ada: Person, bob: Person, postgres: Postgres) -> None:
    """One person who accepts twice at once gets two good answers and one membership."""
    project = await ada.project()
    token = (await invited(ada, project))["token"]
    replies = await asyncio.gather(*(bob.call("POST", f"/invites/{token}/accept") for _ in range(5)))
    assert [reply.status for reply in replies] == [200] * 5
    assert (await kinds(postgres, f"project:{project}")).count("invite.accepted") == 1


async def test_deleted_projects_take_nobody(ada: Person, bob: Person) -> None:
    """While the project is deleted its invitations are 404; they hold again once it is restored."""
    project = await ada.project()
    token = (await invited(ada, project))["token"]
    await ada.ok("DELETE", f"/projects/{project}", status=204)
    (await bob.call("POST", f"/invites/{token}/accept")).problem(404, "not-found")
    await ada.ok("POST", f"/projects/{project}/restore")
    await bob.ok("POST", f"/invites/{token}/accept")
