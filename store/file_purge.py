"""Deleted files, removed for good. Called by workers/purge_files.py."""

from dataclasses import dataclass

from schemas.documents import DocumentName
from store.limits import RESTORE_DAYS
from store.postgres import Postgres, Queries, Transaction


@dataclass(frozen=True, slots=True)
class _Removed:
    document: DocumentName | None


async def purge_files(postgres: Postgres, limit: int) -> list[DocumentName | None]:
    """Remove some files that were deleted a month ago, each with its document, history and versions; their documents.

    A file that somebody restores at this moment is left alone.
    """

    async def purge(tx: Transaction) -> list[DocumentName | None]:
        rows = await tx.rows(
            _Removed,
            """
            DELETE FROM files
            WHERE id = ANY(ARRAY(
                SELECT id FROM files
                WHERE deleted_at < now() - make_interval(days => %(days)s)
                ORDER BY deleted_at
                LIMIT %(limit)s
                FOR UPDATE SKIP LOCKED
            ))
            RETURNING document
            """,
            {"days": RESTORE_DAYS, "limit": limit},
        )
        documents = [row.document for row in rows]
        await tx.execute("DELETE FROM documents WHERE name = ANY(%(names)s)", {"names": [d for d in documents if d]})
        return documents

    return await postgres.transact(purge)


async def forget_former_paths(db: Queries, limit: int) -> int:
    """Paths that a file left a month ago make files again for whoever opens them."""
    return await db.execute(
        """
        DELETE FROM former_paths
        WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM former_paths
            WHERE left_at < now() - make_interval(days => %(days)s)
            ORDER BY left_at
            LIMIT %(limit)s
        ))
          -- Left again meanwhile: it is another row, and young.
          AND left_at < now() - make_interval(days => %(days)s)
        """,
        {"days": RESTORE_DAYS, "limit": limit},
    )
