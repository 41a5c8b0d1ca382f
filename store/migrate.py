"""Applies the numbered plain-SQL files in store/migrations/. `python -m store.migrate` reads DATABASE_URL.

Called by the launcher and by deployments before any other process starts; the gateway's readiness asks
`find_applied` and `missing` whether it was. Several runners at once are safe: one works, the others wait.

A file is applied in one transaction together with its row in schema_migrations, and never edited
afterwards: its SHA-256 is kept, and a difference is refused.
"""

import hashlib
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from store.errors import MigrationRefused, StoreError, StoreUnavailable
from store.postgres import Postgres

FOLDER: Final = Path(__file__).parent / "migrations"
CONNECT_SECONDS: Final = 10  # the server has just been started when this runs
LOCK_SECONDS: Final = 300.0  # longer than any other runner may need
POLL_SECONDS: Final = 0.1
LOCK_KEY: Final = 0x41_74_72_69_75_6D  # "Atrium"; advisory locks are numbers shared by one database
FILE_NAME: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")

SyncConnection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    number: int
    name: str
    sql: bytes

    @property
    def checksum(self) -> str:
        """SHA-256 of the file, line ends aside: a checkout may have changed those."""
        return hashlib.sha256(self.sql.replace(b"\r\n", b"\n")).hexdigest()


@dataclass(frozen=True, slots=True)
class Applied:
    """A row of schema_migrations."""

    number: int
    name: str
    checksum: str


@dataclass(frozen=True, slots=True)
class _Table:
    is_there: bool


def read_files(folder: Path = FOLDER) -> list[Migration]:
    """The migrations of this version in order; refuses misnamed files and numbers used twice."""
    found: dict[int, Migration] = {}
    for path in sorted(folder.glob("*.sql")):
        match = FILE_NAME.fullmatch(path.name)
        if match is None:
            raise MigrationRefused(f"{path.name}: a migration is named like 0001_accounts.sql")
        number = int(match[1])
        if number in found:
            raise MigrationRefused(f"{path.name} and {found[number].name} have the same number")
        found[number] = Migration(number, path.name, path.read_bytes())
    return list(found.values())


def plan(applied: Sequence[Applied], files: Sequence[Migration]) -> list[Migration]:
    """What is still to be applied, in order. Pure; raises MigrationRefused when the two contradict."""
    by_number = {file.number: file for file in files}
    for row in applied:
        file = by_number.pop(row.number, None)
        if file is None:
            raise MigrationRefused(
                f"the database has migration {row.name}, which this version of Atrium does not know: "
                "run the newer version, or restore a backup from before it"
            )
        if file.checksum != row.checksum:
            raise MigrationRefused(f"{file.name} was edited after it had been applied: restore it and write a new file")
    last = max((row.number for row in applied), default=0)
    for file in by_number.values():
        if file.number < last:
            raise MigrationRefused(
                f"{file.name} comes before the newest applied migration ({last:04}): give it the next number"
            )
    return list(by_number.values())


def missing(applied: Sequence[Applied], files: Sequence[Migration]) -> list[str]:
    """Names of files that the database lacks. A newer database is fine here: deployments migrate first."""
    numbers = {row.number for row in applied}
    return [file.name for file in files if file.number not in numbers]


async def find_applied(postgres: Postgres) -> list[Applied]:
    """What the database has; empty where nothing was ever migrated."""
    table = await postgres.row(_Table, "SELECT to_regclass('schema_migrations') IS NOT NULL AS is_there")
    if table is None or not table.is_there:
        return []
    return await postgres.rows(Applied, "SELECT number, name, checksum FROM schema_migrations ORDER BY number")


def migrate(url: str, folder: Path = FOLDER, lock_seconds: float = LOCK_SECONDS) -> list[str]:
    """Apply what is missing; the names of the files applied. Raises StoreUnavailable or MigrationRefused."""
    files = read_files(folder)
    try:
        with (
            psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_SECONDS) as connection,
            _alone(connection, lock_seconds),
        ):
            connection.execute(
                """
                    CREATE TABLE IF NOT EXISTS schema_migrations (
                        number     integer PRIMARY KEY,
                        name       text NOT NULL,
                        checksum   text NOT NULL,
                        applied_at timestamptz NOT NULL DEFAULT now()
                    )
                    """
            )
            return [_apply(connection, file) for file in plan(_read_applied(connection), files)]
    except psycopg.OperationalError as error:
        raise StoreUnavailable("PostgreSQL", str(error).strip().splitlines()[-1]) from error


@contextmanager
def _alone(connection: SyncConnection, seconds: float) -> Iterator[None]:
    # Polled: a session that blocks in pg_advisory_lock deadlocks with CREATE INDEX CONCURRENTLY.
    deadline = time.monotonic() + seconds
    while connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY]).fetchone() != (True,):
        if time.monotonic() > deadline:
            raise MigrationRefused(f"another process has been migrating this database for {seconds:.0f} s")
        time.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])


def _read_applied(connection: SyncConnection) -> list[Applied]:
    rows = connection.execute("SELECT number, name, checksum FROM schema_migrations ORDER BY number")
    return [Applied(*row) for row in rows]


def _apply(connection: SyncConnection, file: Migration) -> str:
    try:
        with connection.transaction():
            connection.execute(file.sql)
            connection.execute(
                "INSERT INTO schema_migrations (number, name, checksum) VALUES (%s, %s, %s)",
                [file.number, file.name, file.checksum],
            )
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise MigrationRefused(f"{file.name} failed and was rolled back: {reason}") from error
    return file.name


def main(environment: Mapping[str, str]) -> int:
    """The command: one line per applied file, or one line that says why not."""
    url = environment.get("DATABASE_URL", "")
    if not url:
        print("DATABASE_URL is not set: the libpq URI of the database to migrate", file=sys.stderr)
        return 2
    try:
        names = migrate(url)
    except StoreError as error:
        print(f"cannot migrate: {error}", file=sys.stderr)
        return 1
    except psycopg.ProgrammingError as error:
        print(f"cannot migrate: DATABASE_URL is not a libpq URI ({type(error).__name__})", file=sys.stderr)
        return 2
    for name in names:
        print(f"applied {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
