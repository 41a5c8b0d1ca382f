"""Changed rights while something else goes wrong: they arrive late then, but arrive; and nobody else is sent away."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import AsyncExitStack, suppress

import aiohttp
import psutil
import pytest

from tests.live.connected import DIALECTS, Connected, Dialect, connected
from tests.live.scene import Scene
from tests.support.raw_client import RawClient
from tests.support.stack import Stack
from tests.support.waiting import wait_until

CROWD = 150
"""Visitors of each dialect in one project."""


def gone(told: str) -> bool:
    """Whether it was told that it has no role any more."""
    return told == "closed 4403" or told.startswith("denied: ")


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_frozen_gateway(atrium: Stack, dialect: Dialect) -> None:
    """[W4] A gateway that was frozen during the change acts on it when it wakes."""
    scene = Scene(atrium)
    base = atrium.ws_urls[1]
    async with (
        connected(dialect, base, scene.project, "main", scene.room_token(scene.member)) as member,
        connected(dialect, base, scene.project, "main", scene.room_token(scene.owner)) as owner,
    ):
        atrium.pause("gateway-2")
        await asyncio.to_thread(scene.member_goes, scene.member)
        atrium.resume("gateway-2")
        assert gone(await member.told())
        assert await owner.type()


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_redis_killed_during_the_change(atrium: Stack, dialect: Dialect) -> None:
    """[W4] A change that nobody could announce is found when Redis is back."""
    scene = Scene(atrium)
    base = atrium.ws_urls[1]
    async with (
        connected(dialect, base, scene.project, "main", scene.room_token(scene.member)) as member,
        connected(dialect, base, scene.project, "main", scene.room_token(scene.owner)) as owner,
    ):
        atrium.pause_restarts()
        killed = atrium.kill("valkey")
        await asyncio.to_thread(atrium.wait_gone, "valkey", killed)
        scene.sql("DELETE FROM project_members WHERE user_id = %s", scene.member.id)
        atrium.resume_restarts()
        assert gone(await member.told())
        assert await owner.type()


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_postgresql_frozen_during_the_change(atrium: Stack, dialect: Dialect) -> None:
    """[W4] While PostgreSQL cannot be asked everybody stays and types; then whoever has to go goes."""
    scene = Scene(atrium)
    base = atrium.ws_urls[0]
    async with (
        connected(dialect, base, scene.project, "main", scene.room_token(scene.member)) as member,
        connected(dialect, base, scene.project, "main", scene.room_token(scene.owner)) as owner,
    ):
        scene.sql("DELETE FROM project_members WHERE user_id = %s", scene.member.id)
        postgres = psutil.Process(atrium.pid("postgres"))
        family = [postgres, *postgres.children(recursive=True)]
        for each in family:
            each.send_signal(signal.SIGSTOP)
        try:
            scene.announce("member.changed", project_id=scene.project, user_id=scene.member.id)
            scene.announce("project.changed", project_id=scene.project)
            assert await member.type() and await owner.type(8)
        finally:
            for each in family:
                with suppress(psutil.NoSuchProcess):
                    each.send_signal(signal.SIGCONT)
        assert gone(await member.told())
        assert await owner.type(8)


async def test_a_crowd_leaves(atrium: Stack) -> None:
    """[W3] Three hundred visitors of a project that turns private are sent away, and its members type on meanwhile."""
    scene = Scene(atrium, visibility="public")
    base = atrium.ws_urls[0]
    visitor = scene.person()
    token = scene.room_token(visitor)
    async with AsyncExitStack() as exit_stack:
        owner = await exit_stack.enter_async_context(
            connected("y-websocket", base, scene.project, "main", scene.room_token(scene.owner))
        )
        crowd: list[Connected] = []
        for _ in range(CROWD):
            for dialect in DIALECTS:
                opened = connected(dialect, base, scene.project, "main", token)
                crowd.append(await exit_stack.enter_async_context(opened))
        await asyncio.to_thread(scene.project_turns_private)
        began = time.monotonic()
        leaving = asyncio.gather(*(each.told() for each in crowd))
        slowest = 0.0
        while not leaving.done():
            typed = time.monotonic()
            assert await owner.type()
            slowest = max(slowest, time.monotonic() - typed)
        print(f"{len(crowd)} left in {time.monotonic() - began:.3f} s; slowest edit meanwhile {slowest:.3f} s")
        assert all(gone(told) for told in await leaving)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_edits_on_their_way(atrium: Stack, dialect: Dialect) -> None:
    """[W3] What was accepted before the role went down stays, and is acknowledged; what comes after it is refused."""
    scene = Scene(atrium)
    path = f"on-their-way-{dialect}"
    token = scene.room_token(scene.member)
    async with connected(dialect, atrium.ws_urls[0], scene.project, path, token) as member:
        assert await member.type()
        change = asyncio.create_task(asyncio.to_thread(scene.role_changes, scene.member, "viewer"))
        sent, taken = await member.type_until_refused()
        await change
        accepted = 1 + taken
        assert not await member.type()
        urls = [
            f"{base}/collab/{scene.project}/{path}?token={scene.room_token(scene.owner)}" for base in atrium.ws_urls
        ]
        async with aiohttp.ClientSession() as http, RawClient(http, urls[1:]) as reader:
            await wait_until(lambda: len(reader.text) == accepted, "the accepted edits")
        print(f"{dialect}: {accepted} of {sent + 1} were accepted")
