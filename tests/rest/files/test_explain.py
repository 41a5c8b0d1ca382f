"""Every query of files, their bytes and their activities uses an index on filled tables."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

import pytest

from schemas.documents import DocumentName
from schemas.ids import new_id
from schemas.records import Record
from store import activity, blobs, edit_runs, file_changes, file_purge, files
from store.activity import EDITS, HAPPENING, ActivityPlace
from store.errors import PathTaken
from store.file_changes import NewFile
from store.files import Wanted
from store.postgres import Transaction
from tests.rest.explain import Connection, Watched, ask_all, assert_indexed, filled_database

LARGE = [
    "users",
    "documents",
    "document_records",
    "files",
    "former_paths",
    "file_counts",
    "blobs",
    "blob_chunks",
    "edit_runs",
    "happenings",
]
ADA, PROJECT = new_id(), new_id()
FILL = """
    INSERT INTO users (id, display_name) SELECT gen_random_uuid(), 'Person ' || n FROM generate_series(1, 10000) AS n;
    INSERT INTO users (id, display_name) VALUES (:ada, 'Ada');
    INSERT INTO projects (id, owner_id, name)
        SELECT gen_random_uuid(), :ada, 'p' || n FROM generate_series(1, 5000) AS n;
    INSERT INTO projects (id, owner_id, name) VALUES (:project, :ada, 'large');
    INSERT INTO documents (name, project_id)
        SELECT projects.id || '/f' || n, projects.id FROM projects, generate_series(1, 8) AS n;
    INSERT INTO documents (name, project_id)
        SELECT :project || '/large/' || n, :project FROM generate_series(1, 15000) AS n;
    INSERT INTO files (id, project_id, path, kind, document, media_type, deleted_at)
        SELECT gen_random_uuid(), project_id, substr(name, 38), 'text', name, 'text/plain',
               CASE WHEN random() < 0.05 THEN now() - make_interval(days => (random() * 29)::int) END
        FROM documents;
    INSERT INTO blobs (hash, size, whole, look_at)
        SELECT sha256(('b' || n)::bytea), 1, true, now() + make_interval(hours => n % 999)
        FROM generate_series(1, 20000) AS n;
    INSERT INTO blobs (hash, size, whole, look_at)
        SELECT sha256(('o' || n)::bytea), 1, true, now() - interval '2 days' FROM generate_series(1, 50) n;
    INSERT INTO blob_chunks (hash, number, bytes) SELECT hash, 0, 'x' FROM blobs;
    INSERT INTO files (id, project_id, path, kind, blob, media_type)
        SELECT gen_random_uuid(), :project, 'binary/' || encode(hash, 'hex'), 'binary', hash, 'image/png' FROM blobs
        LIMIT 4000;
    INSERT INTO file_counts (project_id, live) SELECT project_id, count(*) FROM files GROUP BY project_id;
    UPDATE file_counts SET live = 1 WHERE project_id = :project;
    INSERT INTO former_paths (project_id, path, file_id, left_at)
        SELECT project_id, path || '-old', id, now() - make_interval(mins => (random() * 40000)::int) FROM files;
    INSERT INTO edit_runs (id, document, project_id, author, began_at, ended_at, edits)
        SELECT gen_random_uuid(), document, project_id, :ada, now() - make_interval(mins => n), now(), 1
        FROM files, generate_series(1, 2) AS n WHERE kind = 'text';
    INSERT INTO happenings (topic, kind, project_id, file_id, actor_id, told, at)
        SELECT 'project:' || project_id, 'file.created', project_id, id, :ada, true, now() - random() * interval '9 d'
        FROM files;
"""


@pytest.fixture(scope="module")
def filled(server: str) -> Iterator[str]:
    """A database with 5,000 small projects, and one that is nearly full."""
    with filled_database(server, FILL, ada=ADA, project=PROJECT) as url:
        yield url


async def _nothing() -> None:
    """Asks only what others ask."""


async def test_files(watched: Watched, connection: Connection) -> None:
    """store/files.py."""
    found = await files.find_live(watched, PROJECT, "large/7777") or await files.find_live(watched, PROJECT, "large/7")
    assert found is not None and found.document is not None
    name = DocumentName(found.document)
    calls = {
        "find_file": lambda: files.find_file(watched, found.id),
        "find_live": lambda: files.find_live(watched, PROJECT, "large/1"),
        "find_live_many": lambda: files.find_live_many(watched, PROJECT, [f"large/{n}" for n in range(50)]),
        "list_beside": lambda: files.list_beside(watched, PROJECT, "large/", "large/1", 5),
        "find_place": lambda: files.find_place(watched, PROJECT, "large/1"),
        "find_project": lambda: files.find_project(watched, found.id),
        "find_gone": lambda: files.find_gone(watched, [name]),
        "list_files": lambda: files.list_files(watched, Wanted(project_id=PROJECT), "", 51),
        "list_deleted": lambda: files.list_deleted(watched, Wanted(project_id=PROJECT), ("", UUID(int=0)), 51),
    }
    if hasattr(files, "note_text"):
        calls["note_text"] = lambda: files.note_text(watched, name, 5, ADA)
    await ask_all(files, calls)
    assert_indexed(connection, watched, LARGE)


@pytest.mark.parametrize("after", ["", "large/5", "zzz"])
async def test_lists(watched: Watched, connection: Connection, after: str) -> None:
    """Any list, the first page and a deep one, with and without filters."""
    for wanted in (
        Wanted(project_id=PROJECT),
        Wanted(project_id=PROJECT, prefix="large/9"),
        Wanted(project_id=PROJECT, kind="binary"),
        Wanted(project_id=PROJECT, q="none"),
        Wanted(project_id=new_id()),
    ):
        await files.list_files(watched, wanted, after, 51)
        await files.list_deleted(watched, wanted, (after, new_id()), 51)
        assert_indexed(connection, watched, LARGE)
        watched.asked.clear()


async def test_changes(watched: Watched, connection: Connection) -> None:
    """store/file_changes.py."""
    tx = cast(Transaction, watched)  # it asks the same
    row = await file_changes.create_text_file(tx, PROJECT, "fresh/file", ADA, state=b"\x00\x00")
    blob = await blobs.due(watched, 1)
    binary = NewFile(path="fresh/binary", kind="binary", media_type="image/png")
    [other] = await file_changes.create_files(tx, PROJECT, ADA, [binary])
    await ask_all(
        file_changes,
        {
            "create_text_file": _nothing,
            "create_files": _nothing,
            "hold": lambda: file_changes.hold(tx, PROJECT, 1),
            "lock_file": lambda: file_changes.lock_file(tx, row.id),
            "move_file": lambda: file_changes.move_file(tx, row, "fresh/moved", ADA),
            "set_media_type": lambda: file_changes.set_media_type(tx, row, "text/x", ADA),
            "set_blob": lambda: file_changes.set_blob(tx, other, blob[0], 1, "image/png", ADA),
            "delete_file": lambda: file_changes.delete_file(tx, row, ADA),
            "restore_file": lambda: file_changes.restore_file(tx, row, "fresh/back", ADA),
        },
    )
    with pytest.raises(PathTaken):
        await file_changes.create_text_file(tx, PROJECT, "large", ADA)
    assert_indexed(connection, watched, LARGE)


async def test_bytes(watched: Watched, connection: Connection) -> None:
    """store/blobs.py."""
    hashed = bytes(32)
    await ask_all(
        blobs,
        {
            "begin": lambda: blobs.begin(watched, hashed, 1),
            "put_chunk": lambda: blobs.put_chunk(watched, hashed, 0, b"x"),
            "finish": lambda: blobs.finish(watched, hashed),
            "read_chunk": lambda: blobs.read_chunk(watched, hashed, 0),
            "due": lambda: blobs.due(watched, 20),
            "remove_unused": lambda: blobs.remove_unused(watched, hashed),
            "put_off": lambda: blobs.put_off(watched, hashed),
        },
    )
    # `%b` is PostgreSQL's business as `%s` is.
    watched.asked = {sql.replace("%(data)b", "%(data)s"): params for sql, params in watched.asked.items()}
    assert_indexed(connection, watched, LARGE)


@pytest.mark.parametrize("deep", [None, HAPPENING, EDITS])
async def test_activities(watched: Watched, connection: Connection, deep: int | None) -> None:
    """store/activity.py, edit_runs.py."""
    now = datetime.now(UTC)
    after = None if deep is None else ActivityPlace(now, deep, "7" if deep == HAPPENING else str(new_id()))
    file = await files.find_live(watched, PROJECT, "large/7777") or await files.find_live(watched, PROJECT, "large/7")
    assert file is not None
    await ask_all(
        activity,
        {
            "list_of_project": lambda: activity.list_of_project(watched, PROJECT, after, 51),
            "list_of_file": lambda: activity.list_of_file(watched, file.id, file.document, after, 51),
        },
    )
    records = [Record(ADA.bytes, int(now.timestamp() * 1000), b"")]
    name = DocumentName(file.document or "")
    await ask_all(edit_runs, {"add_runs": lambda: edit_runs.add_runs(watched, name, records)})
    assert_indexed(connection, watched, LARGE)


async def test_purge(watched: Watched, connection: Connection, filled: str) -> None:
    """store/file_purge.py."""

    class Whole(Watched):
        """Runs a transaction statement by statement."""

        async def transact(self, work):  # type: ignore[no-untyped-def]  # as Postgres has it
            return await work(self)

    whole = Whole(watched)
    await ask_all(
        file_purge,
        {
            "purge_files": lambda: file_purge.purge_files(whole, 100),  # type: ignore[arg-type]  # see Whole
            "forget_former_paths": lambda: file_purge.forget_former_paths(whole, 100),
        },
    )
    assert_indexed(connection, whole, LARGE)
