"""`python -m workers [documents|ai]`: one arq worker on one queue, until SIGTERM. The wiring file of this process."""

import asyncio
import os
import random
import signal
import sys
from typing import Any, cast
from uuid import UUID

import httpx
import structlog
import uvloop
from arq.connections import RedisSettings
from arq.typing import WorkerCoroutine
from arq.worker import Function, Worker, func

from rooms.stack import deepen
from schemas.documents import DocumentName
from schemas.jobs import (
    AI_QUEUE,
    DOCUMENT_QUEUE,
    WEBHOOK_QUEUE,
    DeliverWebhook,
    SnapshotDocument,
    decode_job,
    encode_job,
)
from schemas.unavailable import Unavailable
from store.document_log import DocumentLog
from store.event_log import EventLog
from store.lane import Lane
from store.limits import CLAIM_SECONDS
from store.postgres import Postgres, open_pool
from store.redis import connect, is_unavailable
from store.sealed import WEBHOOK_SECRETS, Seal
from store.teller import tell
from store.worker_registry import WorkerRegistry
from workers.ai.wiring import answer_streams
from workers.alive import Alive
from workers.chores import chores, keep_doing, retention
from workers.deliver_webhook import deliver_webhook, enqueue_due
from workers.jobs import Jobs
from workers.logs import configure_logs
from workers.outbound import open_client
from workers.settings import Settings, SettingsError, read_settings
from workers.snapshot_document import try_snapshot
from workers.sweep import sweep

logger = structlog.get_logger("workers")
JOB_SECONDS = 120
"""Longest run of one job; after that it counts as lost and the sweep takes over."""
JOBS_AT_ONCE = 4
"""Merging is CPU work in one process: more at once would only take more memory."""
DELIVERIES_AT_ONCE = 32
"""They mostly wait; at most CLAIMS_PER_ENDPOINT for the same receiver."""
SWEEP_SECONDS = 1.0
TELL_SECONDS = 1.0
RESTART_SECONDS = 1.0


def document_jobs(postgres: Postgres, log: DocumentLog, alive: Alive) -> list[Function]:
    """The jobs of the queue `documents`."""

    async def run_snapshot(context: dict[Any, Any], *args: Any) -> None:
        await try_snapshot(postgres, log, DocumentName(args[0]))

    return [
        func(
            cast(WorkerCoroutine, alive.counted(DOCUMENT_QUEUE, SnapshotDocument.KIND, run_snapshot)),
            name=SnapshotDocument.KIND,
            keep_result=0,
            timeout=JOB_SECONDS,
            max_tries=3,
        )
    ]


def webhook_jobs(postgres: Postgres, client: httpx.AsyncClient, settings: Settings, alive: Alive) -> list[Function]:
    """The jobs of the queue `webhooks`."""
    seal = Seal(settings.secret, WEBHOOK_SECRETS)

    async def run_delivery(context: dict[Any, Any], *args: Any) -> None:
        await deliver_webhook(postgres, client, settings.outbound, seal, UUID(args[0]))

    return [
        func(
            cast(WorkerCoroutine, alive.counted(WEBHOOK_QUEUE, DeliverWebhook.KIND, run_delivery)),
            name=DeliverWebhook.KIND,
            keep_result=0,
            timeout=CLAIM_SECONDS,
            max_tries=1,
        )
    ]


async def work(settings: Settings, queue: str, jobs: list[Function], at_once: int = JOBS_AT_ONCE) -> None:
    """Work on one queue for ever; Redis may go away and come back."""
    while True:
        worker = Worker(
            jobs,
            queue_name=queue,
            redis_settings=RedisSettings.from_dsn(settings.redis_url),
            job_serializer=encode_job,
            job_deserializer=decode_job,
            handle_signals=False,
            max_jobs=at_once,
            log_results=False,
        )
        try:
            await worker.async_run()
        except Exception as error:
            if not is_unavailable(error):
                raise
            logger.warning("queue interrupted", reason=type(error).__name__)
            await asyncio.sleep(RESTART_SECONDS)
        finally:
            await close(worker)


async def close(worker: Worker) -> None:
    """End a worker's jobs and connections, also while Redis is away: arq wants to say good-bye to it first."""
    try:
        await worker.close()
    except Exception as error:
        if not is_unavailable(error):
            raise
        await worker.pool.aclose(close_connection_pool=True)


async def keep_sweeping(settings: Settings, postgres: Postgres, log: DocumentLog) -> None:
    """The sweep, for ever, at times that differ between workers."""
    jobs = Jobs(settings.redis_url)
    try:
        while True:
            await asyncio.sleep(SWEEP_SECONDS * random.uniform(0.8, 1.2))
            try:
                await sweep(postgres, log, jobs.snapshot, settings.park_after)
            except Unavailable as error:
                logger.warning("sweep postponed", reason=str(error))
    finally:
        await jobs.close()


async def keep_enqueuing(settings: Settings, postgres: Postgres) -> None:
    """Make jobs of the deliveries that are due, for ever."""
    jobs = Jobs(settings.redis_url)
    try:
        while True:
            await asyncio.sleep(SWEEP_SECONDS * random.uniform(0.8, 1.2))
            try:
                await enqueue_due(postgres, jobs.deliver)
            except Unavailable as error:
                logger.warning("webhooks postponed", reason=str(error))
    finally:
        await jobs.close()


async def keep_telling(postgres: Postgres, events: EventLog) -> None:
    """Tell what a gateway left untold, for ever: one that was killed before it could, or had no Redis."""
    while True:
        await asyncio.sleep(TELL_SECONDS * random.uniform(0.8, 1.2))
        try:
            while await tell(postgres, events):
                pass
        except Unavailable as error:
            logger.warning("telling postponed", reason=str(error))


async def serve(settings: Settings, queue: str) -> None:
    """Work until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_pool(settings.database_url) as postgres:
        redis = connect(settings.redis_url)
        commits = Lane(settings.redis_url, "append")
        log = DocumentLog(redis, commits, os.urandom(8), follows=False)
        client = open_client(settings.outbound)
        alive = Alive(
            WorkerRegistry(redis), settings.name, [queue, WEBHOOK_QUEUE] if queue == DOCUMENT_QUEUE else [queue]
        )
        tasks: set[asyncio.Task[Any]] = {
            asyncio.create_task(stop.wait(), name="stop"),
            asyncio.create_task(alive.run(), name="sign of life"),
        }
        if queue == DOCUMENT_QUEUE:
            tasks.add(asyncio.create_task(work(settings, queue, document_jobs(postgres, log, alive)), name="queue"))
            tasks.add(asyncio.create_task(keep_sweeping(settings, postgres, log), name="sweep"))
            tasks.add(asyncio.create_task(keep_telling(postgres, EventLog(redis)), name="telling"))
            deliver = work(settings, WEBHOOK_QUEUE, webhook_jobs(postgres, client, settings, alive), DELIVERIES_AT_ONCE)
            tasks.add(asyncio.create_task(deliver, name="webhooks"))
            tasks.add(asyncio.create_task(keep_enqueuing(settings, postgres), name="due webhooks"))
            chores_of_all = [*chores(postgres, log), *retention(postgres, settings)]
            tasks |= {asyncio.create_task(keep_doing(chore), name=chore.name) for chore in chores_of_all}
        if queue == AI_QUEUE:
            tasks.add(asyncio.create_task(answer_streams(settings, postgres, redis, log), name="answers"))
        logger.info("working", queue=queue)
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks - done:
            task.cancel()
        await asyncio.gather(*tasks - done, return_exceptions=True)
        await alive.leave()
        await client.aclose()
        await commits.close()
        await redis.aclose()
        for task in done:
            task.result()
    logger.info("stopped")


def main() -> int:
    """Read the settings, then work."""
    queues = {"documents": DOCUMENT_QUEUE, "ai": AI_QUEUE}
    name = sys.argv[1] if len(sys.argv) > 1 else "documents"
    try:
        settings = read_settings(os.environ)
        if name not in queues:
            raise SettingsError(f"usage: python -m workers [{'|'.join(queues)}]")
    except SettingsError as error:
        sys.stderr.write(f"worker: {error}\n")
        return 2
    configure_logs(settings.log_level, settings.name)
    deepen()
    uvloop.run(serve(settings, queues[name]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
