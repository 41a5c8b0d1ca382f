"""Job: merge a document's log into its snapshot in PostgreSQL.

Triggered by the sweep (workers/sweep.py) some seconds after a document got its first record since its snapshot. Safe to
repeat, and to run twice at once: the snapshot is replaced by compare and set, and the log
is trimmed only behind the snapshot before the one that was just written.

An attempt is counted before it begins (store/lua/attempt.lua): a document that cannot be snapshotted, or ends the whole
worker each time, is tried again after longer and longer pauses, and the others get their turn in between.
"""

import asyncio
from contextlib import suppress
from uuid import UUID

import structlog

from rooms.compact import compact, without_failing
from rooms.cut import cut
from rooms.text import text_size
from schemas.documents import DocumentName, named, project_of
from schemas.unavailable import Unavailable
from store import files, snapshots
from store.document_log import DocumentLog
from store.postgres import Postgres
from store.projects import touch_project
from workers.sign_authors import sign_authors

logger = structlog.get_logger("workers")
LENIENT_FROM = 4
"""The attempt from which on a record that cannot be merged is left out, 70 s after the first: it was no accident."""
CUT_FIRST_MAX = 2 << 20
"""Bytes of a state that is stored only once it is known where it may be cut: that takes up to 0.5 s. Larger ones, up to
10 s for 20 MB, are stored at once and cut when nobody has written meanwhile."""


async def try_snapshot(postgres: Postgres, log: DocumentLog, name: DocumentName) -> None:
    """One attempt, unless another one began a moment ago; what goes wrong concerns this document alone.

    Raises Unavailable.
    """
    attempt = await log.attempt(name)
    if not attempt:
        return
    try:
        await snapshot_document(postgres, log, name, lenient=attempt >= LENIENT_FROM)
    except Unavailable:
        with suppress(Unavailable):
            await log.forget_attempts(name)
        raise
    except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # pycrdt's panics are no Exceptions
        logger.exception("snapshot failed", **named(name))


async def snapshot_document(postgres: Postgres, log: DocumentLog, name: DocumentName, *, lenient: bool = False) -> None:
    """Returns when the snapshot holds all that was in the log at the start. Raises StoreUnavailable.

    `lenient`: records that cannot be merged are left out; they stay in the history.

    What came meanwhile waits for the next sweep: a document that is always busy must not be snapshotted all the time.
    """
    old = await snapshots.find(postgres, name)
    if old is None:
        # Its project was deleted meanwhile.
        await log.forget(name)
        return
    commits = await log.read(name, old.number)
    if not commits:
        await log.snapshotted(name, old.number, old.previous + 1)
        return
    updates = [record.update for commit in commits for record in commit.records]
    left_out: list[bytes] = []
    if lenient:
        sound = await asyncio.to_thread(without_failing, old.state, updates, old.parts)
        left_out += set(updates) - set(sound)
        updates = sound
    state = await asyncio.to_thread(compact, old.state, updates, old.parts, left_out)
    if left_out:
        logger.error("records left out", **named(name), count=len(left_out))
    new = commits[-1].last
    is_small = len(state) <= CUT_FIRST_MAX
    parts = await asyncio.to_thread(cut, state) if is_small else b""
    # Where the snapshot is not the old one any more, another worker was faster, and cares for the rest.
    if await snapshots.replace(postgres, name, old.number, new, state, commits, parts):
        if not is_small and await log.number(name) == new:
            await snapshots.set_parts(postgres, name, new, await asyncio.to_thread(cut, state))
        logger.info("snapshot", **named(name), number=new, records=len(updates), bytes=len(state))
        await log.snapshotted(name, new, old.number + 1)
        await sign_authors(postgres, name)
        author = next((record.author for commit in reversed(commits) for record in reversed(commit.records)), b"")
        size = await asyncio.to_thread(text_size, state)
        await files.note_text(postgres, name, size, UUID(bytes=author) if author else None)
        await touch_project(postgres, project_of(name))
