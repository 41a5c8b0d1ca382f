"""Copies of projects, and their text files as one map: on running gateways, with live documents."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.rest.api import Api, Reply
from tests.rest.databases import execute
from tests.support.stack import Stack


@dataclass(frozen=True)
class Owner:
    """A guest at both gateways."""

    apis: tuple[Api, Api]
    token: str

    async def call(self, method: str, path: str, json: object = None, gateway: int = 0) -> Reply:
        return await self.apis[gateway].call(method, f"/api{path}", token=self.token, json=json)

    async def ok(self, method: str, path: str, json: object = None, gateway: int = 0) -> dict[str, Any]:
        reply = await self.call(method, path, json, gateway)
        assert reply.status < 300, reply.body
        return dict(reply.body or {})

    async def texts(self, project: str, gateway: int = 0) -> dict[str, str]:
        """The project's text files as a map."""
        return dict((await self.ok("GET", f"/projects/{project}?include=files", gateway=gateway))["files"])

    async def write(self, project: str, path: str, text: str, gateway: int = 0) -> None:
        """Change a text by PUT …/content."""
        items = (await self.ok("GET", f"/projects/{project}/files?limit=100"))["items"]
        [file] = [one["id"] for one in items if one["path"] == path]
        headers = {"Content-Type": "text/plain"}
        reply = await self.apis[gateway].call(
            "PUT", f"/api/files/{file}/content", token=self.token, raw=text.encode(), headers=headers
        )
        assert reply.status == 200, reply.body


@pytest.fixture
async def owner(stack: Stack) -> AsyncIterator[Owner]:
    async with ClientSession(stack.urls[0]) as first, ClientSession(stack.urls[1]) as second:
        apis = (Api(first), Api(second))
        yield Owner(apis, await apis[0].token())


FILES = {"main.py": "print('hi')\n", "docs/ä.md": "# Ä\n", "empty.txt": ""}


async def test_files_come_with_the_project(owner: Owner) -> None:
    """`files` on POST makes text files with live documents, all or none; `include=files` answers them."""
    project = (await owner.ok("POST", "/projects", {"name": "x", "files": FILES}))["id"]
    assert await owner.texts(project, gateway=1) == FILES
    for files, pointer in (
        ({"a": "1", "../b": "2"}, "/files/..~1b"),
        ({"a": "1", "a/b": "2"}, "/files/a"),
        ({"é": "1", "e\u0301": "2"}, "/files/e\u0301"),
        ({"": "1"}, "/files/"),
        ({f"{at}": "" for at in range(201)}, "/files"),
    ):
        reply = await owner.call("POST", "/projects", {"name": "refused", "files": files})
        assert reply.problem(422, "invalid")["errors"][0]["pointer"] == pointer
    names = [one["name"] for one in (await owner.ok("GET", "/projects"))["items"]]
    assert "refused" not in names


async def test_files_of_a_change_are_edits(owner: Owner) -> None:
    """`files` on PATCH makes what is new and edits what is there, live; what it does not name stays."""
    project = (await owner.ok("POST", "/projects", {"name": "x", "files": FILES}))["id"]
    changed = await owner.ok("PATCH", f"/projects/{project}", {"files": {"main.py": "print('ho')\n", "new": "n"}})
    assert changed["version"] == 2
    wanted = {**FILES, "main.py": "print('ho')\n", "new": "n"}
    assert await owner.texts(project) == wanted
    assert await owner.texts(project, gateway=1) == wanted


async def test_binary_files_are_no_texts(owner: Owner) -> None:
    """A path with a binary file is refused on PATCH, and nothing is changed; `include=files` leaves it out."""
    project = (await owner.ok("POST", "/projects", {"name": "x"}))["id"]
    await owner.ok("POST", f"/projects/{project}/files", {"path": "a.png", "kind": "binary"})
    reply = await owner.call("PATCH", f"/projects/{project}", {"name": "y", "files": {"a.png": "x", "b": "y"}})
    assert reply.problem(422, "invalid")["errors"][0]["pointer"] == "/files/a.png"
    assert (await owner.ok("GET", f"/projects/{project}?include=files"))["files"] == {}
    assert (await owner.ok("GET", f"/projects/{project}"))["name"] == "x"


async def test_copy_has_everything(owner: Owner, stack: Stack) -> None:
    """A copy has the fields and the files as they are this moment, live edits too; it is private, and one's own."""
    settings = {"theme": "dark"}
    fields = {"description": "d", "kind": "colorbook", "settings": settings, "preview_html": "<p>"}
    made = await owner.ok("POST", "/projects", {"name": "x", **fields, "files": FILES, "visibility": "public"})
    project = made["id"]
    image = (await owner.ok("POST", f"/projects/{project}/files", {"path": "a.png", "kind": "binary"}))["id"]
    await owner.apis[0].call("PUT", f"/api/files/{image}/content", token=owner.token, raw=b"\x89PNG bytes")
    await owner.write(project, "main.py", "print('live')\n", gateway=1)
    stranger = Owner(owner.apis, await owner.apis[0].token())
    copy = await stranger.ok("POST", f"/projects/{project}/duplicate")
    assert copy.items() >= {"name": "x", **fields, "visibility": "private", "role": "owner", "version": 1}.items()
    assert await stranger.texts(copy["id"]) == {**FILES, "main.py": "print('live')\n"}
    listed = (await stranger.ok("GET", f"/projects/{copy['id']}/files"))["items"]
    [binary] = [one for one in listed if one["kind"] == "binary"]
    async with stranger.apis[1].client.get(
        f"/api/files/{binary['id']}/content", headers={"Authorization": f"Bearer {stranger.token}"}
    ) as answer:
        assert await answer.read() == b"\x89PNG bytes"
    assert (await owner.call("GET", f"/projects/{copy['id']}")).status == 403


async def test_copies_live_apart(owner: Owner) -> None:
    """After copying, an edit of one is not seen in the other, in either direction."""
    project = (await owner.ok("POST", "/projects", {"name": "x", "files": {"a": "same"}}))["id"]
    copy = (await owner.ok("POST", f"/projects/{project}/duplicate", {"name": "Copy"}))["id"]
    await owner.write(project, "a", "original")
    await owner.write(copy, "a", "copied", gateway=1)
    assert (await owner.texts(project), await owner.texts(copy)) == ({"a": "original"}, {"a": "copied"})


async def test_copies_have_no_past(owner: Owner, stack: Stack) -> None:
    """What was deleted before copying is not in the copy, not even in its documents' states."""
    project = (await owner.ok("POST", "/projects", {"name": "x", "files": {"a": "the SECRET plan"}}))["id"]
    await owner.write(project, "a", "the plan")
    copy = (await owner.ok("POST", f"/projects/{project}/duplicate"))["id"]
    assert await owner.texts(copy) == {"a": "the plan"}
    sql = "SELECT position('SECRET'::bytea IN state) FROM documents WHERE project_id = %s"
    assert execute(stack.database_url, sql, copy) == [(0,)]


async def test_too_much_is_refused_whole(owner: Owner, stack: Stack) -> None:
    """What is too large to copy at once is refused, and no half of it is left."""
    project = (await owner.ok("POST", "/projects", {"name": "large"}))["id"]
    for batch in range(3):
        files = {f"{batch}/{at}": "" for at in range(200)}
        await owner.ok("PATCH", f"/projects/{project}", {"files": files})
    (await owner.call("POST", f"/projects/{project}/duplicate")).problem(409, "conflict")
    (await owner.call("GET", f"/projects/{project}?include=files")).problem(409, "conflict")
    assert len((await owner.ok("GET", "/projects"))["items"]) == 1


async def test_one_key_makes_one_copy(owner: Owner) -> None:
    """The same Idempotency-Key sent twice makes one copy."""
    project = (await owner.ok("POST", "/projects", {"name": "x", "files": FILES}))["id"]
    headers = {"Idempotency-Key": project}
    path = f"/api/projects/{project}/duplicate"
    first, second = [
        await owner.apis[gateway].call("POST", path, token=owner.token, headers=headers) for gateway in (0, 1)
    ]
    assert (first.status, first.body["id"]) == (201, second.body["id"])


async def test_edits_move_a_project_up(owner: Owner, stack: Stack) -> None:
    """An edit of a text makes its project the last updated one, once a snapshot has it, without a new version."""
    ids = [(await owner.ok("POST", "/projects", {"name": name, "files": {"a": ""}}))["id"] for name in ("old", "new")]
    sql = "UPDATE projects SET updated_at = updated_at - interval '1 hour' WHERE id = ANY(%s::uuid[])"
    execute(stack.database_url, sql, ids)
    await owner.write(ids[0], "a", "edited")
    async with asyncio.timeout(60):
        while (await owner.ok("GET", "/projects"))["items"][0]["id"] != ids[0]:  # noqa: ASYNC110  lists have no event
            await asyncio.sleep(0.2)
    assert (await owner.ok("GET", f"/projects/{ids[0]}"))["version"] == 1
