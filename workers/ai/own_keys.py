"""Keys of the people who ask, opened for one answer. Used by what chooses candidates."""

from dataclasses import dataclass, field
from uuid import UUID

import structlog

from store import user_keys
from store.postgres import Postgres
from workers.ai.key_ring import KeyRing, Unopenable

logger = structlog.get_logger("workers.ai")


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A key, for as long as an answer takes. It stays out of its repr."""

    id: UUID
    provider: str
    key: str = field(repr=False)


async def own_keys(postgres: Postgres, ring: KeyRing, user_id: UUID) -> dict[str, OwnKey]:
    """Somebody's keys by provider, of several the newest, without those that do not open. Raises StoreUnavailable."""
    found: dict[str, OwnKey] = {}
    for row in await user_keys.list_sealed(postgres, user_id):
        if row.provider in found:
            continue
        try:
            found[row.provider] = OwnKey(row.id, row.provider, ring.open(row))
        except Unopenable as error:
            logger.warning("a user's key does not open", key=str(row.id), ring_key=row.ring_key, reason=str(error))
    return found
