"""A worker's sign of life, with how many jobs it did, and the jobs of it that failed. Used by __main__.py.

Administrators see both (gateway/routes/admin.py); nothing depends on them.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog

from schemas.unavailable import Unavailable
from store.limits import WORKER_HEARTBEAT
from store.worker_registry import FailedJob, WorkerRegistry, WorkerSign

logger = structlog.get_logger("workers")
Job = Callable[..., Awaitable[None]]


class Alive:
    """One per worker process; `run` is its task."""

    def __init__(self, registry: WorkerRegistry, name: str, queues: Sequence[str]) -> None:
        self._registry = registry
        self._name = name
        self._queues = tuple(queues)
        self._id = f"{name}-{os.urandom(8).hex()}"
        self._started_at = time.time()
        self._running = self._done = self._failed = 0

    def counted(self, queue: str, kind: str, job: Job) -> Job:
        """The job, counted; where it fails, that is noted with its first argument."""

        async def run(context: dict[Any, Any], *args: Any) -> None:
            self._running += 1
            try:
                await job(context, *args)
                self._done += 1
            except Exception as error:
                self._failed += 1
                await self._note(queue, kind, str(args[0]) if args else "", error)
                raise
            finally:
                self._running -= 1

        return run

    async def run(self) -> None:
        """Give a sign of life for ever; cancel to stop."""
        while True:
            try:
                await self._registry.renew(self._sign())
            except Unavailable as error:
                logger.warning("no sign of life", reason=str(error))
            await asyncio.sleep(WORKER_HEARTBEAT)

    async def leave(self) -> None:
        """This worker stops on purpose; best effort."""
        try:
            await self._registry.leave(self._id)
        except Unavailable as error:
            logger.info("could not leave the registry", reason=str(error))

    def _sign(self) -> WorkerSign:
        return WorkerSign(self._id, self._name, self._queues, self._started_at, self._running, self._done, self._failed)

    async def _note(self, queue: str, kind: str, subject: str, error: Exception) -> None:
        try:
            failed = FailedJob(queue, kind, subject, type(error).__name__, self._name, time.time())
            await self._registry.note_failed(failed)
        except Unavailable as away:
            logger.info("could not note a failed job", kind=kind, reason=str(away))
