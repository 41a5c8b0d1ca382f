"""What Redis and PostgreSQL themselves say of documents, for tests of this folder. All of it blocks, for a moment."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import cast

import psutil
import psycopg
import redis

from store import keys
from tests.support.stack import Stack


@contextmanager
def valkey(stack: Stack) -> Iterator[redis.Redis]:
    """A connection to the stack's Redis."""
    client = redis.Redis.from_url(stack.redis_url)
    try:
        yield client
    finally:
        client.close()


def log_numbers(stack: Stack, names: list[str]) -> dict[str, int]:
    """The last number of each document's log; those without a log are left out."""
    with valkey(stack) as client:
        values = cast(list[bytes | None], client.mget([keys.number(name) for name in names]))
    return {name: int(value.rstrip(b"c")) for name, value in zip(names, values, strict=True) if value is not None}


def snapshot_numbers(stack: Stack, names: list[str]) -> dict[str, int]:
    """Up to which record each document's snapshot goes; those that were never opened are left out."""
    with psycopg.connect(stack.database_url) as postgres:
        rows = postgres.execute("SELECT name, number FROM documents WHERE name = ANY(%s)", (names,)).fetchall()
    return dict(rows)


def snapshots_made(stack: Stack, name: str) -> int:
    """How many snapshots of a document there have been: each leaves the records that it absorbed."""
    with psycopg.connect(stack.database_url) as postgres:
        row = postgres.execute("SELECT count(*) FROM document_records WHERE document = %s", (name,)).fetchone()
    return int(row[0]) if row else 0


def parked(stack: Stack, names: list[str]) -> set[str]:
    """The documents whose log left Redis on purpose."""
    with psycopg.connect(stack.database_url) as postgres:
        rows = postgres.execute("SELECT name FROM documents WHERE parked AND name = ANY(%s)", (names,)).fetchall()
    return {name for (name,) in rows} - log_numbers(stack, names).keys()


def all_snapshotted(stack: Stack, names: list[str]) -> bool:
    """Whether the snapshots have all that the logs have."""
    logs, snapshots = log_numbers(stack, names), snapshot_numbers(stack, names)
    return all(snapshots.get(name, -1) >= number for name, number in logs.items())


def memory(pid: int) -> int:
    """Resident bytes of a process."""
    return int(psutil.Process(pid).memory_info().rss)


def freeze(pid: int) -> list[psutil.Process]:
    """Stop a process and all its descendants (PostgreSQL is one process for each connection), and those that come or
    go meanwhile; who is stopped now."""
    frozen: set[psutil.Process] = set()
    while fresh := {*_family(pid)} - frozen:
        for process in fresh:
            with suppress(psutil.NoSuchProcess):  # it ended in this very moment
                process.suspend()
        frozen |= fresh
    return [process for process in frozen if process.is_running()]


def _family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]
