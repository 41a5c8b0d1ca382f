"""The whole way: a request to one gateway changes a right, and a connection to the same or another one hears it.

request ──► PostgreSQL ──► teller ──► announcement ──► every gateway ──► the connection
"""

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
PATH = "notes/main.txt"


def remove_member(scene: Scene, person: Person) -> None:
    scene.call("DELETE", f"/api/projects/{scene.project}/members/{person.id}", expect=204)


def lower_role(scene: Scene, person: Person) -> None:
    scene.call("PATCH", f"/api/projects/{scene.project}/members/{person.id}", {"role": "viewer"})


def log_out(scene: Scene, person: Person) -> None:
    scene.call("POST", "/api/auth/logout", token=person.token, expect=204)


def ban(scene: Scene, person: Person) -> None:
    admin = scene.person()
    scene.sql("UPDATE users SET role = 'admin' WHERE id = %s", admin.id)
    scene.call("POST", f"/api/admin/users/{person.id}/ban", {}, token=admin.token)


def make_private(scene: Scene, person: Person) -> None:
    scene.call("PATCH", f"/api/projects/{scene.project}", {"visibility": "private"})


def delete_project(scene: Scene, person: Person) -> None:
    scene.call("DELETE", f"/api/projects/{scene.project}", expect=204)


def delete_file(scene: Scene, person: Person) -> None:
    files = scene.call("GET", f"/api/projects/{scene.project}/files")
    [file] = [item for item in files["items"] if item["path"] == PATH]
    scene.call("DELETE", f"/api/files/{file['id']}", expect=204)


@dataclass(frozen=True)
class Way:
    """What is asked for, and what the connection hears."""

    change: Callable[[Scene, Person], None]
    code: int | None
    """None: it stays, and may only read."""
    visits: bool = False


WAYS = {
    "member removed": Way(remove_member, 4403),
    "role lowered": Way(lower_role, None),
    "session ended": Way(log_out, 4401),
    "user banned": Way(ban, 4401),
    "project made private": Way(make_private, 4403, visits=True),
    "project deleted": Way(delete_project, 4404),
    "file deleted": Way(delete_file, 4404),
}


@pytest.mark.parametrize("gateway", [0, 1])
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", WAYS)
async def test_by_request(stack: Stack, dialect: Dialect, gateway: int, name: str) -> None:
    """[W3] What a request changes reaches live connections of every dialect and process."""
    way = WAYS[name]
    scene = Scene(stack, visibility="public" if way.visits else "private")
    person = scene.person() if way.visits else scene.member
    base = stack.ws_urls[gateway]
    async with (
        connected(dialect, base, scene.project, PATH, scene.room_token(scene.owner)),
        connected(dialect, base, scene.project, PATH, scene.room_token(person)) as live,
    ):
        began = time.monotonic()
        # Where the request is refused, nobody waits for its effect.
        async with asyncio.TaskGroup() as both:
            both.create_task(asyncio.to_thread(way.change, scene, person))
            hearing = both.create_task(live.told_role() if way.code is None else live.told())
        told = hearing.result()
        GOAL.note(f"{name}, {dialect}, gateway {gateway}", time.monotonic() - began)
        if way.code is None:
            assert told == "readonly"
            assert not await live.type()
        elif dialect == "y-websocket":
            assert told == f"closed {way.code}"
        else:
            assert told.startswith("closed: " if way.code == 4404 else "denied: ")


def test_they_were_told_in_time() -> None:
    """[W3] Within a second, all of the above together: a machine that is busy now and then does not count."""
    GOAL.check()
