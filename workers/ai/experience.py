"""What was seen of models here, by all AI workers: the board of the automatic choice (ai_router/board.py).

an answer ended ──note──► evidence, by category and model ──► Redis ──► every worker's `standing`
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Final, cast

import msgspec
import structlog

from ai_router.board import Believed, Standing
from ai_router.evidence import Evidence
from ai_router.models import Model
from schemas.models import Category
from schemas.unavailable import Unavailable
from store.shared_values import SharedValues

logger = structlog.get_logger("workers.ai")
LOOK_SECONDS: Final = 10.0
TRIES: Final = 5
"""Of a compare-and-set. An observation that still finds no place is given up: there will be others."""


class Experience:
    """One per process; `run` is its task."""

    def __init__(self, store: SharedValues) -> None:
        self._store = store
        self._known: dict[str, bytes] = {}
        self._believed = Believed({}, time.time(), datetime.now(UTC).date())

    def standing(self, category: Category, model: Model) -> Standing:
        """See ai_router/board.py."""
        return self._believed.standing(category, model)

    async def run(self) -> None:
        """Look again for ever; cancel to stop."""
        while True:
            await self._look()
            await asyncio.sleep(LOOK_SECONDS)

    async def note(self, category: Category, model: str, seen: Evidence) -> None:
        """One more observation."""
        name = f"{category} {model}"
        for _ in range(TRIES):
            was = self._known.get(name, b"")
            becomes = msgspec.json.encode(seen if not was else _decoded(was) + seen)
            try:
                if await self._store.swap(name, was, becomes):
                    self._known[name] = becomes
                    return
            except Unavailable as error:
                logger.warning("an observation is lost", model=model, reason=str(error))
                return
            await self._look()

    async def _look(self) -> None:
        try:
            self._known = await self._store.all()
        except Unavailable as error:
            logger.warning("experience cannot be read", reason=str(error))
            return
        found: dict[tuple[Category, str], Evidence] = {}
        for name, value in self._known.items():
            category, _, model = name.partition(" ")
            found[cast(Category, category), model] = _decoded(value)
        self._believed = Believed(found, time.time(), datetime.now(UTC).date())


def _decoded(value: bytes) -> Evidence:
    try:
        return msgspec.json.decode(value, type=Evidence)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return Evidence(0.0)  # another version's
