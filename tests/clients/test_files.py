"""Files at paths: what stock clients see when a path is new, moved, deleted, restored."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.clients.peer import Peer, Session
from tests.clients.project import Project
from tests.clients.raw import raw_client

pytestmark = pytest.mark.js
DIALECTS = ("y-websocket", "hocuspocus")


async def call(project: Project, method: str, url: str, *, gateway: int = 0, **body: Any) -> Any:
    """One request of the project's owner; its JSON."""
    headers = {"Authorization": f"Bearer {project.access_token}"}
    async with (
        aiohttp.ClientSession(project.gateways[gateway], headers=headers) as http,
        http.request(method, url, json=body or None) as answer,
    ):
        assert answer.status < 300, await answer.text()
        return await answer.json() if answer.content_type.endswith("json") else None


async def files(project: Project) -> dict[str, str]:
    """The id of each file, by path."""
    listed = await call(project, "GET", f"/api/projects/{project.id}/files")
    return {item["path"]: item["id"] for item in listed["items"]}


async def opened(peer: Peer, name: str, project: Project, dialect: str, path: str, **more: Any) -> Session:
    """A client in the document at a path."""
    how = project.y_websocket if dialect == "y-websocket" else project.hocuspocus
    return await peer.open(name, **how(path, **more))


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_editor_makes_a_file_by_opening_it(project: Project, ann: Peer, dialect: str) -> None:
    """[N3] A path that an editor opens first is a file from then on, listed once however many open it at once."""
    sessions = [
        await opened(ann, f"{n}", project, dialect, "new/file.md", gateway=n % 2, connect=False) for n in range(6)
    ]
    await asyncio.gather(*(session.do("connect") for session in sessions))
    await asyncio.gather(*(session.synced() for session in sessions))
    assert sorted(await files(project)) == ["main", "new/file.md"]


async def test_a_viewer_finds_nothing_where_nothing_is(project: Project, ann: Peer) -> None:
    """[N3] Where nothing is, a viewer is closed with 4404, or denied, and makes no file."""
    async with raw_client(f"{project.collab()}/nothing?token={project.tokens['viewer']}") as raw:
        assert await raw.closed() == (4404, "there is no file at this path")
    denied = await opened(ann, "denied", project, "hocuspocus", "nothing", role="viewer")
    await denied.see("events", includes=[["authenticationFailed", "there is no file at this path"]])
    assert sorted(await files(project)) == ["main"]


@pytest.mark.parametrize("path", ["main/below", "a"])
async def test_no_file_through_a_file(project: Project, ann: Peer, path: str) -> None:
    """[N2] A path through a file, or one that is a folder, is refused with 4400 and a reason."""
    await (await ann.open("below", **project.y_websocket("a/b"))).synced()
    async with raw_client(f"{project.collab()}/{path}?token={project.tokens['editor']}") as raw:
        code, reason = await raw.closed()
    assert (code, "file" in reason) == (4400, True)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_moving_a_file_leaves_its_people_alone(project: Project, ann: Peer, bob: Peer, dialect: str) -> None:
    """[N7] A file is moved again and again while two type in it: no connection ends, no keystroke is lost."""
    here = await (await opened(ann, "here", project, dialect, "main")).synced()
    there = await (await opened(bob, "there", project, dialect, "main", gateway=1)).synced()
    file = (await files(project))["main"]
    typing = [
        asyncio.create_task(session.do("type", text=letter, count=200))
        for session, letter in ((here, "a"), (there, "b"))
    ]
    moves = 0
    while not all(task.done() for task in typing) or moves < 10:
        moves += 1
        await call(project, "PATCH", f"/api/files/{file}", gateway=moves % 2, path=f"moved/{moves}")
    await asyncio.gather(*typing)
    await here.see("text", count=400)
    await there.see("text", count=400)
    assert await here.text() == await there.text()
    assert sorted(await here.text()) == ["a"] * 200 + ["b"] * 200
    for session in (here, there):
        assert await session.see("closes") == []
    late = await (await opened(ann, "late", project, dialect, f"moved/{moves}", gateway=1)).synced()
    assert await late.text() == await here.text()


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_old_path_is_left(project: Project, ann: Peer, bob: Peer, dialect: str) -> None:
    """[N7] Who comes to the old path finds nothing, until another file is made there, which is another document."""
    writer = await (await opened(ann, "writer", project, dialect, "main")).synced()
    await writer.insert(0, "first")
    file = (await files(project))["main"]
    await call(project, "PATCH", f"/api/files/{file}", path="elsewhere")
    async with raw_client(f"{project.collab(1)}/main?token={project.tokens['editor']}") as raw:
        assert await raw.closed() == (4404, "the file that was here was moved or deleted")
    await call(project, "POST", f"/api/projects/{project.id}/files", path="main", content="second")
    other = await (await opened(bob, "other", project, dialect, "main", gateway=1)).synced()
    await other.see("text", equals="second")
    await other.insert(0, "the ")
    await writer.insert(0, "the ")
    await writer.see("text", equals="the first")
    await other.see("text", equals="the second")
    # Back and forth: each path leads to the document of the file that is there.
    second = (await files(project))["main"]
    await call(project, "PATCH", f"/api/files/{second}", path="third")
    await call(project, "PATCH", f"/api/files/{file}", path="main")
    back = await (await opened(bob, "back", project, dialect, "main", gateway=1)).synced()
    await back.see("text", equals="the first")


async def test_a_deleted_file_closes(project: Project, ann: Peer, bob: Peer) -> None:
    """[N8] When a file is deleted whoever has it open is sent away in every process, and their editors, which come
    back by themselves, do not make it anew; restored, it has all that was in it."""
    three = await (await ann.open("three", **project.y_websocket())).synced()
    two = await (await ann.open("two", **project.y_websocket(version=2, gateway=1))).synced()
    beside = await (await bob.open("beside", **project.hocuspocus("beside", socket="one", gateway=1))).synced()
    inside = await (await bob.open("inside", **project.hocuspocus(socket="one", gateway=1))).synced()
    await three.insert(0, "kept")
    await two.see("text", equals="kept")
    await inside.see("text", equals="kept")
    file = (await files(project))["main"]
    await call(project, "DELETE", f"/api/files/{file}")
    await three.see("closes", includes=[[4404, "the file was deleted"]])
    await two.see("closes", includes=[[4404, "the file was deleted"]])
    await inside.see("events", includes=[["close", 1000]])
    await beside.insert(0, "unharmed")
    await beside.see("unsynced", equals=False)
    assert await beside.see("closes") == []
    await two.see("closes", includes=[[4404, "the file that was here was moved or deleted"]])
    assert sorted(await files(project)) == ["beside"]
    await call(project, "POST", f"/api/files/{file}/restore")
    late = await (await bob.open("late", **project.y_websocket())).synced()
    await late.see("text", includes=["kept"])
