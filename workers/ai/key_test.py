"""Tests keys of users, for gateways that cannot open them. Part of the AI worker.

gateway ──► line (store/key_tests.py) ──► open the key ──► one small request to its provider ──► verdict ──► gateway
"""

import asyncio
from collections.abc import Callable
from typing import Final

import httpx
import structlog

from ai_router.formats.port import Sending
from schemas.unavailable import Unavailable
from store import user_keys
from store.key_tests import AskedTest, KeyTests, answer_test
from store.postgres import Postgres
from store.redis import Redis
from workers.ai.key_ring import KeyRing, Unopenable
from workers.ai.provider import Upstream, is_good

logger = structlog.get_logger("workers.ai")
AT_ONCE: Final = 20
"""Tests of one worker: they wait for providers. Others wait in the line."""
PROVIDER_SECONDS: Final = 8.0
RETRY_SECONDS: Final = 1.0

FindUpstream = Callable[[str, str], Upstream | None]
"""A provider's name and a key; None where it is not known here."""


class KeyTester:
    """One per AI worker."""

    def __init__(
        self,
        postgres: Postgres,
        redis: Redis,
        redis_url: str,
        ring: KeyRing,
        client: httpx.AsyncClient,
        upstream: FindUpstream,
    ) -> None:
        self._postgres = postgres
        self._redis = redis
        self._line = KeyTests(redis_url)
        self._ring = ring
        self._client = client
        self._upstream = upstream
        self._room = asyncio.Semaphore(AT_ONCE)
        self._testing: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Test for ever; cancel to stop."""
        try:
            while True:
                await self._room.acquire()
                try:
                    asked = await self._line.next()
                except Unavailable as error:
                    logger.warning("keys cannot be tested", reason=str(error))
                    await asyncio.sleep(RETRY_SECONDS)
                    asked = None
                if asked is None or asked.is_old:
                    self._room.release()
                    continue
                task = asyncio.create_task(self._answer(asked))
                self._testing.add(task)
                task.add_done_callback(self._ended)
        finally:
            for task in self._testing:
                task.cancel()
            await self._line.close()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._testing.discard(task)
        self._room.release()
        if not task.cancelled() and task.exception() is not None:
            logger.error("testing a key failed", exc_info=task.exception())

    async def _answer(self, asked: AskedTest) -> None:
        row = await user_keys.find_sealed(self._postgres, asked.key)
        if row is None:
            await answer_test(self._redis, asked.test, "not-found")
            return
        try:
            upstream = self._upstream(row.provider, self._ring.open(row))
        except Unopenable as error:
            logger.warning("a user's key does not open", key=str(row.id), ring_key=row.ring_key, reason=str(error))
            verdict = "unopenable"
        else:
            verdict = "not-found"
            if upstream is not None:
                sending = proof(row.provider, upstream)
                verdict = await is_good(self._client, upstream, sending, PROVIDER_SECONDS)
        await user_keys.note_verdict(self._postgres, row.id, verdict)
        await answer_test(self._redis, asked.test, verdict)


def proof(provider: str, upstream: Upstream) -> Sending:
    """A request that costs nothing and needs a good key."""
    if provider == "openrouter":
        # Its list of models is for everybody; this says what the key itself may do.
        headers = {"authorization": f"Bearer {upstream.key}"}
        return Sending("GET", f"{upstream.base_url.rstrip('/')}/key", headers)
    return upstream.format.list_models(upstream.base_url, upstream.key, "")
