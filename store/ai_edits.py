"""Edits that models made in live texts. Used by gateway/routes/ai_edits.py."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from store.postgres import Queries


@dataclass(frozen=True, slots=True)
class EditRow:
    """One edit. `aim` is JSON."""

    stream_id: UUID
    project_id: UUID
    document: str
    client: int
    aim: str
    undone_at: datetime | None


async def add_edit(db: Queries, stream_id: UUID, project_id: UUID, document: str, client: int, aim: str) -> None:
    """Before its stream may begin."""
    await db.execute(
        """
        INSERT INTO ai_edits (stream_id, project_id, document, client, aim)
        VALUES (%(stream_id)s, %(project_id)s, %(document)s, %(client)s, %(aim)s::jsonb)
        """,
        {"stream_id": stream_id, "project_id": project_id, "document": document, "client": client, "aim": aim},
    )


async def update_aim(db: Queries, stream_id: UUID, aim: str) -> None:
    """What it replaced is less than was selected: the rest had been removed before."""
    await db.execute(
        "UPDATE ai_edits SET aim = %(aim)s::jsonb WHERE stream_id = %(stream_id)s",
        {"stream_id": stream_id, "aim": aim},
    )


async def find_edit(db: Queries, stream_id: UUID) -> EditRow | None:
    """By its stream."""
    return await db.row(
        EditRow,
        """
        SELECT stream_id, project_id, document, client, aim::text AS aim, undone_at
        FROM ai_edits WHERE stream_id = %(stream_id)s
        """,
        {"stream_id": stream_id},
    )


async def mark_undone(db: Queries, stream_id: UUID) -> None:
    """It was taken back."""
    await db.execute(
        "UPDATE ai_edits SET undone_at = now() WHERE stream_id = %(stream_id)s AND undone_at IS NULL",
        {"stream_id": stream_id},
    )
