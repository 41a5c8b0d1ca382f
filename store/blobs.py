"""Bytes of binary files in PostgreSQL, each content once, found by its SHA-256, in rows of 1 MB so that they stream.

    begin (kept for a day) ──► is it whole? ──no──► put chunks ──► finish        files.blob ──► read chunk by chunk
                                       └──yes──► nothing to put                 later: does a file have it? (workers)

Called by the routes that take and give bytes, and by the worker that sweeps.
"""

from dataclasses import dataclass

from store.limits import BLOB_KEEP_DAYS, BLOB_LOOK_DAYS
from store.postgres import Queries


@dataclass(frozen=True, slots=True)
class _Whole:
    whole: bool


@dataclass(frozen=True, slots=True)
class _Chunk:
    bytes: bytes


@dataclass(frozen=True, slots=True)
class _Hash:
    hash: bytes


async def begin(db: Queries, hash: bytes, size: int) -> bool:
    """Say that these bytes are about to be used, which keeps them for a day; whether they are all there."""
    row = await db.row(
        _Whole,
        """
        INSERT INTO blobs (hash, size, look_at)
        VALUES (%(hash)s, %(size)s, now() + make_interval(days => %(days)s))
        ON CONFLICT (hash) DO UPDATE SET look_at = greatest(blobs.look_at, excluded.look_at)
        RETURNING whole
        """,
        {"hash": hash, "size": size, "days": BLOB_KEEP_DAYS},
    )
    assert row is not None  # either way there is a row
    return row.whole


async def put_chunk(db: Queries, hash: bytes, number: int, data: bytes) -> None:
    """Chunk `number`, counted from 0. Two who put the same bytes put the same chunks."""
    await db.execute(
        """
        INSERT INTO blob_chunks (hash, number, bytes) VALUES (%(hash)s, %(number)s, %(data)b)
        ON CONFLICT DO NOTHING
        """,
        {"hash": hash, "number": number, "data": data},
    )


async def finish(db: Queries, hash: bytes) -> None:
    """All chunks are there."""
    await db.execute("UPDATE blobs SET whole = true WHERE hash = %(hash)s", {"hash": hash})


async def read_chunk(db: Queries, hash: bytes, number: int) -> bytes | None:
    """Chunk `number`; None behind the last one."""
    row = await db.row(
        _Chunk,
        "SELECT bytes FROM blob_chunks WHERE hash = %(hash)s AND number = %(number)s",
        {"hash": hash, "number": number},
    )
    return None if row is None else row.bytes


async def due(db: Queries, limit: int) -> list[bytes]:
    """Some whose time has come to be looked at."""
    rows = await db.rows(
        _Hash,
        "SELECT hash FROM blobs WHERE look_at < now() ORDER BY look_at LIMIT %(limit)s",
        {"limit": limit},
    )
    return [row.hash for row in rows]


async def remove_unused(db: Queries, hash: bytes) -> bool:
    """Remove it with its chunks, unless a file has it. Raises Dangling where something else has it."""
    removed = await db.execute(
        """
        DELETE FROM blobs
        WHERE hash = %(hash)s AND look_at < now() AND NOT EXISTS (SELECT FROM files WHERE files.blob = %(hash)s)
        """,
        {"hash": hash},
    )
    return removed > 0


async def put_off(db: Queries, hash: bytes) -> None:
    """Something has it: look again in a month."""
    await db.execute(
        "UPDATE blobs SET look_at = now() + make_interval(days => %(days)s) WHERE hash = %(hash)s AND look_at < now()",
        {"hash": hash, "days": BLOB_LOOK_DAYS},
    )
