"""Answers that may be given again to the same person, in Redis. They hold what workers/ai/repeats.py says."""

from typing import Final

from redis.asyncio import Redis

from store import keys
from store.redis import finish

KEPT_SECONDS: Final = 24 * 3600
"""A day: models and what they know change."""
ANSWER_BYTES: Final = 256 << 10
"""Of one; longer ones are asked for again."""


class AnswersKept:
    """All methods raise StoreUnavailable."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def find(self, question: str) -> bytes | None:
        """By the hash of the question."""
        found: bytes | None = await finish(self._redis.get(keys.answer(question)))
        return found

    async def keep(self, question: str, answer: bytes) -> None:
        """For a day."""
        if len(answer) <= ANSWER_BYTES:
            await finish(self._redis.set(keys.answer(question), answer, ex=KEPT_SECONDS))
