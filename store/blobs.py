"""Bytes of binary files in PostgreSQL, each content once, found by its SHA-256, in rows of 1 MB so that they stream.

    begin (touch) ──► is it whole? ──no──► put chunks ──► finish        files.blob ──► read chunk by chunk
                              └──yes──► nothing to put                  no file has it for a day ──► sweep (workers)

Called by the routes that take and give bytes, and by the worker that sweeps.
"""

from dataclasses import dataclass

from store.limits import BLOB_KEEP_SECONDS
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
        INSERT INTO blobs (hash, size) VALUES (%(hash)s, %(size)s)
        ON CONFLICT (hash) DO UPDATE SET touched_at = now()
        RETURNING whole
        """,
        {"hash": hash, "size": size},
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


async def unused(db: Queries, limit: int) -> list[bytes]:
    """Some that no file has, and that nobody touched for a day."""
    rows = await db.rows(
        _Hash,
        """
        SELECT hash FROM blobs
        WHERE touched_at < now() - make_interval(secs => %(keep)s)
          AND NOT EXISTS (SELECT FROM files WHERE files.blob = blobs.hash)
        ORDER BY touched_at
        LIMIT %(limit)s
        """,
        {"keep": BLOB_KEEP_SECONDS, "limit": limit},
    )
    return [row.hash for row in rows]


async def remove_unused(db: Queries, hash: bytes) -> bool:
    """Remove it with its chunks, unless somebody took it up meanwhile. Raises Dangling where something else has it."""
    removed = await db.execute(
        """
        DELETE FROM blobs
        WHERE hash = %(hash)s AND touched_at < now() - make_interval(secs => %(keep)s)
          AND NOT EXISTS (SELECT FROM files WHERE files.blob = blobs.hash)
        """,
        {"hash": hash, "keep": BLOB_KEEP_SECONDS},
    )
    return removed > 0


async def touch(db: Queries, hash: bytes) -> None:
    """Keep it for another day."""
    await db.execute("UPDATE blobs SET touched_at = now() WHERE hash = %(hash)s", {"hash": hash})
