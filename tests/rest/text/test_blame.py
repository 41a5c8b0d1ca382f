"""`GET /api/files/{id}/blame`, through the real gateways and their worker."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg

from tests.rest.text.conftest import Desk
from tests.support.stack import Stack
from tests.support.waiting import wait_until


async def runs(desk: Desk, gateway: int = 0) -> list[tuple[str, Any]]:
    """What each wrote."""
    reply = await desk.call("GET", "/blame", gateway=gateway)
    assert reply.status == 200, reply.body
    assert all(run["at"] for run in reply.body["runs"] if run["user_id"])
    return [(run["text"], run["user_name"]) for run in reply.body["runs"]]


async def test_who_wrote_what(desk: Desk, stack: Stack) -> None:
    """[T8] REST, files made with content and restores count as their users', before and after the worker has been."""
    other = await desk.apis[0].guest(display_name="Olga")
    me = (await desk.call("POST", "/versions", json={"name": "x"})).body["created_by_name"]
    desk.file = await desk.make_file("made", "made with content\n")
    invite = await desk.apis[0].call(
        "POST",
        f"/api/projects/{desk.project}/members",
        token=desk.token,
        json={"user_id": other["user"]["id"], "role": "editor"},
    )
    assert invite.status == 201, invite.body
    await desk.read()
    await desk.put("made with much content\n", seen=desk.etag, token=other["access_token"], gateway=1)
    expected = [("made with ", me), ("much ", "Olga"), ("content\n", me)]
    assert await runs(desk) == await runs(desk, gateway=1) == expected
    seq = (await desk.call("POST", "/versions", json={"name": "kept"})).body["seq"]

    def kept() -> bool:
        with psycopg.connect(stack.database_url) as connection:
            query = "SELECT count(*) FROM document_authors JOIN files USING (document) WHERE files.id = %s"
            row = connection.execute(query, (desk.file,)).fetchone()
        return row is not None and row[0] == 1

    await wait_until(kept, "the worker to keep who wrote what")
    assert await runs(desk) == expected
    await desk.put("gone")
    assert (await desk.call("POST", f"/versions/{seq}/restore", token=other["access_token"])).status == 200
    assert "".join(text for text, _ in await runs(desk)) == "made with much content\n"
    assert dict(await runs(desk)).keys() == {text for text, _ in await runs(desk)}


async def test_sizes_follow_the_text(desk: Desk) -> None:
    """A file's size and its last editor in lists follow the text within seconds."""
    await desk.put("zwölf Zeichen")

    sizes: list[int] = []

    async def look() -> None:
        while not sizes or sizes[-1] != 14:
            sizes.append((await desk.call("GET", "")).body["size"])
            await asyncio.sleep(0.1)

    await asyncio.wait_for(look(), 30)
