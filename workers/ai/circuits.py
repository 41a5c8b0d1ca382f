"""Circuit breakers as this process sees them: read every second, written by compare and set (ai_router/breaker.py).

Redis away: what was read last counts, and nothing is written; providers are asked all the same.
"""

import time
from collections.abc import Callable, Iterable
from typing import Final

import msgspec
import structlog

from ai_router import breaker
from ai_router.breaker import Breaker, Closed, HalfOpen, Open
from ai_router.choice import Candidate
from ai_router.heard import Failed
from ai_router.keys import scopes
from schemas.unavailable import Unavailable
from store.shared_values import SharedValues

logger = structlog.get_logger("workers.ai")
LOOK_SECONDS: Final = 1.0
TRIES: Final = 5
"""Of a compare-and-set; others write the same breaker only while a provider fails for many."""
KEPT: Final = 1_000
"""More break only where somebody makes up names of models; those are asked without a breaker."""
FORGOTTEN: Final = 100
"""At one look."""
_KINDS: Final[dict[str, type[Closed] | type[Open] | type[HalfOpen]]] = {
    "closed": Closed, "open": Open, "half": HalfOpen
}  # fmt: skip


class Circuits:
    """One per process."""

    def __init__(self, store: SharedValues, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now
        self._read_at = 0.0
        self._known: dict[str, bytes] = {}

    async def cooling(self) -> set[str]:
        """Names of breakers that are open now."""
        now = self._now()
        if now - self._read_at > LOOK_SECONDS:
            await self._look()
        return {name for name, state in self._known.items() if breaker.is_open(_decoded(state), now)}

    async def permit(self, candidate: Candidate) -> bool:
        """Just before asking: whether all its breakers let it through; a half-open one lets one through."""
        names = list(scopes(candidate.model.name, candidate.key))
        for at, name in enumerate(names):
            if not await self._change(name, lambda state: breaker.permit(state, self._now())):
                await self._release(names[:at])
                return False
        return True

    async def succeeded(self, candidate: Candidate) -> None:
        """Its first token came."""
        for name in scopes(candidate.model.name, candidate.key):
            if name in self._known:
                await self._change(name, lambda state: breaker.succeeded(state, self._now()))

    async def failed(self, candidate: Candidate, failure: Failed) -> None:
        """It failed before its first token."""
        blamed, at_once = breaker.blamed(failure, candidate.model.name, candidate.key) or (None, None)
        for name in scopes(candidate.model.name, candidate.key):
            if name == blamed:
                await self._change(name, lambda state: breaker.failed(state, self._now(), at_once))
            else:
                await self._release([name])

    async def released(self, candidate: Candidate) -> None:
        """Nobody knows whether it would have answered: what tried may be tried by somebody else."""
        await self._release(scopes(candidate.model.name, candidate.key))

    async def _release(self, names: Iterable[str]) -> None:
        for name in names:
            if name in self._known:
                await self._change(name, lambda state: breaker.released(state, self._now()))

    async def _look(self) -> None:
        self._read_at = self._now()
        try:
            self._known = await self._store.all()
            await self._forget()
        except Unavailable as error:
            logger.warning("breakers cannot be read", reason=str(error))

    async def _forget(self) -> None:
        now = self._now()
        old = [name for name, state in self._known.items() if breaker.is_over(_decoded(state), now)]
        for name in old[:FORGOTTEN]:
            if await self._store.swap(name, self._known[name], b""):
                del self._known[name]

    async def _change(self, name: str, change: Callable[[Breaker], Breaker | None]) -> bool:
        """False where the change is refused."""
        for _ in range(TRIES):
            was = self._known.get(name, b"")
            if not was and len(self._known) >= KEPT:
                return True
            before = _decoded(was)
            after = change(before)
            if after is None:
                return False
            if after == before:
                return True
            becomes = _encoded(after)
            try:
                if await self._store.swap(name, was, becomes):
                    self._known[name] = becomes
                    return True
            except Unavailable as error:
                logger.warning("a breaker cannot be written", name=name, reason=str(error))
                return True
            await self._look()
        return True


def _encoded(state: Breaker) -> bytes:
    kind = next(name for name, each in _KINDS.items() if isinstance(state, each))
    return msgspec.json.encode([kind, msgspec.to_builtins(state)])


def _decoded(data: bytes) -> Breaker:
    if not data:
        return Closed()
    try:
        kind, fields = msgspec.json.decode(data, type=tuple[str, dict[str, float | int]])
        return msgspec.convert(fields, _KINDS[kind])
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError):
        return Closed()  # another version's
