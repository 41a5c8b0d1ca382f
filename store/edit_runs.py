"""Who edited which document when: runs of edits of one author. Written with each snapshot (snapshots.py), read by
activity.py.

    records of the log ──runs_of──► one run per author and burst ──► continues the author's last run, or is a new one

What the server wrote by itself (a lost log brought back) is nobody's edit and no activity.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from schemas.documents import DocumentName, project_of
from schemas.ids import new_id
from schemas.records import Record
from store.postgres import Queries

PAUSE_SECONDS: Final = 600
"""A longer pause of an author ends a run: back from a coffee is another visit."""
RUN_SECONDS: Final = 3600
"""A run gets no longer: it stands in the list where it began, and would not be found there after a day."""


@dataclass(frozen=True, slots=True)
class Run:
    """Edits of one author without a long pause. Times are Unix milliseconds."""

    author: UUID
    began: int
    ended: int
    edits: int


def runs_of(records: Iterable[Record]) -> list[Run]:
    """Pure: the runs of these records, by their beginnings."""
    open_runs: dict[bytes, Run] = {}
    ended: list[Run] = []
    for record in records:
        if len(record.author) != 16:
            continue
        run = open_runs.get(record.author)
        if run is not None and _goes_on(run, record.at):
            began, last = min(run.began, record.at), max(run.ended, record.at)
            open_runs[record.author] = Run(run.author, began, last, run.edits + 1)
            continue
        if run is not None:
            ended.append(run)
        open_runs[record.author] = Run(UUID(bytes=record.author), record.at, record.at, 1)
    return sorted([*ended, *open_runs.values()], key=lambda run: run.began)


async def add_runs(db: Queries, document: DocumentName, records: Iterable[Record]) -> None:
    """Write down who made these edits; in the transaction that makes them history."""
    for run in runs_of(records):
        params = {
            "id": new_id(),
            "document": document,
            "project_id": project_of(document),
            "author": run.author,
            "began_at": datetime.fromtimestamp(run.began / 1000, UTC),
            "ended_at": datetime.fromtimestamp(run.ended / 1000, UTC),
            "edits": run.edits,
            "pause": PAUSE_SECONDS,
            "longest": RUN_SECONDS,
        }
        continued = await db.execute(
            """
            UPDATE edit_runs
            SET ended_at = greatest(ended_at, %(ended_at)s), edits = edits + %(edits)s
            WHERE id = (
                SELECT id FROM edit_runs
                WHERE document = %(document)s AND author = %(author)s
                ORDER BY ended_at DESC
                LIMIT 1
            )
              AND ended_at >= %(began_at)s::timestamptz - make_interval(secs => %(pause)s)
              AND began_at >= %(ended_at)s::timestamptz - make_interval(secs => %(longest)s)
            """,
            params,
        )
        if not continued:
            await db.execute(
                """
                INSERT INTO edit_runs (id, document, project_id, author, began_at, ended_at, edits)
                VALUES (%(id)s, %(document)s, %(project_id)s, %(author)s, %(began_at)s, %(ended_at)s, %(edits)s)
                """,
                params,
            )


def _goes_on(run: Run, at: int) -> bool:
    return at - run.ended <= PAUSE_SECONDS * 1000 and at - run.began <= RUN_SECONDS * 1000
