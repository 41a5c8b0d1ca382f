"""Who did what when: `/api/projects/{id}/activity`, `/api/files/{id}/activities`, and the runs of edits behind them."""

import random
import time
from typing import Any
from uuid import UUID

import pytest

from schemas.documents import DocumentName
from schemas.ids import new_id
from schemas.records import Record
from store.edit_runs import PAUSE_SECONDS, RUN_SECONDS, add_runs, runs_of
from store.postgres import Postgres
from tests.rest.api import Api

ANN, BOB = UUID(int=1), UUID(int=2)
MINUTE = 60_000


def record(author: UUID | None, at: int) -> Record:
    return Record(b"" if author is None else author.bytes, at, b"")


def test_edits_of_one_author_are_one_run() -> None:
    """Who types beside another has one run, not one for each turn; a pause above ten minutes begins another."""
    records = [record((ANN, BOB)[n % 2], n * 1000) for n in range(20)] + [record(ANN, 11 * MINUTE)]
    found = [(run.author, run.began, run.ended, run.edits) for run in runs_of(records)]
    assert found == [
        (ANN, 0, 18_000, 10),
        (BOB, 1_000, 19_000, 10),
        (ANN, 11 * MINUTE, 11 * MINUTE, 1),
    ]


def test_runs_have_an_end() -> None:
    """Who never pauses has one run an hour; what the server wrote is in none; clocks may run back."""
    records = [record(ANN, n * MINUTE) for n in range(180)] + [record(None, 5), record(ANN, 170 * MINUTE)]
    found = runs_of(records)
    assert [run.began // MINUTE for run in found] == [0, 61, 122]
    assert sum(run.edits for run in found) == 181
    assert all(run.ended - run.began <= RUN_SECONDS * 1000 for run in found)


async def test_runs_go_on_over_snapshots(api: Api, postgres: Postgres) -> None:
    """However the records are cut into snapshots, the runs have the same edits, and each author's bursts are few."""
    chance = random.Random(1)
    for _ in range(10):
        owner = await api.guest()
        token, author = owner["access_token"], UUID(owner["user"]["id"])
        project = await api.project(token)
        made = await api.call("POST", f"/api/projects/{project}/files", token=token, json={"path": "a"})
        start = int(time.time() * 1000) - 10 * 3_600_000
        at, records = start, []
        for _ in range(200):
            at += chance.choice([10, 1000, 30_000, 2 * PAUSE_SECONDS * 1000])
            records.append(record(author, at))
        cut = 0
        while cut < len(records):
            size = chance.randint(1, 50)
            await add_runs(postgres, DocumentName(f"{project}/a"), records[cut : cut + size])
            cut += size
        reply = await api.call("GET", f"/api/files/{made.body['id']}/activities?limit=100", token=token)
        edits = [item for item in reply.body["items"] if item["kind"] == "file.edited"]
        assert sum(item["edits"] for item in edits) == 200
        assert len(edits) == len(runs_of(records))
        assert {item["actor_id"] for item in edits} == {str(author)}


@pytest.fixture
async def busy(api: Api, postgres: Postgres) -> tuple[str, str, str]:
    """A token, a project and one of its files in which things happened and were edited at nearly the same time."""
    owner = await api.guest()
    token, author = owner["access_token"], UUID(owner["user"]["id"])
    project = await api.project(token)
    files = []
    for n in range(5):
        reply = await api.call("POST", f"/api/projects/{project}/files", token=token, json={"path": f"f{n}"})
        files.append(reply.body["id"])
        now = int(time.time() * 1000)
        runs = [record(UUID(int=m + 1) if m else author, now) for m in range(4)]
        await add_runs(postgres, DocumentName(f"{project}/f{n}"), runs)
    await api.call("PATCH", f"/api/files/{files[0]}", token=token, json={"path": "moved"})
    await api.call("DELETE", f"/api/files/{files[0]}", token=token)
    return token, project, files[0]


async def whole(api: Api, token: str, url: str, limit: int) -> list[Any]:
    """All items of a list, page by page."""
    items: list[Any] = []
    cursor = ""
    while True:
        reply = await api.call("GET", f"{url}?limit={limit}{cursor}", token=token)
        assert reply.status == 200, reply.body
        items += reply.body["items"]
        if reply.body["next_cursor"] is None:
            return items
        cursor = f"&cursor={reply.body['next_cursor']}"


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_one_list_of_both(api: Api, busy: tuple[str, str, str], limit: int) -> None:
    """Happenings and edits come as one list, the latest first, each once, whatever the size of the pages."""
    token, project, file = busy
    items = await whole(api, token, f"/api/projects/{project}/activity", limit)
    assert [item["at"] for item in items] == sorted((item["at"] for item in items), reverse=True)
    assert len({item["id"] for item in items}) == len(items)
    kinds = [item["kind"] for item in items]
    assert kinds.count("file.edited") == 20
    assert kinds.count("file.created") == 5
    assert kinds[:2] == ["file.deleted", "file.renamed"]
    own = await whole(api, token, f"/api/files/{file}/activities", limit)
    assert [item for item in items if item["file_id"] == file] == own
    assert sorted({item["kind"] for item in own}) == ["file.created", "file.deleted", "file.edited", "file.renamed"]
    assert own[0]["path"] == "moved" and own[0]["actor_name"].startswith("Guest")


async def test_only_members_see_it(api: Api, busy: tuple[str, str, str]) -> None:
    """Who did what is for members; a cursor of another list is refused."""
    token, project, file = busy
    stranger = await api.token()
    for url in (f"/api/projects/{project}/activity", f"/api/files/{file}/activities"):
        (await api.call("GET", url, token=stranger)).problem(403, "forbidden")
        (await api.call("GET", url)).problem(401, "unauthenticated")
        for cursor in ("e30", "WyJhIiwxLCJiIl0", "WyIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsMSwieCJd"):
            (await api.call("GET", f"{url}?cursor={cursor}", token=token)).problem(422, "invalid")
    (await api.call("GET", f"/api/files/{new_id()}/activities", token=token)).problem(404, "not-found")
