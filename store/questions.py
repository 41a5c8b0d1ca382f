"""Questions that one gateway asks all others, and their answers, for administrators. Used by sockets/roll_call.py.

    who asks ──publish──► every gateway ──RPUSH──► a list of its own ──BLPOP──► who asks, until all have answered

Nobody depends on an answer: a gateway that is frozen or on its way out does not give one, and is named as silent.
"""

import time
from collections.abc import Awaitable, Collection, Mapping
from typing import Any, cast

import msgspec
from redis.asyncio import Redis

from store import keys
from store.limits import ANSWER_SECONDS, ANSWERS_KEPT
from store.redis import finish


class _Answered(msgspec.Struct, frozen=True):
    by: str
    answer: msgspec.Raw


_decode = msgspec.json.Decoder(_Answered).decode


class Questions:
    """All methods raise StoreUnavailable."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def ask(self, question_id: str, question: bytes, others: Collection[str]) -> Mapping[str, bytes]:
        """What each of the other gateways answered, by name; without those that did not within a second."""
        answers: dict[str, bytes] = {}
        if not others:
            return answers
        deadline = time.monotonic() + ANSWER_SECONDS
        await finish(self._redis.publish(keys.QUESTIONS, question))
        while set(others) - answers.keys() and (left := deadline - time.monotonic()) > 0:
            # At most what is left, in a connection of its own for so long; 0 would be for ever.
            blpop = cast(Any, self._redis.blpop)  # its types allow for whole seconds alone
            popped: Awaitable[Any] = blpop([keys.answers(question_id)], timeout=max(left, 0.01))
            if (found := await finish(popped)) is not None:
                said = _decode(found[1])
                answers[said.by] = bytes(said.answer)
        return answers

    async def answer(self, question_id: str, by: str, answer: bytes) -> None:
        """Give an answer to whoever asked."""
        key = keys.answers(question_id)
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.rpush(key, msgspec.json.encode(_Answered(by, msgspec.Raw(answer))))
        pipeline.expire(key, ANSWERS_KEPT)
        await finish(cast(Any, pipeline.execute()))
