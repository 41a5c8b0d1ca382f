"""Who may: tokens, roles, and what a client is told when it may not."""

from __future__ import annotations

import time
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest

from gateway.auth.tokens import Tokens
from gateway.launch.home import Home
from schemas.roles import Role
from tests.clients.peer import Peer, all_see
from tests.clients.project import Project, create_project
from tests.clients.raw import raw_client
from tests.support.stack import Stack

pytestmark = pytest.mark.js

VIEWER = {"user": {"name": "A viewer"}}


async def refused_token(case: str, project: Project, stack: Stack) -> tuple[str | None, str]:
    """A token that does not open the project's documents, and the project's id to use it with."""
    stranger = await create_project(stack.urls)
    match case:
        case "missing":
            return None, project.id
        case "empty":
            return "", project.id
        case "forged":
            head, claims, _ = project.tokens["editor"].split(".")
            return f"{head}.{claims}.{stranger.tokens['editor'].split('.')[2]}", project.id
        case "garbage":
            return "žluťoučký kůň", project.id
        case "expired":
            yesterday = Tokens(secret(stack), now=lambda: time.time() - 24 * 3600)
            ended = time.time() - 12 * 3600
            token, _ = yesterday.sign_room(uuid4(), uuid4(), UUID(project.id), Role.EDITOR, "Late", ended)
            return token, project.id
        case "another project's":
            return stranger.tokens["editor"], project.id
        case "a stranger's":
            return stranger.access_token, project.id
        case "unknown project":
            return project.access_token, str(uuid4())
    raise AssertionError(case)


def secret(stack: Stack) -> str:
    """The key with which the running gateways sign."""
    return Home(stack.home).secret()


REFUSALS = {
    "missing": 4401,
    "empty": 4401,
    "forged": 4401,
    "garbage": 4401,
    "expired": 4401,
    "another project's": 4403,
    "a stranger's": 4403,
    "unknown project": 4404,
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_a_refusal_in_y_websocket(project: Project, stack: Stack, ann: Peer, case: str) -> None:
    """Whoever may not is closed with the code that says why; y-websocket 3 sees it and stays away."""
    token, target = await refused_token(case, project, stack)
    how = {**project.y_websocket(), "url": project.collab().replace(project.id, target), "token": token}
    denied = await ann.open("denied", **{key: value for key, value in how.items() if value is not None})
    [[code, reason]] = await denied.see("closes", count=1)
    assert code == REFUSALS[case]
    assert reason and len(reason.encode()) <= 123
    assert await denied.see("synced") is False


@pytest.mark.parametrize("case", REFUSALS)
async def test_a_refusal_in_hocuspocus(project: Project, stack: Stack, ann: Peer, case: str) -> None:
    """Whoever may not gets "authentication failed" with a reason for that document; the socket stays."""
    token, target = await refused_token(case, project, stack)
    good = await (await ann.open("good", **project.hocuspocus("good", socket="one"))).synced()
    how = {**project.hocuspocus(socket="one"), "document": f"{target}/main", "token": token or ""}
    denied = await ann.open("denied", **how)
    await denied.see("refused", equals=True)
    assert ["synced"] not in await denied.see("events")
    await good.insert(0, "unharmed")
    await good.see("unsynced", equals=False)
    assert await good.see("closes") == []


async def test_a_project_that_is_no_id(project: Project) -> None:
    """A URL whose project cannot be one is malformed, and closed as such after the upgrade: browsers see the code."""
    url = project.collab().replace(project.id, "no-such-id")
    async with raw_client(f"{url}/main?token={quote(project.access_token)}") as raw:
        code, _ = await raw.closed()
    assert code == 4400


async def test_an_access_token_opens_documents(project: Project, ann: Peer, bob: Peer) -> None:
    """The account's own token does as well as a room token, in both dialects."""
    token = {"token": project.access_token}
    here = await (await ann.open("here", **{**project.y_websocket(), **token})).synced()
    there = await (await bob.open("there", **{**project.hocuspocus(gateway=1), **token})).synced()
    await here.insert(0, "mine")
    await there.see("text", equals="mine")
    assert await there.see("scope") == "read-write"


async def test_viewers_read_and_show_presence(project: Project, ann: Peer, bob: Peer) -> None:
    """Viewers get every edit and are seen by everyone, in both dialects."""
    editor = await (await ann.open("editor", **project.y_websocket(presence={}))).synced()
    viewers = [
        await (await bob.open("y3", **project.y_websocket(role="viewer", gateway=1, presence=VIEWER))).synced(),
        await (await bob.open("y2", **project.y_websocket(role="viewer", version=2, presence=VIEWER))).synced(),
        await (await bob.open("hocuspocus", **project.hocuspocus(role="viewer", presence=VIEWER))).synced(),
    ]
    assert await viewers[2].see("scope") == "readonly"
    await editor.insert(0, "for your eyes")
    await all_see(viewers, "text", equals="for your eyes")
    everyone = sorted(session.client for session in [editor, *viewers])
    await all_see([editor, *viewers], "present", equals=everyone)


async def test_what_a_viewer_writes_is_refused_in_y_websocket(project: Project, ann: Peer, bob: Peer) -> None:
    """A viewer's edit reaches nobody; the viewer is told why, stays connected and reads on."""
    editor = await (await ann.open("editor", **project.y_websocket(gateway=1))).synced()
    viewer = await (await bob.open("viewer", **project.y_websocket(role="viewer"))).synced()
    await viewer.insert(0, "graffiti")
    await editor.insert(0, "wall")
    await viewer.see("text", includes=["wall"])
    await viewer.see("warnings", includes=["Permission denied"])
    fresh = await (await ann.open("fresh", **project.hocuspocus())).synced()
    assert [await editor.text(), await fresh.text()] == ["wall", "wall"]
    assert await viewer.see("closes") == []


async def test_what_a_viewer_writes_is_refused_in_hocuspocus(project: Project, ann: Peer, bob: Peer) -> None:
    """A viewer's edit reaches nobody and stays "unsynced"; the viewer stays connected and reads on."""
    editor = await (await ann.open("editor", **project.y_websocket(gateway=1))).synced()
    viewer = await (await bob.open("viewer", **project.hocuspocus(role="viewer"))).synced()
    await viewer.insert(0, "graffiti")
    await editor.insert(0, "wall")
    await viewer.see("text", includes=["wall"])
    assert await viewer.see("unsynced") is True
    fresh = await (await ann.open("fresh", **project.hocuspocus())).synced()
    assert [await editor.text(), await fresh.text()] == ["wall", "wall"]
    assert await viewer.see("closes") == []


async def test_a_viewer_is_told_why_in_hocuspocus(project: Project, bob: Peer) -> None:
    """[W1] A refusal has a reason that an application can show: more than an edit that stays "unsynced" for ever."""
    viewer = await (await bob.open("viewer", **project.hocuspocus(role="viewer"))).synced()
    await viewer.insert(0, "graffiti")
    await viewer.see("reasons", includes=["read"], seconds=5)
    assert await viewer.see("closes") == []


@pytest.mark.parametrize("deleted", [False, True])
async def test_a_viewer_has_nothing_unsynced(project: Project, ann: Peer, bob: Peer, deleted: bool) -> None:
    """A viewer that wrote nothing is told so: its editor does not say "saving" for ever."""
    editor = await (await ann.open("editor", **project.y_websocket())).synced()
    await editor.insert(0, "wallpaper")
    if deleted:
        await editor.do("delete", at=4, length=5)
    viewer = await (await bob.open("viewer", **project.hocuspocus(role="viewer"))).synced()
    await viewer.see("unsynced", equals=False, seconds=5)


@pytest.mark.parametrize("dialect", ["y-websocket", "hocuspocus"])
async def test_what_a_viewer_wrote_offline_is_refused(project: Project, ann: Peer, bob: Peer, dialect: str) -> None:
    """What a viewer brings in its first sync is refused like an edit, and the viewer reads all the same."""
    editor = await (await ann.open("editor", **project.y_websocket())).synced()
    await editor.insert(0, "wall")
    how = project.y_websocket(role="viewer") if dialect == "y-websocket" else project.hocuspocus(role="viewer")
    viewer = await bob.open("viewer", connect=False, **how)
    await viewer.insert(0, "graffiti")
    await viewer.do("connect")
    await viewer.see("text", includes=["wall"])
    await editor.insert(4, "paper")
    await viewer.see("text", includes=["wallpaper"])
    assert await editor.text() == "wallpaper"
