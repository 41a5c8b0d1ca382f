"""The one file that enqueues background jobs. What must not be lost stands elsewhere first: a job only hastens it."""

from uuid import UUID

from arq.connections import ArqRedis, RedisSettings, create_pool

from schemas.documents import DocumentName
from schemas.jobs import DOCUMENT_QUEUE, WEBHOOK_QUEUE, DeliverWebhook, SnapshotDocument, decode_job, encode_job
from store.errors import StoreUnavailable
from store.redis import is_unavailable


class Jobs:
    """Constructing opens nothing."""

    def __init__(self, redis_url: str) -> None:
        self._settings = RedisSettings.from_dsn(redis_url)
        self._pool: ArqRedis | None = None

    async def snapshot(self, document: DocumentName) -> None:
        """Merge this document's log into its snapshot; nothing where that is under way. Raises StoreUnavailable."""
        await self._enqueue(DOCUMENT_QUEUE, SnapshotDocument.KIND, document)

    async def deliver(self, delivery_id: UUID) -> None:
        """Attempt this delivery; nothing where that is under way. Raises StoreUnavailable."""
        await self._enqueue(WEBHOOK_QUEUE, DeliverWebhook.KIND, str(delivery_id))

    async def close(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            await self._pool.aclose()

    async def _enqueue(self, queue: str, kind: str, argument: str) -> None:
        try:
            if self._pool is None:
                self._pool = await create_pool(self._settings, job_serializer=encode_job, job_deserializer=decode_job)
            await self._pool.enqueue_job(
                kind, argument, _job_id=f"{kind}:{argument}", _queue_name=queue, _expires=JOB_EXPIRES
            )
        except Exception as error:
            if not is_unavailable(error):
                raise
            raise StoreUnavailable("Redis", f"{type(error).__name__}: {error}") from None


JOB_EXPIRES = 60
"""Seconds after which a job that no worker took is forgotten; the next sweep enqueues it again."""
