"""Snapshots of documents in PostgreSQL: one function per query, beside its row type."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.documents import DocumentName, project_of
from schemas.records import Commit, encode_records
from store.edit_runs import add_runs
from store.postgres import Postgres, Transaction


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A document's merged state: all records up to `number`."""

    number: int
    previous: int
    state: bytes
    parts: bytes
    """Where the state may be cut (rooms/parts.py); empty: in one piece."""
    parked: bool


async def find_or_create(postgres: Postgres, name: DocumentName) -> Snapshot:
    """The snapshot of a document, which exists from now on. Raises StoreUnavailable."""
    found = await find(postgres, name)
    if found is None:
        await postgres.execute(
            """
            INSERT INTO documents (name, project_id) VALUES (%(name)s, %(project)s)
            ON CONFLICT DO NOTHING
            """,
            {"name": name, "project": project_of(name)},
        )
        found = await find(postgres, name)
    assert found is not None
    return found


async def find(postgres: Postgres, name: DocumentName) -> Snapshot | None:
    """The snapshot of a document, None where it does not exist. Raises StoreUnavailable."""
    return await postgres.row(
        Snapshot,
        "SELECT number, previous, state, parts, parked FROM documents WHERE name = %(name)s",
        {"name": name},
    )


@dataclass(frozen=True, slots=True)
class _Number:
    number: int


async def find_number(postgres: Postgres, name: DocumentName) -> int | None:
    """Up to which record its snapshot goes, None where there is no such document. Raises StoreUnavailable."""
    row = await postgres.row(_Number, "SELECT number FROM documents WHERE name = %(name)s", {"name": name})
    return None if row is None else row.number


async def mark_parked(
    postgres: Postgres, name: DocumentName, number: int, parked: bool, *, ends: int | None = None
) -> bool:
    """Say whether the log is about to leave Redis; False where the snapshot is another one by now.

    `ends`: the snapshot has all up to this number too, since no record was given one of those beyond its own.
    """
    return (
        await postgres.execute(
            """
            UPDATE documents SET parked = %(parked)s, number = %(ends)s
            WHERE name = %(name)s AND number = %(number)s
            """,
            {"name": name, "number": number, "parked": parked, "ends": number if ends is None else ends},
        )
        > 0
    )


async def replace(
    postgres: Postgres,
    name: DocumentName,
    old: int,
    new: int,
    state: bytes,
    absorbed: Sequence[Commit],
    parts: bytes = b"",
) -> bool:
    """Compare and set: False, and nothing changed, where the snapshot is not at `old` any more.

    The records that it absorbed are kept as history, and who wrote them when, in the same transaction. Raises
    StoreUnavailable.
    """
    records = [record for commit in absorbed for record in commit.records]
    async with postgres.connection() as connection, connection.transaction():
        cursor = await connection.execute(
            """
            UPDATE documents
            SET number = %(new)s, previous = number, state = %(state)s, parts = %(parts)s, parked = false,
                updated_at = now(), unversioned_since = coalesce(unversioned_since, now())
            WHERE name = %(name)s AND number = %(old)s
            """,
            {"name": name, "old": old, "new": new, "state": state, "parts": parts},
        )
        if cursor.rowcount == 0:
            return False
        await connection.execute(
            """
            INSERT INTO document_records (document, first, last, records)
            VALUES (%(name)s, %(first)s, %(last)s, %(records)s)
            ON CONFLICT (document, last) DO NOTHING
            """,
            {
                "name": name,
                "first": absorbed[0].first if absorbed else new,
                "last": new,
                "records": zlib.compress(encode_records(records), 1),
            },
        )
        await add_runs(Transaction(connection), name, records)
    return True


async def set_parts(postgres: Postgres, name: DocumentName, number: int, parts: bytes) -> bool:
    """Say where the state at `number` may be cut; False where the snapshot is another one by now."""
    return (
        await postgres.execute(
            "UPDATE documents SET parts = %(parts)s WHERE name = %(name)s AND number = %(number)s",
            {"name": name, "number": number, "parts": parts},
        )
        > 0
    )
