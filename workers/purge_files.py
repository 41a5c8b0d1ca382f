"""Chores: deleted files leave for good after 30 days, and bytes that no file has, within a month.

Run by workers/chores.py. Safe to repeat, and to run in several workers at once: a row is removed once, and what a
worker that dies leaves behind is found by the next: a log without its document by the sweep (workers/sweep.py).
"""

from store import blobs
from store.document_log import DocumentLog
from store.errors import Dangling
from store.file_purge import forget_former_paths
from store.file_purge import purge_files as purge_rows
from store.postgres import Postgres

FILES = 100
"""Of one round: each may have a long history."""
BLOBS = 20
"""Of one round: up to 100 MB each."""


async def purge_files(postgres: Postgres, log: DocumentLog) -> int:
    """Files, then their documents' logs; how many. Raises StoreUnavailable."""
    removed = 0
    while documents := await purge_rows(postgres, FILES):
        for name in documents:
            if name is not None:
                await log.forget(name)
        removed += len(documents)
    return removed


async def purge_paths(postgres: Postgres) -> int:
    """How many. Raises StoreUnavailable."""
    return await forget_former_paths(postgres, FILES * 10)


async def purge_blobs(postgres: Postgres) -> int:
    """How many. Raises StoreUnavailable."""
    removed = 0
    while found := await blobs.due(postgres, BLOBS):
        for hash in found:
            try:
                is_gone = await blobs.remove_unused(postgres, hash)
            except Dangling:  # a version of the project has it
                is_gone = False
            if not is_gone:
                await blobs.put_off(postgres, hash)
            removed += is_gone
    return removed
