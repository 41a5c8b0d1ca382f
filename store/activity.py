"""Who did what when: what happened and what was edited, as one list, the latest first. Called by routes/activity.py.

    happenings ──by time──┐
                          ├──► merged, joined with names and paths ──► one page
    edit_runs ──by time───┘

Each half is read by its own index and ends after one page, so a page costs the same wherever it is.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec

from store.postgres import Queries

HAPPENING: Final = 0
EDITS: Final = 1
_GREATEST: Final = UUID(int=(1 << 128) - 1)


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One happening, or one run of edits."""

    source: int  # HAPPENING or EDITS
    id: str
    kind: str
    at: datetime
    until: datetime
    edits: int
    actor_id: UUID | None
    actor_name: str | None
    file_id: UUID | None
    path: str | None
    data: dict[str, Any]

    @property
    def place(self) -> "ActivityPlace":
        """Where the list goes on behind it."""
        return ActivityPlace(self.at, self.source, self.id)


class ActivityPlace(msgspec.Struct, frozen=True, array_like=True):
    """A place in a list; at the same moment happenings come before edits, each by falling id."""

    at: datetime
    source: int
    id: str


_LIST: Final[LiteralString] = """
    SELECT found.source, found.id, found.kind, found.at, found.until, found.edits, found.actor_id,
           users.display_name AS actor_name, found.file_id, files.path, found.data
    FROM (
        (
            SELECT 0 AS source, happenings.id::text AS id, happenings.kind, happenings.at, happenings.at AS until,
                   0 AS edits, happenings.actor_id, happenings.file_id, happenings.data,
                   happenings.id AS number, NULL::uuid AS run
            FROM happenings
            WHERE {happenings} AND happenings.topic LIKE 'project:%%'
              AND (happenings.at, happenings.id) < (%(at)s, %(number)s)
            ORDER BY happenings.at DESC, happenings.id DESC
            LIMIT %(limit)s
        )
        UNION ALL
        (
            SELECT 1, edit_runs.id::text, 'file.edited', edit_runs.began_at, edit_runs.ended_at,
                   edit_runs.edits, edit_runs.author, edited.id, '{{}}'::jsonb, NULL, edit_runs.id
            FROM edit_runs
            LEFT JOIN files AS edited ON edited.document = edit_runs.document
            WHERE {edit_runs} AND (edit_runs.began_at, edit_runs.id) < (%(at)s, %(run)s)
            ORDER BY edit_runs.began_at DESC, edit_runs.id DESC
            LIMIT %(limit)s
        )
    ) AS found
    LEFT JOIN users ON users.id = found.actor_id
    LEFT JOIN files ON files.id = found.file_id
    ORDER BY found.at DESC, found.source, found.number DESC, found.run DESC
    LIMIT %(limit)s
"""
_OF_PROJECT: Final[LiteralString] = _LIST.format(
    happenings="happenings.project_id = %(project_id)s", edit_runs="edit_runs.project_id = %(project_id)s"
)
_OF_FILE: Final[LiteralString] = _LIST.format(
    happenings="happenings.file_id = %(file_id)s", edit_runs="edit_runs.document = %(document)s"
)


async def list_of_project(db: Queries, project_id: UUID, after: ActivityPlace | None, limit: int) -> list[ActivityRow]:
    """What was done in a project, the latest first."""
    return await db.rows(ActivityRow, _OF_PROJECT, {"project_id": project_id} | _place(after) | {"limit": limit})


async def list_of_file(
    db: Queries, file_id: UUID, document: str | None, after: ActivityPlace | None, limit: int
) -> list[ActivityRow]:
    """What was done to a file, the latest first."""
    params = {"file_id": file_id, "document": document, "limit": limit}
    return await db.rows(ActivityRow, _OF_FILE, params | _place(after))


def _place(after: ActivityPlace | None) -> dict[str, object]:
    if after is None:
        return {"at": "infinity", "number": 0, "run": _GREATEST}
    if after.source == HAPPENING:
        return {"at": after.at, "number": int(after.id), "run": _GREATEST}
    return {"at": after.at, "number": -1, "run": UUID(after.id)}
