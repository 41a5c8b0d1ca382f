"""Every query of versions, authors and history uses an index on filled tables."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from schemas.documents import DocumentName
from schemas.ids import new_id
from store import authors, document_past, project_versions, versions
from store.postgres import Transaction
from store.project_versions import ManifestRow
from tests.rest.explain import Connection, Watched, ask_all, assert_indexed, filled_database, functions_of

LARGE = [
    "users",
    "documents",
    "files",
    "document_versions",
    "document_records",
    "document_authors",
    "project_versions",
    "project_version_files",
]
USER, PROJECT, FILE = new_id(), new_id(), new_id()
NAME = DocumentName(f"{PROJECT}/a")
NOW = datetime.now(UTC)
FILL = """
    INSERT INTO users (id, display_name) SELECT gen_random_uuid(), 'Person ' || n FROM generate_series(1, 5000) AS n;
    INSERT INTO users (id, display_name) VALUES (:user, 'Ann');
    INSERT INTO projects (id, owner_id, name)
        SELECT CASE n WHEN 1 THEN :project ELSE gen_random_uuid() END, :user, 'p' || n
        FROM generate_series(1, 5000) AS n;
    INSERT INTO documents (name, project_id, number, last_seq, state, unversioned_since)
        SELECT id || '/a', id, 9, 8, '\\x0000', CASE WHEN random() < 0.01 THEN now() END FROM projects;
    INSERT INTO files (id, project_id, path, kind, document, media_type)
        SELECT CASE project_id WHEN :project THEN :file ELSE gen_random_uuid() END, project_id, 'a', 'text', name,
               'text/plain'
        FROM documents;
    INSERT INTO document_versions (document, seq, number, state, name, created_at)
        SELECT name, n, n, '\\x0000', CASE WHEN n = 1 THEN 'named' END, now() - make_interval(days => 300 * n)
        FROM documents CROSS JOIN generate_series(1, 8) AS n;
    INSERT INTO document_records (document, first, last, records)
        SELECT name, n, n, '' FROM documents CROSS JOIN generate_series(1, 8) AS n;
    INSERT INTO document_authors (document, number, packed) SELECT name, 9, '' FROM documents;
    INSERT INTO project_versions (project_id, seq, files)
        SELECT id, n, 1 FROM projects CROSS JOIN generate_series(1, 4) AS n;
    INSERT INTO project_version_files (project_id, seq, path, file_id, document, document_seq, media_type, size)
        SELECT project_id, seq, 'a', gen_random_uuid(), project_id || '/a', 1, 'text/plain', 0 FROM project_versions;
"""


@pytest.fixture(scope="module")
def filled(server: str) -> Iterator[str]:
    """A database with many of everything."""
    with filled_database(server, FILL, user=USER, project=PROJECT, file=FILE) as url:
        yield url


async def test_versions(watched: Watched, connection: Connection) -> None:
    """Listing, finding, adding, keeping and thinning out."""
    await ask_all(
        versions,
        {
            "add_version": lambda: versions.add_version(watched, NAME, 10, b"", "n", USER, kept=False),
            "list_versions": lambda: versions.list_versions(watched, NAME, 99, 10),
            "find_version": lambda: versions.find_version(watched, NAME, 1),
            "find_state": lambda: versions.find_state(watched, NAME, 1),
            "nearest": lambda: versions.nearest(watched, NAME, 5),
            "find_due": lambda: versions.find_due(watched, 10, 200, 100),
            "keep_snapshot": lambda: versions.keep_snapshot(watched, NAME),
            "thin_out": lambda: versions.thin_out(watched, NOW - timedelta(days=3), NOW, "hour", 100),
        },
    )
    assert_indexed(connection, watched, LARGE)


async def test_authors(watched: Watched, connection: Connection) -> None:
    """Who brought what, and how they are called."""
    await ask_all(
        authors,
        {
            "find": lambda: authors.find(watched, NAME),
            "keep": lambda: authors.keep(watched, NAME, 9, 10, b""),
            "names_of": lambda: authors.names_of(watched, [USER]),
        },
    )
    assert_indexed(connection, watched, LARGE)


async def test_history(watched: Watched, connection: Connection) -> None:
    """The records of a document behind a number."""
    assert {"find_records", "read_records"} <= functions_of(document_past)
    await document_past.find_records(watched, NAME, 3)
    assert_indexed(connection, watched, LARGE)


async def test_project_versions(watched: Watched, connection: Connection) -> None:
    """Listing, finding, adding, and the manifest."""
    tx: Transaction = watched  # type: ignore[assignment]  # what it adds is one statement after the other
    entry = ManifestRow("a", FILE, NAME, 1, None, "text/plain", 0)
    await ask_all(
        project_versions,
        {
            "find_snapshots": lambda: project_versions.find_snapshots(watched, [NAME]),
            "keep_snapshots": lambda: project_versions.keep_snapshots(watched, [NAME]),
            "add_project_version": lambda: project_versions.add_project_version(tx, PROJECT, "n", USER, [entry]),
            "list_project_versions": lambda: project_versions.list_project_versions(watched, PROJECT, 99, 10),
            "find_project_version": lambda: project_versions.find_project_version(watched, PROJECT, 1),
            "list_manifest": lambda: project_versions.list_manifest(watched, PROJECT, 1),
            "lock_files": lambda: project_versions.lock_files(watched, [FILE]),
        },
    )
    assert_indexed(connection, watched, LARGE)
