"""Versions of documents: states that people can see and come back to. One function per query.

    documents.state ──worker──► automatic versions, thinned out with age       (workers/keep_versions.py)
    live state      ──POST────► named ones, which stay                         (gateway/routes/versions.py)

Versions of projects, which refer to these: project_versions.py.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from schemas.documents import DocumentName
from store.postgres import Queries


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version without its state."""

    seq: int
    number: int
    name: str | None
    created_by: UUID | None
    created_by_name: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StateRow:
    """A version's state: all records up to `number`."""

    seq: int
    number: int
    state: bytes
    parts: bytes
    """Where the state may be cut (rooms/parts.py); empty: nobody has looked."""


@dataclass(frozen=True, slots=True)
class _Name:
    name: DocumentName


async def add_version(
    db: Queries,
    document: DocumentName,
    number: int,
    state: bytes,
    name: str | None,
    user_id: UUID | None,
    *,
    kept: bool,
) -> int | None:
    """Keep a state; its number among the document's versions, None where there is no such document."""
    row = await db.row(
        _Seq,
        """
        WITH counted AS (
            UPDATE documents
            SET last_seq = last_seq + 1, versioned_number = greatest(versioned_number, %(number)s),
                unversioned_since = CASE WHEN number > %(number)s THEN now() END
            WHERE name = %(document)s
            RETURNING last_seq
        )
        INSERT INTO document_versions (document, seq, number, state, name, kept, created_by)
        SELECT %(document)s, last_seq, %(number)s, %(state)s, %(name)s, %(kept)s, %(user_id)s FROM counted
        RETURNING seq
        """,
        {"document": document, "number": number, "state": state, "name": name, "kept": kept, "user_id": user_id},
    )
    return None if row is None else row.seq


@dataclass(frozen=True, slots=True)
class _Seq:
    seq: int


async def list_versions(db: Queries, document: DocumentName, before: int, limit: int) -> list[VersionRow]:
    """The latest first, those before `before`."""
    return await db.rows(
        VersionRow,
        """
        SELECT seq, number, name, created_by, users.display_name AS created_by_name, document_versions.created_at
        FROM document_versions LEFT JOIN users ON users.id = document_versions.created_by
        WHERE document = %(document)s AND seq < %(before)s ORDER BY seq DESC LIMIT %(limit)s
        """,
        {"document": document, "before": before, "limit": limit},
    )


async def find_version(db: Queries, document: DocumentName, seq: int) -> VersionRow | None:
    """One version without its state."""
    rows = await list_versions(db, document, seq + 1, 1)
    return rows[0] if rows and rows[0].seq == seq else None


async def find_state(db: Queries, document: DocumentName, seq: int) -> StateRow | None:
    """The state of a version."""
    return await db.row(
        StateRow,
        "SELECT seq, number, state, parts FROM document_versions WHERE document = %(document)s AND seq = %(seq)s",
        {"document": document, "seq": seq},
    )


async def nearest(db: Queries, document: DocumentName, number: int) -> StateRow | None:
    """The latest state that has no record behind `number`."""
    return await db.row(
        StateRow,
        """
        SELECT seq, number, state, parts FROM document_versions
        WHERE document = %(document)s AND number <= %(number)s ORDER BY number DESC, seq DESC LIMIT 1
        """,
        {"document": document, "number": number},
    )


# For the worker


async def find_due(db: Queries, minutes: int, records: int, limit: int) -> list[DocumentName]:
    """Documents that changed so long ago, or so much, since their latest version."""
    rows = await db.rows(
        _Name,
        """
        SELECT name FROM documents
        WHERE unversioned_since <= now()
          AND (unversioned_since < now() - make_interval(mins => %(minutes)s)
               OR number - versioned_number >= %(records)s)
        ORDER BY unversioned_since LIMIT %(limit)s
        """,
        {"minutes": minutes, "records": records, "limit": limit},
    )
    return [row.name for row in rows]


async def keep_snapshot(db: Queries, document: DocumentName) -> None:
    """Make the document's snapshot an automatic version, unless one has it already."""
    await db.execute(
        """
        WITH counted AS (
            UPDATE documents SET last_seq = last_seq + 1, versioned_number = number, unversioned_since = NULL
            WHERE name = %(document)s AND unversioned_since IS NOT NULL AND number > versioned_number
            RETURNING name, last_seq, number, state, parts
        ), clean AS (
            UPDATE documents SET unversioned_since = NULL WHERE name = %(document)s AND number <= versioned_number
        )
        INSERT INTO document_versions (document, seq, number, state, parts)
        SELECT name, last_seq, number, state, parts FROM counted
        """,
        {"document": document},
    )


async def thin_out(db: Queries, begin: datetime, end: datetime, bucket: str, limit: int) -> int:
    """Of the automatic versions made in this time keep the last of each hour, day … (`bucket`, as date_trunc takes it).

    How many went, at most `limit`.
    """
    return await db.execute(
        """
        DELETE FROM document_versions USING (
            SELECT document, seq FROM (
                SELECT document, seq, row_number() OVER (
                    PARTITION BY document, date_trunc(%(bucket)s, created_at, 'UTC') ORDER BY seq DESC
                ) AS place
                FROM document_versions
                WHERE name IS NULL AND NOT kept AND created_at >= %(begin)s AND created_at < %(end)s
            ) AS placed
            WHERE place > 1 LIMIT %(limit)s
        ) AS surplus
        WHERE document_versions.document = surplus.document AND document_versions.seq = surplus.seq
        """,
        {"begin": begin, "end": end, "bucket": bucket, "limit": limit},
    )
