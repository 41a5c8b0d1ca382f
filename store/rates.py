"""Rate limits that all gateways share, in Redis. Used by gateway/rates.py.

Everybody who asks while a call is under way goes into the next one together: at 32 requests at once the limit costs a
tenth of a call each.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from store import keys
from store.errors import StoreUnavailable
from store.gcra import Verdict, Window
from store.lane import Lane
from store.redis import Arg

BATCH = 500
"""Subjects of one call: a script must not keep Redis from the documents' commits for long (3 us each)."""
WAIT = 0.25
"""Seconds that a request waits for Redis, before it is as good as away."""
PATIENT_WAIT = 2.0
"""The same where the request would be refused then: longer than a restart of Redis, or a busy machine, takes."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is counted, for what: `name` is unique to both."""

    name: str
    windows: tuple[Window, ...]


@dataclass(slots=True)
class _Asked:
    subject: Subject
    answer: "asyncio.Future[Verdict]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class SharedRates:
    """One per gateway."""

    def __init__(self, lane: Lane) -> None:
        """`lane` runs the script `gcra`."""
        self._lane = lane
        self._waiting: list[_Asked] = []
        self._working: asyncio.Task[None] | None = None

    async def take(self, subjects: Sequence[Subject], wait: float = WAIT) -> list[Verdict]:
        """Count one request of each subject; raises StoreUnavailable."""
        asked = [_Asked(subject) for subject in subjects]
        self._waiting += asked
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        try:
            async with asyncio.timeout(wait):
                return [await each.answer for each in asked]
        except TimeoutError:
            raise StoreUnavailable("Redis", "the rate limits do not answer") from None

    async def close(self) -> None:
        """Drop the connection."""
        if self._working is not None:
            self._working.cancel()
            await asyncio.gather(self._working, return_exceptions=True)
        await self._lane.close()

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            batch = [each for each in batch if not each.answer.done()]
            if not batch:
                continue
            try:
                answers = await self._ask([each.subject for each in batch])
            except StoreUnavailable as error:
                for each in batch:
                    if not each.answer.done():
                        each.answer.set_exception(error)
                        each.answer.exception()  # seen, also where its request is gone by now
                continue
            for each, answer in zip(batch, answers, strict=True):
                if not each.answer.done():
                    each.answer.set_result(answer)

    async def _ask(self, subjects: Sequence[Subject]) -> list[Verdict]:
        names = [keys.rate(subject.name, window.seconds) for subject in subjects for window in subject.windows]
        args: list[Arg] = [""]
        for subject in subjects:
            args.append(len(subject.windows))
            for window in subject.windows:
                args += (window.interval, window.tolerance)
        flat: list[int] = await self._lane(names, args)
        verdicts, at = [], 0
        for subject in subjects:
            end = at + 1 + len(subject.windows)
            verdicts.append(Verdict(flat[at] == 1, tuple(flat[at + 1 : end])))
            at = end
        return verdicts
