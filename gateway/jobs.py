"""The one file that enqueues background jobs. What must not be lost stands elsewhere first: a job only hastens it."""

import asyncio

import structlog
from arq.connections import ArqRedis, RedisSettings, create_pool

from schemas.jobs import DOCUMENT_QUEUE, SnapshotDocument, decode_job, encode_job
from store.redis import is_unavailable

logger = structlog.get_logger("gateway.jobs")
SNAPSHOT_DELAY = 3.0
"""Seconds from a document's first edit since its snapshot to the next one: many edits, one snapshot."""


class Jobs:
    """Enqueues from synchronous code; constructing opens nothing."""

    def __init__(self, redis_url: str) -> None:
        self._settings = RedisSettings.from_dsn(redis_url)
        self._pool: ArqRedis | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def snapshot(self, document: str) -> None:
        """A document has records that its snapshot lacks. If the job is lost, the workers' sweep finds the document."""
        task = asyncio.create_task(self._enqueue(SnapshotDocument(document)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            await self._pool.aclose()

    async def _enqueue(self, job: SnapshotDocument) -> None:
        try:
            if self._pool is None:
                self._pool = await create_pool(
                    self._settings,
                    job_serializer=encode_job,
                    job_deserializer=decode_job,
                    default_queue_name=DOCUMENT_QUEUE,
                )
            await self._pool.enqueue_job(job.KIND, job.document, _defer_by=SNAPSHOT_DELAY)
        except Exception as error:
            if not is_unavailable(error):
                raise
            logger.warning("job not enqueued", kind=job.KIND, document=job.document, reason=type(error).__name__)
