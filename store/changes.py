"""What happened in a project since a place in time: one function per query. Called by gateway/routes/changes.py.

A place is a transaction and what of it was shown. `settled` is the oldest transaction that still runs: all before it
has ended, so that whatever is read up to there is complete (0013_changes.sql).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from store.happenings import project_topic
from store.postgres import Queries


@dataclass(frozen=True, slots=True)
class Clock:
    """Where the database is."""

    life: str
    """Names the cluster of servers whose transactions these are; another one after a dump was restored elsewhere."""
    settled: int


@dataclass(frozen=True, slots=True)
class HappenedRow:
    """A happening that is settled."""

    id: int
    tx: int
    kind: str
    at: datetime
    actor_id: UUID | None
    file_id: UUID | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A document that a snapshot wrote anew, and where its file is now."""

    name: str
    tx: int
    number: int
    file_id: UUID
    path: str


async def read_clock(db: Queries) -> Clock:
    """To be read before what it says is settled."""
    row = await db.row(
        Clock,
        """
        SELECT (SELECT system_identifier FROM pg_control_system())::text AS life,
               pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS settled
        """,
    )
    assert row is not None  # a SELECT without FROM has one row
    return row


async def list_happenings(
    db: Queries, project_id: UUID, after: tuple[int, int], settled: int, limit: int
) -> list[HappenedRow]:
    """Behind a transaction and an id, in order."""
    return await db.rows(
        HappenedRow,
        """
        SELECT id, tx::text::bigint AS tx, kind, at, actor_id, file_id, data
        FROM happenings
        WHERE topic = %(topic)s AND (tx, id) > (%(tx)s::text::xid8, %(id)s) AND tx < %(settled)s::text::xid8
        ORDER BY happenings.tx, id
        LIMIT %(limit)s
        """,
        {"topic": project_topic(project_id), "tx": after[0], "id": after[1], "settled": settled, "limit": limit},
    )


async def list_documents(
    db: Queries, project_id: UUID, after: tuple[int, str], settled: int, limit: int
) -> list[ChangedRow]:
    """Behind a transaction and a name, in order."""
    return await db.rows(
        ChangedRow,
        """
        SELECT documents.name, documents.changed_tx::text::bigint AS tx, documents.number,
               files.id AS file_id, files.path
        FROM documents JOIN files ON files.document = documents.name
        WHERE documents.project_id = %(project)s
          AND (documents.changed_tx, documents.name) > (%(tx)s::text::xid8, %(name)s)
          AND documents.changed_tx < %(settled)s::text::xid8 AND files.deleted_at IS NULL
        ORDER BY documents.changed_tx, documents.name
        LIMIT %(limit)s
        """,
        {"project": project_id, "tx": after[0], "name": after[1], "settled": settled, "limit": limit},
    )
