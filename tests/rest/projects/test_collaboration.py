"""Collaboration sessions (gateway/routes/collaboration.py): who starts, joins, leaves and ends them. Who is connected
meanwhile is tried with real connections in tests/live/test_here.py."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from gateway.auth.tokens import RoomToken, Tokens
from schemas import collaboration as limits
from schemas.here import Attendance, Seat, Shown, encode
from schemas.ids import new_id
from schemas.roles import Role
from store.collaboration import note_last_seen
from store.here import Here
from store.postgres import Postgres
from store.redis import connect
from tests.rest.databases import execute
from tests.rest.projects.conftest import MakePerson, Person
from tests.support.stack import Stack

SESSIONS = "/collaboration/sessions"


async def start(person: Person, project: str, name: str = "Pairing") -> str:
    """A new session's id."""
    reply = await person.ok("POST", SESSIONS, {"project_id": project, "name": name}, 201)
    return str(reply.body["id"])


def kinds(database: str, project: str) -> list[str]:
    """What happened in the project, by its happenings, as far as it is about sessions."""
    rows = execute(
        database,
        "SELECT kind FROM happenings WHERE project_id = %s AND kind LIKE 'collaboration.%%' ORDER BY id",
        project,
    )
    return [str(kind).removeprefix("collaboration.") for (kind,) in rows]


async def test_a_session_from_start_to_end(person: MakePerson, database: str) -> None:
    """A session is started, renamed, joined, left and ended; each is a happening of the project."""
    ada, bob = await person("Ada"), await person("Bob")
    project = await ada.project()
    await ada.add(project, bob, "viewer")
    session = await start(ada, project)
    renamed = await ada.ok("PATCH", f"{SESSIONS}/{session}", {"name": "Review"})
    assert (renamed.body["name"], renamed.body["version"], renamed.headers["ETag"]) == ("Review", 2, '"2"')
    await bob.ok("POST", f"{SESSIONS}/{session}/join")
    await bob.ok("POST", f"{SESSIONS}/{session}/join")
    [participant] = (await ada.ok("GET", f"{SESSIONS}/{session}/participants")).body["items"]
    assert (participant["user_id"], participant["online"], participant["left_at"]) == (str(bob.id), False, None)
    await bob.ok("POST", f"{SESSIONS}/{session}/leave", status=204)
    await bob.ok("POST", f"{SESSIONS}/{session}/leave", status=204)
    [participant] = (await ada.ok("GET", f"{SESSIONS}/{session}/participants")).body["items"]
    assert participant["left_at"] is not None
    await ada.ok("DELETE", f"{SESSIONS}/{session}", status=204)
    await ada.ok("DELETE", f"{SESSIONS}/{session}", status=204)
    ended = (await ada.ok("GET", f"{SESSIONS}/{session}")).body
    assert ended["status"] == "ended" and ended["ended_at"] is not None
    (await bob.call("POST", f"{SESSIONS}/{session}/join")).problem(409, "conflict")
    (await ada.call("PATCH", f"{SESSIONS}/{session}", {"status": "active"})).problem(409, "conflict")
    assert kinds(database, project) == ["started", "renamed", "joined", "left", "ended"]


async def test_joining_opens_the_documents(person: MakePerson, tokens: Tokens) -> None:
    """Who joins gets a room token with their own role, and where to bring it."""
    ada, bob = await person("Ada"), await person("Bob")
    project = await ada.project()
    await ada.add(project, bob, "commenter")
    session = await start(bob, project)
    joined = (await bob.ok("POST", f"{SESSIONS}/{session}/join")).body
    proof = tokens.verify(joined["token"])
    assert isinstance(proof, RoomToken)
    assert (proof.user_id, proof.project_id, proof.role) == (bob.id, UUID(project), Role.COMMENTER)
    assert joined["url"].startswith("ws") and joined["role"] == "commenter" and joined["expires_in"] > 0
    assert joined["participant"]["user_id"] == str(bob.id)


async def test_sessions_are_members_affairs(person: MakePerson) -> None:
    """Strangers see and start nothing, also in public projects; viewers do not rename or end."""
    ada, bob, eve = await person("Ada"), await person("Bob"), await person("Eve")
    project = await ada.project(visibility="public")
    await ada.add(project, bob, "viewer")
    session = await start(ada, project)
    for method, path, body in [
        ("POST", SESSIONS, {"project_id": project, "name": "x"}),
        ("GET", f"{SESSIONS}?project_id={project}", None),
        ("GET", f"{SESSIONS}/{session}", None),
        ("POST", f"{SESSIONS}/{session}/join", None),
        ("GET", f"{SESSIONS}/{session}/participants", None),
        ("GET", f"/projects/{project}/presence", None),
    ]:
        assert (await eve.call(method, path, body)).status == 403, path
        assert (await bob.call(method, path, body)).status in (200, 201), path
    assert (await bob.call("PATCH", f"{SESSIONS}/{session}", {"name": "x"})).status == 403
    assert (await bob.call("DELETE", f"{SESSIONS}/{session}")).status == 403


async def test_what_cannot_be(person: MakePerson) -> None:
    """Unknown projects and sessions, empty names, missing projects and old ETags are refused."""
    ada = await person("Ada")
    project = await ada.project()
    session = await start(ada, project)
    (await ada.call("POST", SESSIONS, {"project_id": str(uuid4()), "name": "x"})).problem(404, "not-found")
    (await ada.call("POST", SESSIONS, {"project_id": project, "name": ""})).problem(422, "invalid")
    (await ada.call("GET", SESSIONS)).problem(422, "invalid")
    (await ada.call("GET", f"{SESSIONS}/{uuid4()}")).problem(404, "not-found")
    (await ada.call("GET", f"{SESSIONS}?project_id={project}&cursor=x")).problem(422, "invalid")
    await ada.ok("PATCH", f"{SESSIONS}/{session}", {"name": "new"})
    (await ada.call("PATCH", f"{SESSIONS}/{session}", {"name": "newer"}, etag='"1"')).problem(412, "stale")
    (await ada.call("DELETE", f"{SESSIONS}/{session}", etag='"1"')).problem(412, "stale")


async def test_list_by_pages(person: MakePerson) -> None:
    """A project's sessions are listed page by page, the latest first; those that ended may be left out."""
    ada = await person("Ada")
    project = await ada.project()
    started = [await start(ada, project, str(number)) for number in range(5)]
    await ada.ok("PATCH", f"{SESSIONS}/{started[1]}", {"status": "ended"})
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await ada.ok("GET", f"{SESSIONS}?project_id={project}&limit=2{cursor}")).body
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == started[::-1]
    active = (await ada.ok("GET", f"{SESSIONS}?project_id={project}&status=active")).body["items"]
    assert started[1] not in [item["id"] for item in active] and len(active) == 4


async def test_too_many_sessions(person: MakePerson, database: str) -> None:
    """ACTIVE_SESSIONS: a project has so many active sessions; ending one makes room."""
    ada = await person("Ada")
    project = await ada.project()
    first = await start(ada, project)
    execute(
        database,
        """
        INSERT INTO collab_sessions (id, project_id, name)
        SELECT gen_random_uuid(), %s, 'x' FROM generate_series(2, %s)
        """,
        project,
        limits.ACTIVE_SESSIONS,
    )
    body = {"project_id": project, "name": "one more"}
    (await ada.call("POST", SESSIONS, body)).problem(409, "conflict")
    await ada.ok("DELETE", f"{SESSIONS}/{first}", status=204)
    await ada.ok("POST", SESSIONS, body, 201)


async def test_many_join_at_once(person: MakePerson, database: str) -> None:
    """Joining twice at the same moment is joining once; a session that ends meanwhile is joined or not, never half."""
    ada = await person("Ada")
    project = await ada.project()
    session = await start(ada, project)
    replies = await asyncio.gather(*(ada.call("POST", f"{SESSIONS}/{session}/join") for _ in range(8)))
    assert [reply.status for reply in replies] == [200] * 8
    assert kinds(database, project) == ["started", "joined"]
    bob = await person("Bob")
    await ada.add(project, bob, "editor")
    end, join = await asyncio.gather(
        ada.call("DELETE", f"{SESSIONS}/{session}"), bob.call("POST", f"{SESSIONS}/{session}/join")
    )
    assert end.status == 204 and join.status in (200, 409)
    assert kinds(database, project)[2:] in (["ended"], ["joined", "ended"])


async def test_last_seen(person: MakePerson, postgres: Postgres, database: str) -> None:
    """When somebody's last connection ends, the active sessions that they joined and did not leave remember when."""
    ada = await person("Ada")
    project = await ada.project()
    there, left, over = [await start(ada, project, name) for name in ("there", "left", "over")]
    for session in (there, left, over):
        await ada.ok("POST", f"{SESSIONS}/{session}/join")
    await ada.ok("POST", f"{SESSIONS}/{left}/leave", status=204)
    await ada.ok("DELETE", f"{SESSIONS}/{over}", status=204)
    execute(database, "UPDATE collab_participants SET last_seen_at = 'epoch' WHERE user_id = %s", ada.id)
    await note_last_seen(postgres, {(UUID(project), ada.id), (uuid4(), ada.id)})
    rows = execute(
        database,
        "SELECT session_id::text FROM collab_participants WHERE user_id = %s AND last_seen_at > 'epoch'",
        ada.id,
    )
    assert rows == [(there,)]


@pytest.mark.parametrize("ends", [False, True])
async def test_participants_are_who_joined_and_who_is_here(person: MakePerson, stack: Stack, ends: bool) -> None:
    """Those who are connected lead, whether they joined or not; a session that ended has nobody connected."""
    ada, bob, eve = await person("Ada"), await person("Bob"), await person("Eve")
    project = await ada.project()
    for each in (bob, eve):
        await ada.add(project, each, "editor")
    session = await start(ada, project)
    for each in (ada, bob):
        await each.ok("POST", f"{SESSIONS}/{session}/join")
    if ends:
        await ada.ok("DELETE", f"{SESSIONS}/{session}", status=204)
    redis = connect(stack.redis_url)
    here = Here(redis)
    seats = [Seat(each.id.bytes, "at the desk", Role.EDITOR, "main", 1_000_000) for each in (bob, eve)]
    shown = [Shown(eve.id.bytes, "main", 1, b'{"colour": "red"}'), Shown(new_id().bytes, "main", 2, b"{}")]
    life = uuid4().hex
    await here.tell(life, {project: encode(Attendance(2, seats, shown))})
    try:
        items = (await ada.ok("GET", f"{SESSIONS}/{session}/participants")).body["items"]
    finally:
        await here.leave(life)
        await redis.aclose(close_connection_pool=True)
    online = {item["user_id"]: item["joined_at"] is not None for item in items if item["online"]}
    assert online == ({} if ends else {str(bob.id): True, str(eve.id): False})
    assert {item["user_id"] for item in items if not item["online"]} == {str(ada.id)} | (
        {str(bob.id)} if ends else set()
    )
    if not ends:
        assert [item["presence"] for item in items if item["user_id"] == str(eve.id)] == [
            [{"path": "main", "client_id": 1, "state": {"colour": "red"}}]
        ]
