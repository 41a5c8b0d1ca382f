"""`/api/projects/{id}/files` and `/api/files…`: made, listed, moved, deleted, restored."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from store.postgres import Postgres
from tests.rest.api import Api, Reply


@dataclass
class Told:
    """What a happening says."""

    topic: str
    kind: str
    data: dict[str, Any]


@pytest.fixture
async def owner(api: Api) -> str:
    """Somebody's access token."""
    return await api.token()


@pytest.fixture
async def project(api: Api, owner: str) -> str:
    """A project of theirs."""
    return await api.project(owner)


async def make(api: Api, token: str, project: str, path: str, **more: Any) -> Reply:
    """Try to make a file."""
    return await api.call("POST", f"/api/projects/{project}/files", token=token, json={"path": path, **more})


async def made(api: Api, token: str, project: str, path: str, **more: Any) -> Any:
    """A file that was made."""
    reply = await make(api, token, project, path, **more)
    assert reply.status == 201, reply.body
    return reply.body


async def paths(api: Api, token: str, project: str, query: str = "") -> list[str]:
    """All paths of a list, read page by page."""
    found: list[str] = []
    cursor = ""
    while True:
        reply = await api.call("GET", f"/api/projects/{project}/files?{query}{cursor}", token=token)
        assert reply.status == 200, reply.body
        found += [item["path"] for item in reply.body["items"]]
        if (following := reply.body["next_cursor"]) is None:
            return found
        cursor = f"&cursor={following}"


async def test_a_file_is_made_and_read(api: Api, owner: str, project: str) -> None:
    """What POST answers is what GET answers, with a version for an ETag."""
    reply = await make(api, owner, project, "notes/today.md", content="hé")
    assert reply.status == 201
    assert reply.headers["Location"] == f"/api/files/{reply.body['id']}"
    assert reply.headers["Etag"] == '"1"'
    assert (reply.body["path"], reply.body["kind"], reply.body["size"]) == ("notes/today.md", "text", 3)
    again = await api.call("GET", reply.headers["Location"], token=owner)
    assert again.body == reply.body
    cached = await api.call("GET", reply.headers["Location"], token=owner, headers={"If-None-Match": '"1"'})
    assert cached.status == 304


async def test_alias_names_its_project_in_the_query(api: Api, owner: str, project: str) -> None:
    """`/api/files?project_id=` lists and makes like `/api/projects/{id}/files`, for the same people."""
    url = f"/api/files?project_id={project}"
    reply = await api.call("POST", url, token=owner, json={"path": "a"})
    assert reply.status == 201, reply.body
    listed = await api.call("GET", url, token=owner)
    assert [item["path"] for item in listed.body["items"]] == ["a"]
    stranger = await api.token()
    (await api.call("GET", url, token=stranger)).problem(403, "forbidden")
    (await api.call("POST", url, token=stranger, json={"path": "b"})).problem(403, "forbidden")
    (await api.call("GET", url)).problem(401, "unauthenticated")
    (await api.call("GET", "/api/files?project_id=x", token=owner)).problem(404, "not-found")
    (await api.call("GET", "/api/files", token=owner)).problem(422, "invalid")


@pytest.mark.parametrize(
    "path", ["", "/a", "a/", "a//b", ".", "a/../b", "..", "a\x00b", "a\nb", "a\\b", "x" * 256, "y/" * 512 + "z"]
)
async def test_paths_that_lead_astray_are_refused(api: Api, owner: str, project: str, path: str) -> None:
    """A path that climbs, has controls or backslashes, or is too long, is a 422 problem at /path."""
    reply = await make(api, owner, project, path)
    assert [error["pointer"] for error in reply.problem(422, "invalid")["errors"]] == ["/path"]


async def test_one_path_has_one_file(api: Api, owner: str, project: str) -> None:
    """A second file at a path, in whichever way its accents are written, is a conflict."""
    await made(api, owner, project, "caf\N{LATIN SMALL LETTER E WITH ACUTE}")
    (await make(api, owner, project, "cafe\N{COMBINING ACUTE ACCENT}")).problem(409, "conflict")
    await made(api, owner, project, "CAF\N{LATIN CAPITAL LETTER E WITH ACUTE}")


async def test_a_file_is_no_folder(api: Api, owner: str, project: str) -> None:
    """`a` and `a/b` cannot both be files, whichever is first, and however deep; `a-b` has nothing to do with it."""
    await made(api, owner, project, "a/b")
    for path in ("a", "a/b/c", "a/b/c/d"):
        (await make(api, owner, project, path)).problem(409, "conflict")
    for path in ("a-b", "a.b", "a0", "a/bc"):
        await made(api, owner, project, path)
    file = await made(api, owner, project, "x")
    moved = await api.call("PATCH", f"/api/files/{file['id']}", token=owner, json={"path": "x/y"})
    assert moved.body["path"] == "x/y"
    moved = await api.call("PATCH", f"/api/files/{file['id']}", token=owner, json={"path": "a"})
    moved.problem(409, "conflict")


async def test_two_who_make_one_path(api: Api, owner: str, project: str) -> None:
    """Of two who make the same file at the same moment one gets 201, the other 409; and so with `a` and `a/b`."""
    for number in range(10):
        pair = (f"f{number}", f"f{number}" if number % 2 else f"f{number}/g")
        replies = await asyncio.gather(*(make(api, owner, project, path) for path in pair))
        assert sorted(reply.status for reply in replies) == [201, 409]


async def test_lists_page_by_page(api: Api, owner: str, project: str) -> None:
    """Lists come in the order of paths, in pages, by prefix, kind and part of the path."""
    wanted = ["B/2.md", "a.md", "b/1.md", "b/10.md", "b/2.png", "é.md"]
    for path in reversed(wanted):
        await made(api, owner, project, path, kind="binary" if path.endswith("png") else "text")
    assert await paths(api, owner, project, "limit=2") == wanted
    assert await paths(api, owner, project, "limit=2&prefix=b/") == ["b/1.md", "b/10.md", "b/2.png"]
    assert await paths(api, owner, project, "prefix=b/1") == ["b/1.md", "b/10.md"]
    assert await paths(api, owner, project, "kind=binary") == ["b/2.png"]
    assert await paths(api, owner, project, "q=b/2") == ["B/2.md", "b/2.png"]
    assert await paths(api, owner, project, "q=%25") == []
    bad = await api.call("GET", f"/api/projects/{project}/files?cursor=zz", token=owner)
    assert bad.problem(422, "invalid")["errors"][0]["pointer"] == "?cursor"


async def test_if_match_guards_changes(api: Api, owner: str, project: str) -> None:
    """Of two who move a file from the same version one gets 412, and nothing of its change is done."""
    file = await made(api, owner, project, "a")
    url, first = f"/api/files/{file['id']}", {"If-Match": '"1"'}
    replies = await asyncio.gather(
        *(api.call("PATCH", url, token=owner, json={"path": f"to{n}"}, headers=first) for n in range(4))
    )
    assert sorted(reply.status for reply in replies) == [200, 412, 412, 412]
    now = await api.call("GET", url, token=owner)
    assert (now.body["version"], now.headers["Etag"]) == (2, '"2"')
    (await api.call("DELETE", url, token=owner, headers=first)).problem(412, "stale")


async def test_moving_onto_another(api: Api, owner: str, project: str) -> None:
    """A file cannot be moved to where another one is; two that swap at the same moment both stay."""
    one, two = await made(api, owner, project, "one"), await made(api, owner, project, "two")
    replies = await asyncio.gather(
        api.call("PATCH", f"/api/files/{one['id']}", token=owner, json={"path": "two"}),
        api.call("PATCH", f"/api/files/{two['id']}", token=owner, json={"path": "one"}),
    )
    assert [reply.status for reply in replies] == [409, 409]
    assert await paths(api, owner, project) == ["one", "two"]


async def test_deleted_and_restored(api: Api, owner: str, project: str) -> None:
    """A deleted file leaves its path free, is listed to editors, and comes back at a free path."""
    file = await made(api, owner, project, "a", content="x")
    url = f"/api/files/{file['id']}"
    assert (await api.call("DELETE", url, token=owner)).status == 204
    (await api.call("GET", url, token=owner)).problem(404, "not-found")
    (await api.call("DELETE", url, token=owner)).problem(404, "not-found")
    assert await paths(api, owner, project) == []
    assert await paths(api, owner, project, "deleted=true&limit=1") == ["a"]
    other = await made(api, owner, project, "a")
    (await api.call("POST", f"{url}/restore", token=owner)).problem(409, "conflict")
    back = await api.call("POST", f"{url}/restore", token=owner, json={"path": "b"})
    assert (back.status, back.body["path"], back.body["deleted_at"]) == (200, "b", None)
    (await api.call("POST", f"{url}/restore", token=owner)).problem(409, "conflict")
    assert await paths(api, owner, project) == ["a", "b"]
    assert other["id"] != file["id"]


async def test_two_restores_have_one_effect(api: Api, owner: str, project: str) -> None:
    """Of two who restore a file one gets it, the other a conflict."""
    file = await made(api, owner, project, "a")
    await api.call("DELETE", f"/api/files/{file['id']}", token=owner)
    both = (api.call("POST", f"/api/files/{file['id']}/restore", token=owner) for _ in range(2))
    assert sorted(reply.status for reply in await asyncio.gather(*both)) == [200, 409]


async def test_what_happened_is_told(api: Api, owner: str, project: str, postgres: Postgres) -> None:
    """Each change is a happening of the project; moves and deletions also change who may be where."""
    file = await made(api, owner, project, "a")
    url = f"/api/files/{file['id']}"
    await api.call("PATCH", url, token=owner, json={"path": "b"})
    await api.call("PATCH", url, token=owner, json={"path": "b"})
    await api.call("DELETE", url, token=owner)
    await api.call("POST", f"{url}/restore", token=owner)
    rows = await postgres.rows(
        Told,
        """
        SELECT topic, kind, data FROM happenings
        WHERE topic = %(topic)s AND kind LIKE 'file.%%' OR topic = 'access' AND data ->> 'project_id' = %(project)s
        ORDER BY id
        """,
        {"topic": f"project:{project}", "project": project},
    )
    kinds = [row.kind for row in rows if row.topic != "access"]
    assert kinds == ["file.created", "file.renamed", "file.deleted", "file.restored"]
    access = [(row.kind, row.data.get("document")) for row in rows if row.topic == "access"]
    assert access == [("file.moved", None), ("file.deleted", f"{project}/a"), ("file.moved", None)]
