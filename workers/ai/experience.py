"""What was seen of models here, by all AI workers: the board of the automatic choice (ai_router/board.py).

an answer ended ──note──► evidence, by category and model ──► Redis ──┐
an answer was rated ──REST──► PostgreSQL ──store/opinions.py──────────┴──► every worker's `standing`
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, cast
from uuid import UUID

import msgspec
import structlog

from ai_router.board import Believed, Standing
from ai_router.evidence import GUEST_SHARE, HALF_LIFE, PERSON_MOST, RATINGS_FOR, Evidence
from ai_router.models import Model
from schemas.models import Category
from schemas.unavailable import Unavailable
from store.opinions import list_opinions
from store.postgres import Queries
from store.shared_values import SharedValues

logger = structlog.get_logger("workers.ai")
LOOK_SECONDS: Final = 10.0
OPINIONS_SECONDS: Final = 60.0
"""Between two looks at what people say."""
TRIES: Final = 5
"""Of a compare-and-set. An observation that still finds no place is given up: there will be others."""

PERSON_HOURLY: Final = 20
"""Observations of a model in a category that one person's questions make, in each worker: who asks as much as the
limits allow, of a kind that is cheap or fails, shall not decide what it seems to be for all others."""
SHARES: Final = 50_000
"""Counted at once, some 10 MB; then they begin anew."""

_Seen = Mapping[tuple[Category, str], Evidence]


class Experience:
    """One per process; `run` is its task."""

    def __init__(self, store: SharedValues, postgres: Queries) -> None:
        self._store = store
        self._postgres = postgres
        self._known: dict[str, bytes] = {}
        self._opinions: _Seen = {}
        self._opinions_until = 0.0
        self._believed = Believed({}, time.time(), datetime.now(UTC).date())
        self._hour = 0
        self._shares: Counter[tuple[str, UUID]] = Counter()

    def standing(self, category: Category, model: Model) -> Standing:
        """See ai_router/board.py."""
        return self._believed.standing(category, model)

    async def run(self) -> None:
        """Look again for ever; cancel to stop."""
        while True:
            if time.monotonic() >= self._opinions_until:
                await self.ask_people()
            await self._look()
            await asyncio.sleep(LOOK_SECONDS)

    async def note(self, category: Category, model: str, seen: Evidence, person: UUID | None = None) -> None:
        """One more observation; nobody's questions make more than PERSON_HOURLY of them."""
        name = f"{category} {model}"
        if person is not None and not self._has_share(name, person):
            return
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

    def _has_share(self, name: str, person: UUID) -> bool:
        hour = int(time.time() // 3_600)
        if hour != self._hour or len(self._shares) >= SHARES:
            self._hour, self._shares = hour, Counter()
        self._shares[name, person] += 1
        return self._shares[name, person] <= PERSON_HOURLY

    async def ask_people(self) -> None:
        """Read anew what they said of answers; while PostgreSQL is away, what was read last stays."""
        now = time.time()
        self._opinions_until = time.monotonic() + OPINIONS_SECONDS
        try:
            rows = await list_opinions(self._postgres, RATINGS_FOR, HALF_LIFE, PERSON_MOST, GUEST_SHARE)
        except Unavailable as error:
            logger.warning("what people say cannot be read", reason=str(error))
            return
        self._opinions = {
            (cast(Category, row.category), row.model): Evidence(now, liked=row.liked, disliked=row.disliked)
            for row in rows
        }
        self._believe()

    async def _look(self) -> None:
        try:
            self._known = await self._store.all()
        except Unavailable as error:
            logger.warning("experience cannot be read", reason=str(error))
            return
        self._believe()

    def _believe(self) -> None:
        found = dict(self._opinions)
        for name, value in self._known.items():
            category, _, model = name.partition(" ")
            of = cast(Category, category), model
            found[of] = found.get(of, Evidence(0.0)) + _decoded(value)
        self._believed = Believed(found, time.time(), datetime.now(UTC).date())


def _decoded(value: bytes) -> Evidence:
    try:
        return msgspec.json.decode(value, type=Evidence)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return Evidence(0.0)  # another version's
