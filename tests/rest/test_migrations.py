"""The runner of migrations (store/migrate.py), on a real PostgreSQL."""

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from store.errors import MigrationRefused, StoreUnavailable
from store.migrate import FOLDER, Applied, Migration, find_applied, migrate, missing, plan, read_files
from store.postgres import open_pool
from tests.rest.databases import execute, new_database, with_parts

ROOT = FOLDER.parent.parent
SHAPE = """
    SELECT table_name::text, column_name::text, data_type::text, is_nullable::text, column_default::text
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid), '', ''
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT tablename::text, indexname::text, indexdef, '', '' FROM pg_indexes WHERE schemaname = 'public'
    ORDER BY 1, 2, 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two migrations of a test's own."""
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE first (id int); CREATE TABLE also (id int);")
    (tmp_path / "0002_second.sql").write_text("ALTER TABLE first ADD name text;")
    return tmp_path


def names(url: str) -> set[object]:
    """The tables there are."""
    return {name for (name,) in execute(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


def test_every_file_is_applied_once(empty_database: str) -> None:
    """All files are applied in order, and a second run finds nothing to do."""
    assert migrate(empty_database) == [file.name for file in read_files()]
    assert migrate(empty_database) == []
    assert {"users", "sessions", "projects", "project_members"} <= names(empty_database)


def test_step_by_step_equals_fresh(server: str, tmp_path: Path) -> None:
    """A database that met the files one at a time has the same shape as one that met them all at once."""
    with new_database(server) as grown, new_database(server) as fresh:
        for file in read_files():
            (tmp_path / file.name).write_bytes(file.sql)
            assert migrate(grown, tmp_path) == [file.name]
        migrate(fresh)
        assert execute(grown, SHAPE) == execute(fresh, SHAPE)


def test_edited_file_is_refused(empty_database: str, folder: Path) -> None:
    """A file that changed after it was applied stops the run, also of files after it."""
    migrate(empty_database, folder)
    (folder / "0001_first.sql").write_text("CREATE TABLE first (id bigint);")
    (folder / "0003_third.sql").write_text("CREATE TABLE third (id int);")
    with pytest.raises(MigrationRefused, match=r"0001_first\.sql was edited"):
        migrate(empty_database, folder)
    assert "third" not in names(empty_database)


def test_line_ends_are_no_edit(empty_database: str, folder: Path) -> None:
    """A checkout with other line ends is the same file."""
    (folder / "0001_first.sql").write_bytes(b"CREATE TABLE first (\nid int);\n")
    migrate(empty_database, folder)
    (folder / "0001_first.sql").write_bytes(b"CREATE TABLE first (\r\nid int);\r\n")
    assert migrate(empty_database, folder) == []


def test_newer_database_is_refused(empty_database: str, folder: Path) -> None:
    """A database that a newer version migrated is left alone."""
    migrate(empty_database, folder)
    (folder / "0002_second.sql").unlink()
    with pytest.raises(MigrationRefused, match=r"0002_second\.sql, which this version of Atrium does not know"):
        migrate(empty_database, folder)


def test_failing_file_leaves_nothing(empty_database: str, folder: Path) -> None:
    """A file is applied whole or not at all; those before it stay."""
    (folder / "0003_third.sql").write_text("CREATE TABLE third (id int); SELECT nonsense;")
    with pytest.raises(MigrationRefused, match=r"0003_third\.sql failed and was rolled back: .*nonsense"):
        migrate(empty_database, folder)
    assert names(empty_database) == {"schema_migrations", "first", "also"}
    (folder / "0003_third.sql").write_text("CREATE TABLE third (id int);")
    assert migrate(empty_database, folder) == ["0003_third.sql"]


def test_runners_at_once_apply_each_file_once(empty_database: str, folder: Path) -> None:
    """Of several runners one does the work, and the others wait until it is done."""
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda _: migrate(empty_database, folder), range(4)))
    assert sorted(done) == [[], [], [], ["0001_first.sql", "0002_second.sql"]]


def test_waiting_for_another_runner_ends(empty_database: str, folder: Path) -> None:
    """Who waits for a lock that is never released says so."""
    from store.migrate import LOCK_KEY

    with psycopg.connect(empty_database, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
        with pytest.raises(MigrationRefused, match="another process has been migrating"):
            migrate(empty_database, folder, lock_seconds=0.2)


@pytest.mark.parametrize("bad", ["1_first.sql", "0003_Third.sql", "0003-third.sql", "0002_other.sql"])
def test_misnamed_files_are_refused(folder: Path, bad: str) -> None:
    """Files are named like 0001_accounts.sql, and each number is used once."""
    (folder / bad).write_text("SELECT 1;")
    with pytest.raises(MigrationRefused):
        read_files(folder)


def test_plan_refuses_a_gap() -> None:
    """A file that comes before the newest applied one is refused: others may have run without it."""
    first, second = Migration(1, "0001_a.sql", b""), Migration(2, "0002_b.sql", b"")
    with pytest.raises(MigrationRefused, match=r"0001_a\.sql comes before"):
        plan([Applied(2, second.name, second.checksum)], [first, second])


async def test_readiness_sees_what_is_missing(empty_database: str) -> None:
    """The gateway's question finds all files missing, then none; a newer database is fine for it."""
    files = read_files()
    async with open_pool(empty_database) as postgres:
        assert missing(await find_applied(postgres), files) == [file.name for file in files]
        await asyncio.to_thread(migrate, empty_database)
        assert missing(await find_applied(postgres), files) == []
        assert missing([*await find_applied(postgres), Applied(9999, "9999_new.sql", "")], files) == []


def test_absent_server_is_unavailable(server: str, tmp_path: Path) -> None:
    """A server that is not there is told apart from a refusal."""
    with pytest.raises(StoreUnavailable):
        migrate(with_parts(server, host=tmp_path))


def command(**environment: str) -> "subprocess.CompletedProcess[str]":
    """`python -m store.migrate`."""
    return subprocess.run(
        [sys.executable, "-m", "store.migrate"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_command_says_what_it_did(empty_database: str) -> None:
    """The command prints one line for each file, and ends with 0."""
    first = command(DATABASE_URL=empty_database)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.splitlines() == [f"applied {file.name}" for file in read_files()]
    assert command(DATABASE_URL=empty_database).stdout == ""


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "DATABASE_URL is not set"),
        ("postgresql://nobody:hunter2@127.0.0.1:1/x", "PostgreSQL is unavailable"),
        ("postgresql://nobody:hunter2@[::1/x", "not a libpq URI"),
        ("hunter2 nonsense", "not a libpq URI"),
    ],
)
def test_command_says_why_not(url: str, says: str) -> None:
    """What goes wrong is one line without a traceback or a password, and a status above 0."""
    done = command(DATABASE_URL=url)
    assert done.returncode in (1, 2)
    assert len(done.stderr.strip().splitlines()) == 1
    assert says in done.stderr
    assert "hunter2" not in done.stderr
