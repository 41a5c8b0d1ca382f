"""Seals keys of users by the newest key of the ring, so that older ones may leave it. A chore of AI workers.

Safe to repeat, and in several workers at once: a row changes only where its old seal still stands. A key that does not
open stays as it is; its owner hears of it when it is used or tested.
"""

import structlog

from store import user_keys
from store.postgres import Postgres
from workers.ai.key_ring import KeyRing, Unopenable

logger = structlog.get_logger("workers.ai")


async def reseal(postgres: Postgres, ring: KeyRing, batch: int) -> int:
    """All that an older key closed, `batch` rows at a time; how many were sealed again."""
    done, after = 0, None
    while rows := await user_keys.list_sealed_otherwise(postgres, ring.newest.id, after, batch):
        for row in rows:
            try:
                sealed = ring.close_again(row)
            except Unopenable as error:
                logger.warning("a user's key does not open", key=str(row.id), ring_key=row.ring_key, reason=str(error))
                continue
            done += await user_keys.seal_again(postgres, row, sealed, ring.newest.id)
        after = rows[-1].ring_key, rows[-1].id
    return done
