"""Answers remembered for a moment, and shared by all who ask meanwhile. Used by access.py."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


class Recent(Generic[KeyT, ValueT]):
    """A bounded cache in front of a slow question; the oldest answers leave first.

    Errors are told to all who wait for that answer, and are not remembered; nor is an answer that `keep`
    says no to. An answer that was forgotten
    while it was being fetched is given to those who wait, but not kept.
    """

    def __init__(
        self,
        seconds: float,
        entries: int,
        keep: Callable[[ValueT], bool] = lambda _: True,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._entries = entries
        self._keep = keep
        self._now = now
        self._answers: dict[KeyT, tuple[float, ValueT]] = {}  # in the order of their time
        self._asking: dict[KeyT, asyncio.Task[ValueT]] = {}

    async def get(self, key: KeyT, ask: Callable[[], Awaitable[ValueT]]) -> ValueT:
        """The remembered answer, or the one that `ask` fetches."""
        if (found := self._answers.get(key)) is not None and self._now() - found[0] < self._seconds:
            return found[1]
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.ensure_future(self._fetch(key, ask))
            task.add_done_callback(_seen)
        # Shielded: one of many who wait may go away, and must not take the answer from the others.
        return await asyncio.shield(task)

    def known(self, key: KeyT, seconds: float) -> ValueT | None:
        """An answer no older than `seconds`, which may be longer ago than `get` would trust."""
        found = self._answers.get(key)
        return found[1] if found is not None and self._now() - found[0] < seconds else None

    def drop(self, which: Callable[[KeyT], bool]) -> None:
        """Forget some answers, also those on their way."""
        for key in [key for key in self._answers if which(key)]:
            del self._answers[key]
        for key in [key for key in self._asking if which(key)]:
            del self._asking[key]

    async def _fetch(self, key: KeyT, ask: Callable[[], Awaitable[ValueT]]) -> ValueT:
        mine = asyncio.current_task()
        try:
            answer = await ask()
            if self._asking.get(key) is mine:
                self._answers.pop(key, None)
                if not self._keep(answer):
                    return answer
                self._answers[key] = (self._now(), answer)
                if len(self._answers) > self._entries:
                    del self._answers[next(iter(self._answers))]
            return answer
        finally:
            if self._asking.get(key) is mine:
                del self._asking[key]


def _seen(task: "asyncio.Task[ValueT]") -> None:
    if not task.cancelled():
        task.exception()  # everybody who asked may be gone; the store's own log has it
