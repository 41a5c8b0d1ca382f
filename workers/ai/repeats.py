"""Gives an answer again to who asks the same again, where they allowed it (`cache`): at once, and for nothing.

The same is: the same person, model, conversation and parameters. What is given again streams as any answer does.
"""

import hashlib
import re
from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

import msgspec
import structlog

from ai_router.fit import Fitted
from ai_router.heard import Again, Delta, Finished, Heard, Sources, Usage
from schemas.streams import Asked, Source
from schemas.unavailable import Unavailable
from store.answers_kept import AnswersKept

logger = structlog.get_logger("workers.ai")
_WORD: Final = re.compile(r"\s*\S+|\s+")


class Kept(msgspec.Struct, frozen=True):
    """An answer that ended by itself."""

    text: str
    input: int | None
    output: int | None
    sources: tuple[Source, ...] = ()


class Repeats:
    """One per process."""

    def __init__(self, store: AnswersKept) -> None:
        self._store = store

    async def find(self, user: UUID, model: str, fitted: Fitted, asked: Asked) -> Kept | None:
        """What was answered to the same question; nothing while Redis is away."""
        if not asked.cache:
            return None
        try:
            found = await self._store.find(question(user, model, fitted, asked))
        except Unavailable as error:
            logger.warning("kept answers cannot be read", reason=str(error))
            return None
        return None if found is None else msgspec.json.decode(found, type=Kept)

    async def keeping(
        self, heard: AsyncIterator[Heard], user: UUID, model: str, fitted: Fitted, asked: Asked
    ) -> AsyncIterator[Heard]:
        """The same, and the answer is kept for the next time, if it ends by itself."""
        text: list[str] = []
        usage, sources = Usage(), Sources(())
        async for each in heard:
            yield each
            match each:
                case Delta(words):
                    text.append(words)
                case Usage():
                    usage = each
                case Sources():
                    sources = each
                case Finished("stop"):
                    kept = Kept("".join(text), usage.input, usage.output, sources.found)
                    await self._keep(question(user, model, fitted, asked), kept)
                case _:
                    pass

    async def _keep(self, asked: str, kept: Kept) -> None:
        try:
            await self._store.keep(asked, msgspec.json.encode(kept))
        except Unavailable as error:
            logger.warning("an answer is not kept", reason=str(error))


def question(user: UUID, model: str, fitted: Fitted, asked: Asked) -> str:
    """The same for the same question of the same person."""
    parts = [str(user), model, fitted.turns, asked.max_tokens, asked.temperature]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


async def again(kept: Kept) -> AsyncIterator[Heard]:
    """As a model would say it, word by word; it costs nothing."""
    yield Again()
    if kept.sources:
        yield Sources(kept.sources)
    for word in _WORD.findall(kept.text):
        yield Delta(word)
    yield Usage(kept.input, kept.output, cost=0.0)
    yield Finished("stop")
