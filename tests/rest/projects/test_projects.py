"""`/api/projects`: making, reading, changing, deleting and restoring one."""

import asyncio
from io import BytesIO

import pytest

from store.postgres import Postgres
from tests.rest.projects.conftest import MakePerson, Person

FIELDS = {
    "description": "About everything",
    "kind": "colorbook",
    "visibility": "unlisted",
    "preview_html": "<p>hi</p>",
    "settings": {"theme": {"Dark": True}, "size": 1.5},
}


async def test_all_fields_come_back(ada: Person) -> None:
    """What was given is what a GET answers, with what follows from it."""
    made = await ada.ok("POST", "/projects", {"name": "Thesis", **FIELDS}, 201)
    assert made.headers["Location"] == f"/api/projects/{made.body['id']}"
    read = await ada.ok("GET", f"/projects/{made.body['id']}")
    assert read.body == made.body
    assert read.body.items() >= FIELDS.items()
    assert (read.body["is_public"], read.body["role"], read.body["owner_id"]) == (False, "owner", str(ada.id))
    assert (read.body["version"], read.body["deleted_at"]) == (1, None)
    assert read.headers["ETag"] == made.headers["ETag"] == '"1-owner"'


async def test_camel_case_is_taken(ada: Person) -> None:
    """`isPublic` and `previewHtml` are taken; an error names what the client wrote."""
    made = await ada.ok("POST", "/projects", {"name": "x", "isPublic": True, "previewHtml": "<p>"}, 201)
    assert (made.body["visibility"], made.body["preview_html"]) == ("public", "<p>")
    refused = await ada.call("POST", "/projects", {"name": "x", "isPublic": "yes"})
    assert refused.problem(422, "invalid")["errors"][0]["pointer"] == "/isPublic"


async def test_missing_is_unchanged_and_null_clears(ada: Person) -> None:
    """PUT and PATCH are the same: a missing key means unchanged, null clears, the name cannot be cleared."""
    project = await ada.project(**FIELDS)
    for method, change, after in (
        ("PATCH", {"name": "Other"}, {"name": "Other", **FIELDS}),
        ("PUT", {"description": None, "settings": None}, {"name": "Other", "description": "", "settings": {}}),
        ("PUT", {"preview_html": None, "kind": None}, {"preview_html": None, "kind": "code"}),
        ("PATCH", {}, {"name": "Other", "visibility": "unlisted"}),
    ):
        reply = await ada.ok(method, f"/projects/{project}", change)
        assert reply.body.items() >= after.items()
    assert reply.body["version"] == 4
    (await ada.call("PATCH", f"/projects/{project}", {"name": None})).problem(422, "invalid")


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ("private", {"is_public": True}, "public"),
        ("unlisted", {"is_public": False}, "unlisted"),
        ("public", {"is_public": False}, "private"),
        ("private", {"is_public": False, "visibility": "unlisted"}, "unlisted"),
        ("private", {"is_public": True, "visibility": "public"}, "public"),
        ("private", {"is_public": True, "visibility": "unlisted"}, None),
        ("private", {"is_public": False, "visibility": "public"}, None),
    ],
)
async def test_is_public_follows_visibility(
    ada: Person, before: str, change: dict[str, object], after: str | None
) -> None:
    """`is_public` is derived from and accepted for `visibility`; a contradiction is pointed at."""
    project = await ada.project(visibility=before)
    reply = await ada.call("PATCH", f"/projects/{project}", change)
    if after is None:
        assert reply.problem(422, "invalid")["errors"][0]["pointer"] == "/is_public"
        assert (await ada.call("POST", "/projects", {"name": "x", **change})).status == 422
    else:
        assert (reply.body["visibility"], reply.body["is_public"]) == (after, after == "public")


@pytest.mark.parametrize(
    ("settings", "pointer"),
    [
        ({"a": "x" * 17_000}, "/settings"),
        ({"a": [{"b/c": "\x00"}]}, "/settings/a/0/b~1c"),
        ({"\x00": 1}, "/settings"),
        ([1], "/settings"),
    ],
)
async def test_settings_are_bounded(ada: Person, settings: object, pointer: str) -> None:
    """Settings are a JSON object of bounded size that PostgreSQL can keep."""
    reply = await ada.call("POST", "/projects", {"name": "x", "settings": settings})
    assert reply.problem(422, "invalid")["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("depth", [16, 17, 500, 100_000])
async def test_settings_are_not_deep(ada: Person, depth: int) -> None:
    """Settings nest 16 deep at most; what nests deeper than any reader goes is no JSON for us."""
    raw = b'{"name":"x","settings":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
    reply = await ada.api.call("POST", "/api/projects", token=ada.token, raw=raw)
    assert reply.status == (201 if depth == 16 else 422 if depth <= 500 else 400), reply.body


@pytest.mark.parametrize("number", ["1e308", "1e400", "123456789012345678901234567890", "-0.0", "1" * 400])
async def test_any_number_is_kept_or_refused(ada: Person, number: str) -> None:
    """Numbers of any size are kept or refused, never an error of ours."""
    raw = b'{"name":"x","settings":{"a":' + number.encode() + b"}}"
    reply = await ada.api.call("POST", "/api/projects", token=ada.token, raw=raw)
    assert reply.status in (201, 400, 422), reply.body
    if reply.status == 201:
        assert (await ada.ok("GET", f"/projects/{reply.body['id']}")).body["settings"] == reply.body["settings"]


async def test_stale_etag_changes_nothing(ada: Person) -> None:
    """If-Match with the current ETag changes, with an older one is 412, also as a plain version."""
    project = await ada.project()
    etag = (await ada.ok("GET", f"/projects/{project}")).headers["ETag"]
    changed = await ada.call("PATCH", f"/projects/{project}", {"name": "b"}, etag)
    assert changed.status == 200
    for old in (etag, '"1"', '"99"', '"x"', "1", 'W/"2"'):
        (await ada.call("PATCH", f"/projects/{project}", {"name": "c"}, old)).problem(412, "stale")
        (await ada.call("DELETE", f"/projects/{project}", etag=old)).problem(412, "stale")
    for new in (changed.headers["ETag"], '"3"', "*"):
        assert (await ada.call("PATCH", f"/projects/{project}", {"name": "d"}, new)).status == 200


async def test_one_of_two_wins(ada: Person) -> None:
    """Of ten PATCHes with the same If-Match, one changes the project and nine are 412."""
    project = await ada.project()
    replies = await asyncio.gather(
        *(ada.call("PATCH", f"/projects/{project}", {"name": f"n{at}"}, '"1-owner"') for at in range(10))
    )
    assert sorted(reply.status for reply in replies) == [200] + [412] * 9
    [won] = [reply.body for reply in replies if reply.status == 200]
    assert (await ada.ok("GET", f"/projects/{project}")).body == won


async def test_known_etag_is_304(ada: Person, bob: Person) -> None:
    """A GET with the ETag one has is 304, until the project or one's own role changed."""
    project = await ada.project()
    await ada.add(project, bob, "editor")
    etag = (await bob.ok("GET", f"/projects/{project}")).headers["ETag"]
    path = f"/api/projects/{project}"
    again = await ada.api.call("GET", path, token=bob.token, headers={"If-None-Match": etag})
    assert again.status == 304
    await ada.ok("PATCH", f"/projects/{project}/members/{bob.id}", {"role": "viewer"})
    again = await ada.api.call("GET", path, token=bob.token, headers={"If-None-Match": etag})
    assert (again.status, again.body["role"]) == (200, "viewer")


async def test_admins_say_who_may_see(ada: Person, bob: Person) -> None:
    """An editor changes everything but the visibility."""
    project = await ada.project()
    await ada.add(project, bob, "editor")
    await bob.ok("PATCH", f"/projects/{project}", {"name": "b", "visibility": "private"})
    (await bob.call("PATCH", f"/projects/{project}", {"isPublic": True})).problem(403, "forbidden")
    assert (await bob.ok("GET", f"/projects/{project}")).body["visibility"] == "private"


async def test_visibility_opens_and_closes_at_once(ada: Person, bob: Person) -> None:
    """A public project is read by strangers and by nobody in particular, a private one is not any more."""
    project = await ada.project()
    (await bob.call("GET", f"/projects/{project}")).problem(403, "forbidden")
    await ada.ok("PATCH", f"/projects/{project}", {"visibility": "public"})
    read = await bob.ok("GET", f"/projects/{project}")
    assert (read.body["role"], read.headers["ETag"]) == (None, '"2"')
    assert (await ada.api.call("GET", f"/api/projects/{project}")).status == 200
    await ada.ok("PATCH", f"/projects/{project}", {"visibility": "private"})
    (await bob.call("GET", f"/projects/{project}")).problem(403, "forbidden")
    (await ada.api.call("GET", f"/api/projects/{project}")).problem(401, "unauthenticated")


async def test_members_are_included(ada: Person, bob: Person) -> None:
    """`include=members` adds them, for members only, and then there is no ETag."""
    project = await ada.project(visibility="public")
    await ada.add(project, bob, "viewer")
    read = await bob.ok("GET", f"/projects/{project}?include=members")
    assert [(one["display_name"], one["role"]) for one in read.body["members"]] == [("Ada", "owner"), ("Bob", "viewer")]
    assert "ETag" not in read.headers
    (await ada.call("GET", f"/projects/{project}?include=secrets")).problem(422, "invalid")
    await bob.ok("DELETE", f"/projects/{project}/members/{bob.id}", status=204)
    (await bob.call("GET", f"/projects/{project}?include=members")).problem(403, "forbidden")


async def test_deleted_is_gone_until_restored(ada: Person, bob: Person) -> None:
    """A deleted project is 404 for everybody; its owner lists and restores it, others do not."""
    project = await ada.project()
    await ada.add(project, bob, "admin")
    (await bob.call("DELETE", f"/projects/{project}")).problem(403, "forbidden")
    await ada.ok("DELETE", f"/projects/{project}", status=204)
    for who in (ada, bob):
        (await who.call("GET", f"/projects/{project}")).problem(404, "not-found")
        (await who.call("PATCH", f"/projects/{project}", {"name": "x"})).problem(404, "not-found")
        assert project not in [one["id"] for one in (await who.ok("GET", "/projects")).body["items"]]
    (await ada.call("DELETE", f"/projects/{project}")).problem(404, "not-found")
    [listed] = (await ada.ok("GET", "/projects?deleted=true")).body["items"]
    assert listed["id"] == project and listed["deleted_at"] is not None
    assert (await bob.ok("GET", "/projects?deleted=true")).body["items"] == []
    (await bob.call("POST", f"/projects/{project}/restore")).problem(403, "forbidden")
    restored = await ada.ok("POST", f"/projects/{project}/restore")
    assert (restored.body["version"], restored.body["deleted_at"]) == (3, None)
    assert (await ada.ok("POST", f"/projects/{project}/restore")).body == restored.body
    assert (await bob.ok("GET", f"/projects/{project}")).body["role"] == "admin"
    assert (await ada.ok("GET", "/projects?deleted=true")).body["items"] == []


async def test_restored_within_a_month(ada: Person, postgres: Postgres) -> None:
    """After 30 days a deleted project does not come back."""
    project = await ada.project()
    await ada.ok("DELETE", f"/projects/{project}", status=204)
    sql = "UPDATE projects SET deleted_at = now() - interval '30 days 1 second' WHERE id = %(id)s"
    await postgres.execute(sql, {"id": project})
    (await ada.call("POST", f"/projects/{project}/restore")).problem(404, "not-found")
    assert (await ada.ok("GET", "/projects?deleted=true")).body["items"] == []


async def test_what_happened_is_written_down(ada: Person, postgres: Postgres) -> None:
    """Every change is a happening; what changes who may see is told to all gateways and to the audit log."""
    project = await ada.project()
    await ada.ok("PATCH", f"/projects/{project}", {"name": "b"})
    await ada.ok("PATCH", f"/projects/{project}", {"is_public": True})
    await ada.ok("DELETE", f"/projects/{project}", status=204)
    await ada.ok("POST", f"/projects/{project}/restore")
    assert await kinds(postgres, f"project:{project}") == [
        "project.created",
        "project.updated",
        "project.updated",
        "project.deleted",
        "project.restored",
    ]
    sql = "SELECT kind AS name FROM happenings WHERE topic = 'access' AND data->>'project_id' = %(id)s"
    assert len(await postgres.rows(Name, sql, {"id": project})) == 3
    sql = "SELECT act AS name FROM audit_log WHERE subject = %(subject)s ORDER BY id"
    acts = [row.name for row in await postgres.rows(Name, sql, {"subject": f"project:{project}"})]
    assert acts == ["project.visibility", "project.deleted", "project.restored"]


async def test_large_previews_are_taken(ada: Person) -> None:
    """A body of a project may be larger than others, and is bounded all the same."""
    await ada.project(preview_html="e" * 250_000)
    (await ada.call("POST", "/projects", {"name": "x", "preview_html": "e" * 250_001})).problem(422, "invalid")
    huge = BytesIO(b'{"name":"x","description":"' + b" " * 7_000_000 + b'"}')
    headers = {"Authorization": f"Bearer {ada.token}"}
    async with ada.api.client.post("/api/projects", data=huge, headers=headers) as reply:
        assert reply.status == 413


class Name:
    def __init__(self, name: str) -> None:
        self.name = name


async def kinds(postgres: Postgres, topic: str) -> list[str]:
    """What happened in a topic, in order."""
    sql = "SELECT kind AS name FROM happenings WHERE topic = %(topic)s ORDER BY id"
    return [row.name for row in await postgres.rows(Name, sql, {"topic": topic})]


async def test_guests_have_projects(person: MakePerson) -> None:
    """A guest makes and shares projects as everybody does."""
    guest = await person("Guest", guest=True)
    project = await guest.project(visibility="public")
    assert (await guest.ok("GET", f"/projects/{project}")).body["role"] == "owner"
