"""Requests that carried an Idempotency-Key: one function per query. Called by gateway/repeats.py and the workers."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import msgspec

from store.postgres import Queries


@dataclass(frozen=True, slots=True)
class RepeatRow:
    """The first request with a key, and its answer where it has one."""

    fingerprint: bytes
    age: float  # seconds
    status: int | None
    headers: dict[str, str] | None
    body: bytes | None


async def begin(db: Queries, subject: UUID, key: str, fingerprint: bytes) -> bool:
    """Take a key; False where it is taken already."""
    return (
        await db.execute(
            """
            INSERT INTO repeats (subject, key, fingerprint) VALUES (%(subject)s, %(key)s, %(fingerprint)s)
            ON CONFLICT DO NOTHING
            """,
            {"subject": subject, "key": key, "fingerprint": fingerprint},
        )
        == 1
    )


async def find(db: Queries, subject: UUID, key: str) -> RepeatRow | None:
    """The request that took the key."""
    return await db.row(
        RepeatRow,
        """
        SELECT fingerprint, extract(epoch FROM now() - begun_at)::float8 AS age, status, headers, body
        FROM repeats WHERE subject = %(subject)s AND key = %(key)s
        """,
        {"subject": subject, "key": key},
    )


async def finish(db: Queries, subject: UUID, key: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Keep the answer."""
    await db.execute(
        """
        UPDATE repeats SET status = %(status)s, headers = %(headers)s::jsonb, body = %(body)s
        WHERE subject = %(subject)s AND key = %(key)s
        """,
        {
            "subject": subject,
            "key": key,
            "status": status,
            "headers": msgspec.json.encode(headers).decode(),
            "body": body,
        },
    )


async def release(db: Queries, subject: UUID, key: str) -> None:
    """It had no effect: the key may be used again."""
    await db.execute(
        "DELETE FROM repeats WHERE subject = %(subject)s AND key = %(key)s AND status IS NULL",
        {"subject": subject, "key": key},
    )


async def remove_old(db: Queries, seconds: float, limit: int) -> int:
    """Forget keys of before; how many."""
    return await db.execute(
        """
        DELETE FROM repeats WHERE (subject, key) IN (
            SELECT subject, key FROM repeats WHERE begun_at < now() - make_interval(secs => %(seconds)s)
            ORDER BY begun_at LIMIT %(limit)s
        )
        """,
        {"seconds": seconds, "limit": limit},
    )
