"""What stock clients see when somebody's rights change."""

from __future__ import annotations

import asyncio

import pytest

from tests.clients.peer import Peer
from tests.clients.project import Project
from tests.live.scene import Scene
from tests.support.stack import Stack

pytestmark = pytest.mark.js


def clients_of(stack: Stack, scene: Scene) -> Project:
    """How stock clients open the scene's documents as its member."""
    token = scene.room_token(scene.member)
    return Project(stack.urls, scene.project, scene.member.token, {"editor": token, "viewer": token})


@pytest.mark.parametrize("version", [3, 2])
async def test_y_websocket_without_a_role(stack: Stack, ann: Peer, version: int) -> None:
    """A removed member is closed with 4403; y-websocket 3 stays away then, 2 comes back and is sent away again."""
    scene = Scene(stack)
    how = clients_of(stack, scene).y_websocket(gateway=1, version=version)
    member = await (await ann.open("member", **how)).synced()
    await asyncio.to_thread(scene.member_goes, scene.member)
    closes = await member.see("closes", count=2 if version == 2 else 1)
    assert all(code == 4403 and "member" in reason for code, reason in closes)


async def test_y_websocket_with_a_lower_role(stack: Stack, ann: Peer) -> None:
    """A member turned viewer is told so and reads on; turned editor again, what it wrote meanwhile is taken."""
    scene = Scene(stack)
    project = clients_of(stack, scene)
    owner_token = scene.room_token(scene.owner)
    member = await (await ann.open("member", **project.y_websocket(gateway=1))).synced()
    owner = await (await ann.open("owner", **{**project.y_websocket(), "token": owner_token})).synced()
    await asyncio.to_thread(scene.role_changes, scene.member, "viewer")
    await member.see("warnings", includes=["from now on"])
    await member.insert(0, "too late ")
    await owner.insert(0, "read this ")
    await member.see("text", includes=["read this "])
    assert await owner.text() == "read this "
    await asyncio.to_thread(scene.role_changes, scene.member, "editor")
    await owner.see("text", includes=["too late "])
    assert await member.see("closes") == []


async def test_hocuspocus_with_a_lower_role(stack: Stack, ann: Peer) -> None:
    """The provider's scope follows the role; what was written while it was read-only is taken afterwards."""
    scene = Scene(stack)
    project = clients_of(stack, scene)
    owner_token = scene.room_token(scene.owner)
    member = await (await ann.open("member", **project.hocuspocus(gateway=1))).synced()
    owner = await (await ann.open("owner", **{**project.y_websocket(), "token": owner_token})).synced()
    await asyncio.to_thread(scene.role_changes, scene.member, "commenter")
    await member.see("scope", equals="readonly")
    await member.insert(0, "too late ")
    await owner.insert(0, "read this ")
    await member.see("text", includes=["read this "])
    assert await owner.text() == "read this "
    await asyncio.to_thread(scene.role_changes, scene.member, "admin")
    await member.see("scope", equals="read-write")
    await owner.see("text", includes=["too late "])
    assert await member.see("closes") == []


@pytest.mark.parametrize("change", ["member removed", "project deleted"])
async def test_hocuspocus_loses_one_document(stack: Stack, ann: Peer, change: str) -> None:
    """One document of a socket is closed to its client; the socket stays for the others, whatever the lost one says."""
    scene, other = Scene(stack), Scene(stack)
    lost = await (await ann.open("lost", **clients_of(stack, scene).hocuspocus(socket="one"))).synced()
    kept = await (await ann.open("kept", **clients_of(stack, other).hocuspocus(socket="one"))).synced()
    if change == "member removed":
        await asyncio.to_thread(scene.member_goes, scene.member)
        await lost.see("refused", equals=True)
        assert await lost.see("closes") == []
    else:
        await asyncio.to_thread(scene.project_goes)
        [[_, reason]] = await lost.see("closes", count=1)
        assert "no such project" in reason
    # More messages than a document may send before its token.
    await lost.do("type", text="x", count=1_200)
    await kept.insert(0, "still here")
    await kept.see("unsynced", equals=False)
    assert await kept.see("closes") == []
