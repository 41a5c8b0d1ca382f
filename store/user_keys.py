"""Keys of users at providers: one function per query. What they seal is opened by workers only (store/key_seal.py)."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from store.postgres import Queries


@dataclass(frozen=True, slots=True)
class UserKeyRow:
    """A key without itself."""

    id: UUID
    provider: str
    label: str
    last4: str
    tested_at: datetime | None
    verdict: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SomebodysKeyRow(UserKeyRow):
    """The same with whose it is."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class SealedKey:
    """What a worker opens."""

    id: UUID
    user_id: UUID
    provider: str
    ring_key: str
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Provider:
    provider: str


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


async def add_key(
    db: Queries, key_id: UUID, user_id: UUID, provider: str, label: str, *, last4: str, sealed: bytes, ring_key: str
) -> UserKeyRow:
    """Insert one, in the place of the user's other one of this provider and label."""
    await db.execute(
        "DELETE FROM user_keys WHERE user_id = %(user)s AND provider = %(provider)s AND label = %(label)s",
        {"user": user_id, "provider": provider, "label": label},
    )
    row = await db.row(
        UserKeyRow,
        """
        INSERT INTO user_keys (id, user_id, provider, label, last4, sealed, ring_key)
        VALUES (%(id)s, %(user)s, %(provider)s, %(label)s, %(last4)s, %(sealed)s, %(ring_key)s)
        RETURNING id, provider, label, last4, tested_at, verdict, created_at
        """,
        {
            "id": key_id,
            "user": user_id,
            "provider": provider,
            "label": label,
            "last4": last4,
            "sealed": sealed,
            "ring_key": ring_key,
        },
    )
    assert row is not None  # INSERT … RETURNING of one row
    return row


async def count_keys(db: Queries, user_id: UUID) -> int:
    """How many a user has."""
    row = await db.row(_Count, "SELECT count(*) AS count FROM user_keys WHERE user_id = %(user)s", {"user": user_id})
    return 0 if row is None else row.count


async def list_keys(db: Queries, user_id: UUID) -> list[UserKeyRow]:
    """All of a user's, newest first."""
    return await db.rows(
        UserKeyRow,
        """
        SELECT id, provider, label, last4, tested_at, verdict, created_at FROM user_keys
        WHERE user_id = %(user)s ORDER BY id DESC
        """,
        {"user": user_id},
    )


async def list_all_keys(db: Queries, user_id: UUID | None, before: UUID, limit: int) -> list[SomebodysKeyRow]:
    """Everybody's, or somebody's, newest first, older than one."""
    if user_id is None:
        return await db.rows(
            SomebodysKeyRow,
            """
            SELECT id, user_id, provider, label, last4, tested_at, verdict, created_at FROM user_keys
            WHERE id < %(before)s ORDER BY id DESC LIMIT %(limit)s
            """,
            {"before": before, "limit": limit},
        )
    return await db.rows(
        SomebodysKeyRow,
        """
        SELECT id, user_id, provider, label, last4, tested_at, verdict, created_at FROM user_keys
        WHERE user_id = %(user)s AND id < %(before)s ORDER BY id DESC LIMIT %(limit)s
        """,
        {"user": user_id, "before": before, "limit": limit},
    )


async def remove_any_key(db: Queries, key_id: UUID) -> SomebodysKeyRow | None:
    """Whoever's it is; what it was, or None where there is no such key."""
    return await db.row(
        SomebodysKeyRow,
        """
        DELETE FROM user_keys WHERE id = %(id)s
        RETURNING id, user_id, provider, label, last4, tested_at, verdict, created_at
        """,
        {"id": key_id},
    )


async def find_key(db: Queries, user_id: UUID, key_id: UUID) -> UserKeyRow | None:
    """One of the user's own."""
    return await db.row(
        UserKeyRow,
        """
        SELECT id, provider, label, last4, tested_at, verdict, created_at FROM user_keys
        WHERE id = %(id)s AND user_id = %(user)s
        """,
        {"id": key_id, "user": user_id},
    )


async def remove_key(db: Queries, user_id: UUID, key_id: UUID) -> bool:
    """False where there is no such key."""
    return bool(
        await db.execute(
            "DELETE FROM user_keys WHERE id = %(id)s AND user_id = %(user)s", {"id": key_id, "user": user_id}
        )
    )


async def remove_keys(db: Queries, user_id: UUID) -> int:
    """All of a user's; how many they were."""
    return await db.execute("DELETE FROM user_keys WHERE user_id = %(user)s", {"user": user_id})


async def providers_of(db: Queries, user_id: UUID) -> frozenset[str]:
    """Where a user has keys of their own."""
    rows = await db.rows(
        _Provider, "SELECT DISTINCT provider FROM user_keys WHERE user_id = %(user)s", {"user": user_id}
    )
    return frozenset(row.provider for row in rows)


async def list_sealed(db: Queries, user_id: UUID) -> list[SealedKey]:
    """All of a user's, newest first: of one provider's the first is used."""
    return await db.rows(
        SealedKey,
        "SELECT id, user_id, provider, sealed, ring_key FROM user_keys WHERE user_id = %(user)s ORDER BY id DESC",
        {"user": user_id},
    )


async def find_sealed(db: Queries, key_id: UUID) -> SealedKey | None:
    """By its id."""
    return await db.row(
        SealedKey, "SELECT id, user_id, provider, sealed, ring_key FROM user_keys WHERE id = %(id)s", {"id": key_id}
    )


async def note_verdict(db: Queries, key_id: UUID, verdict: str) -> None:
    """What a test of it said."""
    await db.execute(
        "UPDATE user_keys SET tested_at = now(), verdict = %(verdict)s WHERE id = %(id)s",
        {"id": key_id, "verdict": verdict},
    )


async def list_sealed_otherwise(
    db: Queries, ring_key: str, after: tuple[str, UUID] | None, limit: int
) -> list[SealedKey]:
    """What other keys of the ring closed, in order of these and of ids."""
    closed_by, key_id = after or ("", UUID(int=0))
    return await db.rows(
        SealedKey,
        """
        (
            SELECT id, user_id, provider, sealed, ring_key FROM user_keys
            WHERE ring_key < %(ring_key)s AND (ring_key, id) > (%(closed_by)s, %(id)s::uuid)
            ORDER BY ring_key, id LIMIT %(limit)s
        ) UNION ALL (
            SELECT id, user_id, provider, sealed, ring_key FROM user_keys
            WHERE ring_key > %(ring_key)s AND (ring_key, id) > (%(closed_by)s, %(id)s::uuid)
            ORDER BY ring_key, id LIMIT %(limit)s
        )
        ORDER BY ring_key, id LIMIT %(limit)s
        """,
        {"ring_key": ring_key, "closed_by": closed_by, "id": key_id, "limit": limit},
    )


async def seal_again(db: Queries, row: SealedKey, sealed: bytes, ring_key: str) -> int:
    """Another seal of the same key; 0 where it was replaced meanwhile."""
    return await db.execute(
        """
        UPDATE user_keys SET sealed = %(sealed)s, ring_key = %(ring_key)s
        WHERE id = %(id)s AND ring_key = %(was)s
        """,
        {"id": row.id, "was": row.ring_key, "sealed": sealed, "ring_key": ring_key},
    )
