"""What administrators see of the rooms of all gateways, and how they send people away (sockets/roll_call.py)."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import psycopg
import pytest

from gateway.auth.tokens import Tokens
from gateway.launch.home import Home
from tests.clients.peer import Peer
from tests.clients.project import Project, create_project
from tests.live.connected import DIALECTS, Connected, Dialect, connected
from tests.rest.databases import execute
from tests.rest.people import scene
from tests.support.stack import Stack
from tests.support.waiting import wait_for


@pytest.fixture
def admin(atrium: Stack) -> str:
    """An administrator's access token."""
    with psycopg.connect(atrium.database_url, autocommit=True) as connection:
        return scene(connection, Tokens(Home(atrium.home).secret()), "site admin").person.token


async def join(stack: AsyncExitStack, project: Project, dialect: Dialect, base: str) -> Connected:
    path, token = "notes.md", project.tokens["editor"]
    return await stack.enter_async_context(connected(dialect, base, project.id, path, token))


def pages(atrium: Stack, admin: str, gateway: int) -> list[Any]:
    """All pages of one item, from one gateway."""
    found: list[Any] = []
    while not found or found[-1]["next_cursor"]:
        cursor = f"&cursor={found[-1]['next_cursor']}" if found else ""
        path = f"/api/admin/rooms?limit=1{cursor}"
        found.append(atrium.call(path, token=admin, gateway=gateway, expect=200).body)
    return found


async def test_rooms_of_all_gateways(atrium: Stack, admin: str) -> None:
    """Whichever gateway is asked, every open document is listed once, in order, with who has it open where."""
    projects = [await create_project(atrium.urls, path) for path in ("a.md", "b.md", "c.md")]
    async with AsyncExitStack() as stack:
        for project, gateways, path in zip(projects, ([0], [1], [0, 1]), ("a.md", "b.md", "c.md"), strict=True):
            for gateway in gateways:
                await stack.enter_async_context(
                    connected("y-websocket", atrium.ws_urls[gateway], project.id, path, project.tokens["viewer"])
                )
        for asked in (0, 1):
            found = await asyncio.to_thread(pages, atrium, admin, asked)
            items = [room for page in found for room in page["items"]]
            names = [room["document"] for room in items]
            assert names == sorted(set(names))
            assert {len(page["items"]) for page in found} == {1}
            assert [page["silent"] for page in found] == [[]] * len(found)
            ours = {room["project_id"]: room for room in items}
            for project, wanted in zip(projects, ([1], [2], [1, 2]), strict=True):
                room = ours[project.id]
                at = [f"gateway-{number}" for number in wanted]
                assert room["gateways"] == [{"gateway": name, "peers": 1, "durable": True} for name in at]
                assert (room["peers"], room["durable"]) == (len(at), True)
    whole = atrium.call("/api/admin/rooms?limit=100", token=admin, expect=200).body
    assert whole["next_cursor"] is None
    atrium.call("/api/admin/rooms?cursor=nonsense", token=admin, expect=422)


async def test_everybody_in_a_room_is_sent_away(atrium: Stack, admin: str) -> None:
    """Both dialects, at every gateway, are told 1012, once each; who is elsewhere stays. It is in the audit log."""
    here, elsewhere = [await create_project(atrium.urls, "notes.md") for _ in range(2)]
    async with AsyncExitStack() as stack:
        leaving = [await join(stack, here, dialect, base) for base in atrium.ws_urls for dialect in DIALECTS]
        staying = [await join(stack, elsewhere, dialect, base) for base in atrium.ws_urls for dialect in DIALECTS]
        path = f"/api/admin/rooms/{here.id}/drain"
        said = (await asyncio.to_thread(atrium.call, path, method="POST", token=admin, expect=200)).body
        counted = [{"gateway": f"gateway-{number}", "connections": 2} for number in (1, 2)]
        assert said == {"connections": 4, "gateways": counted, "silent": []}
        async with asyncio.timeout(20):
            ends = await asyncio.gather(*(person.raw.closed() for person in leaving))
        assert {code for code, _ in ends} == {1012}
        for person in staying:
            assert await person.type()
    statement = "SELECT details->>'connections' FROM audit_log WHERE act = 'room.drained' AND subject = %s"
    assert execute(atrium.database_url, statement, f"project:{here.id}") == [("4",)]
    atrium.call("/api/admin/rooms/nonsense/drain", method="POST", token=admin, expect=404)


@pytest.mark.js
async def test_stock_clients_come_back(atrium: Stack, admin: str, ann: Peer) -> None:
    """Clients as editors have them reconnect by themselves, and have everything that was typed."""
    project = await create_project(atrium.urls)
    sessions = [
        await (await ann.open("y", **project.y_websocket(gateway=0))).synced(),
        await (await ann.open("h", **project.hocuspocus(gateway=1))).synced(),
    ]
    await sessions[0].insert(0, "typed before")
    path = f"/api/admin/rooms/{project.id}/drain"
    said = (await asyncio.to_thread(atrium.call, path, method="POST", token=admin, expect=200)).body
    assert said["connections"] == 2
    for session in sessions:
        await session.see("closes", count=1)
        assert [code for code, _ in await session.see("closes")] == [1012]
        await session.see("connected", equals=True)
        await session.see("text", equals="typed before")
    await sessions[1].insert(0, "and after, ")
    for session in sessions:
        await session.see("text", equals="and after, typed before")


def test_a_gateway_that_gives_no_answer(atrium: Stack, admin: str) -> None:
    """One that is frozen is named: in lists what it has is missing, and the instance is not healthy."""
    atrium.pause("gateway-2")
    rooms = atrium.call("/api/admin/rooms", token=admin, expect=200).body
    assert rooms["silent"] == ["gateway-2"]
    health = atrium.call("/api/admin/health", token=admin, expect=200).body
    status = {gateway["name"]: gateway["status"] for gateway in health["gateways"]}
    assert status == {"gateway-1": "ok", "gateway-2": "no answer"}
    assert not health["healthy"]
    atrium.resume("gateway-2")

    def whole() -> bool:
        return bool(atrium.call("/api/admin/health", token=admin, expect=200).body["healthy"])

    wait_for(whole, "a healthy instance")
    assert atrium.call("/api/admin/rooms", token=admin, gateway=1, expect=200).body["silent"] == []
