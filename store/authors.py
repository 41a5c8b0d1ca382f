"""Who brought which part of a document, kept beside its snapshot by workers/sign_authors.py, read for `blame`."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from schemas.documents import DocumentName
from store.postgres import Queries


@dataclass(frozen=True, slots=True)
class AuthorsRow:
    """As of record `number`, packed by rooms/authors.py."""

    number: int
    packed: bytes


async def find(db: Queries, document: DocumentName) -> AuthorsRow | None:
    """What was kept last."""
    return await db.row(
        AuthorsRow,
        "SELECT number, packed FROM document_authors WHERE document = %(document)s",
        {"document": document},
    )


async def keep(db: Queries, document: DocumentName, old: int, new: int, packed: bytes) -> bool:
    """Compare and set, `old` being 0 where nothing was kept; False where another worker was faster."""
    return (
        await db.execute(
            """
            INSERT INTO document_authors (document, number, packed)
            SELECT name, %(new)s, %(packed)s FROM documents WHERE name = %(document)s
            ON CONFLICT (document) DO UPDATE SET number = excluded.number, packed = excluded.packed
            WHERE document_authors.number = %(old)s
            """,
            {"document": document, "old": old, "new": new, "packed": packed},
        )
        > 0
    )


@dataclass(frozen=True, slots=True)
class _Named:
    id: UUID
    display_name: str


async def names_of(db: Queries, users: Sequence[UUID]) -> dict[UUID, str]:
    """How these authors are called: people, and models by the stream that wrote. Those who are gone are left out."""
    rows = await db.rows(
        _Named,
        """
        SELECT id, display_name FROM users WHERE id = ANY(%(users)s)
        UNION ALL
        SELECT id, 'AI · ' || coalesce(model, 'a model') FROM streams WHERE id = ANY(%(users)s)
        """,
        {"users": list(users)},
    )
    return {row.id: row.display_name for row in rows}
