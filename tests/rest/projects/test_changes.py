"""`GET /api/projects/{id}/changes`: an offline client catches up, and misses nothing."""

import asyncio
import random
from typing import Any

import psycopg
import pytest

from gateway.cursors import decode_cursor, encode_cursor
from store.postgres import Postgres
from tests.rest.projects.conftest import Person


async def since(who: Person, project: str, place: str, limit: int = 200) -> list[dict[str, Any]]:
    """All that happened, page by page, and the last `next` as `place` of the last one."""
    found: list[dict[str, Any]] = []
    while True:
        body = (await who.ok("GET", f"/projects/{project}/changes?since={place}&limit={limit}")).body
        assert not body["reset"]
        assert len(body["items"]) <= limit
        found += body["items"]
        place = body["next"]
        if not body["more"]:
            return [*found, {"kind": "place", "next": place}]


async def begin(who: Person, project: str) -> str:
    """Where a client begins."""
    body = (await who.ok("GET", f"/projects/{project}/changes")).body
    assert (body["items"], body["documents"], body["more"], body["reset"]) == ([], [], False, True)
    return str(body["next"])


async def test_catching_up(ada: Person, bob: Person) -> None:
    """Everything since the place one had comes once and in order; then there is nothing, until more happens."""
    project = await ada.project()
    place = await begin(ada, project)
    await ada.ok("PATCH", f"/projects/{project}", {"name": "b"})
    await ada.add(project, bob, "editor")
    file = (await bob.ok("POST", f"/projects/{project}/files", {"path": "a", "content": "x"}, 201)).body["id"]
    await bob.ok("PATCH", f"/files/{file}", {"path": "b"})
    await bob.ok("DELETE", f"/files/{file}", status=204)
    await bob.ok("POST", f"/files/{file}/restore")
    await ada.ok("DELETE", f"/projects/{project}", status=204)
    await ada.ok("POST", f"/projects/{project}/restore")
    *items, end = await since(ada, project, place)
    assert [one["kind"] for one in items] == [
        "project.updated",
        "member.added",
        "file.created",
        "file.renamed",
        "file.deleted",
        "file.restored",
        "project.deleted",
        "project.restored",
    ]
    assert items[3]["file_id"] == file
    assert items[3]["actor_id"] == str(bob.id)
    assert items[3]["data"] == {"from": "a", "path": "b"}
    assert [one["kind"] for one in await since(ada, project, end["next"])] == ["place"]
    *paged, _ = await since(bob, project, place, limit=3)
    assert paged == items


async def test_edited_documents(ada: Person, postgres: Postgres) -> None:
    """A document whose edits were saved since comes with its file and number; others do not; deleted ones neither."""
    project = await ada.project()
    for path in ("a", "b", "c"):
        await ada.ok("POST", f"/projects/{project}/files", {"path": path, "content": "x"}, 201)
    place = await begin(ada, project)
    sql = """
        UPDATE documents SET number = 7
        WHERE name IN (SELECT document FROM files WHERE project_id = %(id)s AND path IN ('b', 'c'))
    """
    assert await postgres.execute(sql, {"id": project}) == 2
    documents: list[Any] = []
    for _ in range(2):
        body = (await ada.ok("GET", f"/projects/{project}/changes?since={place}&limit=1")).body
        documents += body["documents"]
        assert body["more"] == (len(documents) == 1)
        place = body["next"]
    assert [(one["path"], one["number"]) for one in documents] == [("b", 7), ("c", 7)]
    assert (await ada.ok("GET", f"/projects/{project}/changes?since={place}")).body["documents"] == []


async def test_late_commits_are_not_missed(ada: Person, postgres: Postgres, database: str) -> None:
    """What was written earlier but is committed later than something else is not skipped."""
    project = await ada.project()
    place = await begin(ada, project)
    sql = "INSERT INTO happenings (topic, kind, project_id) VALUES (%s, %s, %s)"
    with psycopg.connect(database) as slow:
        slow.execute(sql, (f"project:{project}", "slow", project))
        await ada.ok("PATCH", f"/projects/{project}", {"name": "fast"})
        *early, end = await since(ada, project, place)
        slow.commit()
    *late, _ = await since(ada, project, end["next"])
    assert [one["kind"] for one in early + late] == ["slow", "project.updated"]


@pytest.mark.parametrize("seed", range(3))
async def test_nothing_is_missed_among_many_writers(ada: Person, postgres: Postgres, database: str, seed: int) -> None:
    """A reader beside writers that commit in any order reads each happening once."""
    chance = random.Random(seed)
    project = await ada.project()
    place = await begin(ada, project)
    written: list[str] = []

    async def write(writer: int) -> None:
        async with await psycopg.AsyncConnection.connect(database) as connection:
            for at in range(8):
                sql = "INSERT INTO happenings (topic, kind, project_id) VALUES (%s, %s, %s)"
                await connection.execute(sql, (f"project:{project}", f"{writer}-{at}", project))
                for _ in range(chance.randrange(4)):
                    await connection.execute("SELECT 1")  # a while between writing and committing
                await connection.commit()
                written.append(f"{writer}-{at}")

    writers = asyncio.gather(*(write(writer) for writer in range(6)))
    read: list[str] = []
    while not writers.done():
        *items, end = await since(ada, project, place, limit=5)
        read += [one["kind"] for one in items]
        place = end["next"]
    await writers
    async with asyncio.timeout(20):
        while len(read) < len(written):  # other tests' transactions may still run
            *items, end = await since(ada, project, place)
            read += [one["kind"] for one in items]
            place = end["next"]
    assert sorted(read) == sorted(written)
    for writer in range(6):
        assert [kind for kind in read if kind.startswith(f"{writer}-")] == [f"{writer}-{at}" for at in range(8)]


async def test_old_and_foreign_places_begin_anew(ada: Person, bob: Person) -> None:
    """A place of too long ago, of another database, or of a future one is answered with `reset` and a new place."""
    project = await ada.project()
    place = await begin(ada, project)
    at, life, happened, changed = decode_cursor(place, list[Any]) or []
    for wrong in (
        [at - 91 * 86_400, life, happened, changed],
        [at, "another", happened, changed],
        [at, life, [happened[0] + 1_000_000, -1], changed],
        [at, life, happened, [1 << 61, ""]],
    ):
        body = (await ada.ok("GET", f"/projects/{project}/changes?since={encode_cursor(wrong)}")).body
        assert (body["reset"], body["items"]) == (True, [])
        assert (await since(ada, project, body["next"]))[:-1] == []
    for nonsense in ("x", encode_cursor([1]), encode_cursor([at, life, [-1, 0], changed])):
        reply = await ada.call("GET", f"/projects/{project}/changes?since={nonsense}")
        assert reply.problem(422, "invalid")["errors"][0]["pointer"] == "?since"
    (await bob.call("GET", f"/projects/{project}/changes")).problem(403, "forbidden")


def test_plain_users_may_read_the_clock(database: str) -> None:
    """A role without any privilege of an administrator can ask which cluster it speaks to."""
    with psycopg.connect(database) as connection:
        connection.execute("CREATE ROLE plain_reader_of_clocks")
        connection.execute("SET LOCAL ROLE plain_reader_of_clocks")
        row = connection.execute("SELECT system_identifier FROM pg_control_system()").fetchone()
        assert row is not None and row[0]
        connection.rollback()
