"""A change of somebody's rights reaches their live connections: every dialect, every process, whatever changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.live.connected import DIALECTS, Dialect, connected
from tests.live.scene import Person, Scene
from tests.support.goals import Goal
from tests.support.stack import Stack

GOAL = Goal(1.0)


@dataclass(frozen=True)
class Ending:
    """A change after which somebody may no longer be there."""

    change: Callable[[Scene, Person], None]
    code: int
    visits: bool = False
    """Whether the person is no member, and there because the project is public."""


ENDINGS = {
    "member removed": Ending(Scene.member_goes, 4403),
    "user banned": Ending(Scene.user_is_banned, 4401),
    "session ended": Ending(Scene.session_ends, 4401),
    "project made private": Ending(lambda scene, _: scene.project_turns_private(), 4403, visits=True),
    "project deleted": Ending(lambda scene, _: scene.project_goes(), 4404),
}


@pytest.mark.parametrize("gateway", [0, 1])
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", ENDINGS)
async def test_whoever_may_no_longer(
    stack: Stack, dialect: Dialect, gateway: int, name: str, record_property: Callable[[str, object], None]
) -> None:
    """[W3] Whoever may be there no longer is told why and leaves; whom it does not concern stays and types on."""
    ending = ENDINGS[name]
    scene = Scene(stack, visibility="public" if ending.visits else "private")
    person = scene.person() if ending.visits else scene.member
    base = stack.ws_urls[gateway]
    bystander = Scene(stack) if name == "project deleted" else scene
    async with (
        connected(dialect, base, bystander.project, "main", bystander.room_token(bystander.owner)) as stays,
        connected(dialect, base, scene.project, "main", scene.room_token(person)) as gone,
    ):
        began = time.monotonic()
        await asyncio.to_thread(ending.change, scene, person)
        told = await gone.told()
        seconds = GOAL.note(f"{name}, {dialect}, gateway {gateway}", time.monotonic() - began)
        record_property("seconds", seconds)
        if dialect == "y-websocket":
            assert told == f"closed {ending.code}"
        else:
            assert told.startswith("closed: " if ending.code == 4404 else "denied: ")
        assert await stays.type()


async def test_coming_back_on_the_same_socket(stack: Stack) -> None:
    """[W2] Who was denied a Hocuspocus document and is let in again may come back without another connection."""
    scene = Scene(stack)
    token = scene.room_token(scene.member)
    async with connected("hocuspocus", stack.ws_urls[1], scene.project, "main", token) as member:
        await asyncio.to_thread(scene.member_goes, scene.member)
        assert (await member.told()).startswith("denied: ")
        scene.sql("INSERT INTO project_members VALUES (%s, %s, 'editor')", scene.project, scene.member.id)
        await member.present(token)
        assert await member.told() == "read-write"
        assert await member.type()


@pytest.mark.parametrize("gateway", [0, 1])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_lower_and_a_higher_role(stack: Stack, dialect: Dialect, gateway: int) -> None:
    """[W3] A changed role counts from the next message on, is told, and leaves the connection open."""
    scene = Scene(stack)
    base, token = stack.ws_urls[gateway], scene.room_token(scene.member)
    async with connected(dialect, base, scene.project, "main", token) as member:
        assert await member.type()
        await asyncio.to_thread(scene.role_changes, scene.member, "viewer")
        assert await member.told_role() == "readonly"
        assert not await member.type()
        await asyncio.to_thread(scene.role_changes, scene.member, "admin")
        assert await member.told_role() == "read-write"
        assert await member.type()


def test_they_were_told_in_time() -> None:
    """[W3] Within a second, all of the above together: a machine that is busy now and then does not count."""
    GOAL.check()
