"""The one file that enqueues background jobs. What must not be lost stands elsewhere first: a job only hastens it."""

from arq.connections import ArqRedis, RedisSettings, create_pool

from schemas.documents import DocumentName
from schemas.jobs import DOCUMENT_QUEUE, SnapshotDocument, decode_job, encode_job
from store.errors import StoreUnavailable
from store.redis import is_unavailable


class Jobs:
    """Constructing opens nothing."""

    def __init__(self, redis_url: str) -> None:
        self._settings = RedisSettings.from_dsn(redis_url)
        self._pool: ArqRedis | None = None

    async def snapshot(self, document: DocumentName) -> None:
        """Merge this document's log into its snapshot; nothing where that is under way. Raises StoreUnavailable."""
        try:
            if self._pool is None:
                self._pool = await create_pool(
                    self._settings,
                    job_serializer=encode_job,
                    job_deserializer=decode_job,
                    default_queue_name=DOCUMENT_QUEUE,
                )
            await self._pool.enqueue_job(
                SnapshotDocument.KIND, document, _job_id=f"{SnapshotDocument.KIND}:{document}", _expires=JOB_EXPIRES
            )
        except Exception as error:
            if not is_unavailable(error):
                raise
            raise StoreUnavailable("Redis", f"{type(error).__name__}: {error}") from None

    async def close(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            await self._pool.aclose()


JOB_EXPIRES = 60
"""Seconds after which a job that no worker took is forgotten; the next sweep enqueues it again."""
