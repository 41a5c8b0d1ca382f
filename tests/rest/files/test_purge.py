"""What workers remove for good (workers/purge_files.py): old deleted files, bytes that no file has, former paths."""

import asyncio
import hashlib
import io
import os
from collections.abc import AsyncIterator

import pytest

from gateway.spool import keep
from schemas.documents import DocumentName
from schemas.ids import parse_id
from schemas.records import Record
from store import blobs
from store.document_log import DocumentLog
from store.files import find_file, find_place
from store.lane import Lane
from store.postgres import Postgres
from store.redis import connect
from store.snapshots import find
from tests.rest.api import Api
from tests.rest.databases import execute
from tests.support.stack import Stack
from workers.purge_files import purge_blobs, purge_files, purge_paths


@pytest.fixture
async def log(stack: Stack) -> AsyncIterator[DocumentLog]:
    redis, lane = connect(stack.redis_url), Lane(stack.redis_url, "append")
    yield DocumentLog(redis, lane, os.urandom(8), follows=False)
    await lane.close()
    await redis.aclose(close_connection_pool=True)


async def deleted_file(api: Api, token: str, project: str, path: str, **more: object) -> str:
    made = await api.call("POST", f"/api/projects/{project}/files", token=token, json={"path": path, **more})
    assert (await api.call("DELETE", f"/api/files/{made.body['id']}", token=token)).status == 204
    return str(made.body["id"])


async def test_deleted_files_leave_after_a_month(api: Api, postgres: Postgres, database: str, log: DocumentLog) -> None:
    """A file deleted 30 days ago goes with its document and log; one that was deleted later, or restored, stays."""
    token = await api.token()
    project = await api.project(token)
    old, young = [await deleted_file(api, token, project, path, content="x") for path in ("old", "young")]
    binary = await deleted_file(api, token, project, "binary", kind="binary")
    back = await deleted_file(api, token, project, "back")
    name = DocumentName(f"{project}/old")
    await log.begin(name, 1)
    await log.append([(name, 1, [Record(b"", 0, b"\x00\x00")])])
    for file in (old, binary, back):
        execute(database, "UPDATE files SET deleted_at = now() - interval '31 days' WHERE id = %s", file)
    # Both may win: a file is purged, and then not found, or restored, and then left alone.
    restored, removed = await asyncio.gather(
        api.call("POST", f"/api/files/{back}/restore", token=token), purge_files(postgres, log)
    )
    assert (restored.status, removed) in ((200, 2), (404, 3))
    assert await find_file(postgres, parse_id(old)) is None
    assert await find_file(postgres, parse_id(binary)) is None
    assert await find_file(postgres, parse_id(young)) is not None
    assert await find(postgres, name) is None
    assert await log.number(name) is None
    (await api.call("POST", f"/api/files/{old}/restore", token=token)).problem(404, "not-found")


async def test_bytes_that_no_file_has(api: Api, postgres: Postgres, database: str) -> None:
    """Bytes stay while a file or a version has them, and for a day after they were put; then they go."""
    token = await api.token()
    project = await api.project(token)
    hashes = []
    for n in range(4):
        data = b"%d of %s" % (n, project.encode())
        hashes.append(hashlib.sha256(data).digest())
        await keep(postgres, io.BytesIO(data), hashes[-1], len(data))
    used, version, _, unused = hashes
    made = await api.call("POST", f"/api/projects/{project}/files", token=token, json={"path": "a", "kind": "binary"})
    execute(database, "UPDATE files SET blob = %s WHERE id = %s", used, made.body["id"])
    execute(database, "INSERT INTO project_versions (project_id, seq, files) VALUES (%s, 1, 1)", project)
    execute(
        database,
        """
        INSERT INTO project_version_files (project_id, seq, path, file_id, blob, media_type, size)
        VALUES (%s, 1, 'a', %s, %s, 'image/png', 1)
        """,
        project,
        made.body["id"],
        version,
    )
    execute(
        database,
        "UPDATE blobs SET look_at = now() - interval '2 days' WHERE hash = ANY(%s)",
        [used, version, unused],
    )
    assert await purge_blobs(postgres) >= 1
    there = [await blobs.read_chunk(postgres, hash, 0) is not None for hash in hashes]
    assert there == [True, True, True, False]
    assert await purge_blobs(postgres) == 0


async def test_former_paths_are_forgotten(api: Api, postgres: Postgres, database: str) -> None:
    """A path that a file left a month ago is as if nothing had ever been there."""
    token = await api.token()
    project = await api.project(token)
    await deleted_file(api, token, project, "a")
    await deleted_file(api, token, project, "b")
    execute(
        database,
        "UPDATE former_paths SET left_at = now() - interval '31 days' WHERE project_id = %s AND path = 'a'",
        project,
    )
    assert await purge_paths(postgres) >= 1
    places = [await find_place(postgres, parse_id(project), path) for path in ("a", "b")]
    assert [place.was_left for place in places] == [False, True]
