"""`/api/admin/…` for the instance itself: how its parts are, what waits, whom limits refuse. Rooms: admin_rooms.py."""

from datetime import UTC, datetime
from typing import Final

from gateway.operations import Call
from gateway.parts import LIVE
from gateway.rates import Windows
from gateway.sockets.roll_call import Answers
from schemas import admin as bodies
from schemas import questions as q
from schemas.about import VERSION
from schemas.jobs import AI_QUEUE, DOCUMENT_QUEUE, WEBHOOK_QUEUE
from schemas.unavailable import Unavailable
from store import backlog
from store.limits import WORKER_TTL
from store.registry import Registry, Seen
from store.worker_registry import ListedWorker, WorkerRegistry

QUEUES: Final[dict[bodies.QueueName, str]] = {
    "documents": DOCUMENT_QUEUE,
    "webhooks": WEBHOOK_QUEUE,
    "ai": AI_QUEUE,
}
FAILING_FROM: Final = 3
"""Attempts at a snapshot, of which two came to no end; the same as in atrium_failing_documents."""
NOBODY: Final[Answers[q.Refusals]] = Answers({}, [])
NO_ANSWER: Final = "no answer"


async def show_health(call: Call) -> bodies.InstanceHealth:
    """Ask every part of the instance how it is: stores, gateways, workers, and what waits."""
    parts = call.parts
    report = await parts.health.report()
    gateways: list[bodies.LiveGateway] = []
    workers: list[bodies.LiveWorker] = []
    waiting = None
    try:
        gateways = await _gateways(call)
        workers = [_worker(worker) for worker in await WorkerRegistry(parts.redis).listed()]
        waiting = await _backlog(call)
    except Unavailable:
        pass  # the checks above name what is away
    # Without this one nothing reaches PostgreSQL; others may be left out where what they do is not wanted.
    saved = any(worker.alive and "documents" in worker.queues for worker in workers)
    sound = saved and all(gateway.status == "ok" for gateway in gateways)
    return bodies.InstanceHealth(
        healthy=report.ready and waiting is not None and sound,
        version=VERSION,
        answered_by=parts.settings.name,
        components=[bodies.Component(name, status) for name, status in report.checks.items()],
        gateways=gateways,
        workers=workers,
        backlog=waiting,
    )


async def list_jobs(call: Call) -> bodies.Jobs:
    """List background jobs: those that wait or run, and those that failed lately."""
    redis, limit = call.parts.redis, call.query.limit
    queues: list[bodies.JobQueue] = []
    jobs: list[bodies.Job] = []
    for name, key in QUEUES.items():
        if call.query.queue in (None, name):
            queued = await (backlog.answers(call.parts.postgres) if name == "ai" else backlog.jobs(redis, key))
            queues.append(_queue(name, queued))
            jobs += [_job(name, job) for job in queued.jobs[:limit]]
    jobs.sort(key=lambda job: job.queued_at)
    names = {key: name for name, key in QUEUES.items()}
    failed = [
        bodies.FailedJob(names[job.queue], job.kind, job.subject, job.error, job.worker, _moment(job.at))
        for job in await WorkerRegistry(redis).failed()
        if job.queue in names and call.query.queue in (None, names[job.queue])
    ]
    failing = await backlog.failing_documents(redis, FAILING_FROM, limit) if call.query.queue != "webhooks" else []
    return bodies.Jobs(
        queues=queues,
        jobs=jobs[:limit],
        failed=failed[:limit],
        failing_snapshots=[
            bodies.FailingSnapshot(each.document, each.attempts, _moment(each.next_at)) for each in failing
        ],
    )


async def show_rate_limits(call: Call) -> bodies.RateLimits:
    """Say which rate limits hold, and whom they refuse now."""
    rates = call.parts.rates
    live = call.request.app.get(LIVE)
    said = await live.roll_call.ask(q.WhoWasRefused(), q.Refusals) if live is not None else NOBODY
    at_limit = [
        bodies.AtLimit(
            limit=each.limit,
            who=each.who,
            subject=each.subject,
            gateway=gateway,
            refused=each.times,
            at=_moment(each.at),
            until=_moment(each.until),
        )
        for gateway, refusals in said.by.items()
        for each in refusals.refusals
    ]
    tiers, addresses, accounts = rates.stated()
    return bodies.RateLimits(
        factor=call.parts.settings.rate_factor,
        tiers={limit: {str(tier): _windows(each) for tier, each in by.items()} for limit, by in tiers.items()},
        addresses={limit: _windows(windows) for limit, windows in addresses.items()},
        accounts={limit: _windows(windows) for limit, windows in accounts.items()},
        at_limit=sorted(at_limit, key=lambda each: each.at, reverse=True),
        silent=said.silent,
    )


async def _gateways(call: Call) -> list[bodies.LiveGateway]:
    listed = await Registry(call.parts.redis).seen()
    live = call.request.app.get(LIVE)
    said = (await live.roll_call.ask(q.HowAreYou(), q.Condition)).by if live is not None else {}
    return [_gateway(seen, said.get(seen.gateway.id)) for seen in sorted(listed, key=lambda seen: seen.gateway.id)]


def _gateway(seen: Seen, condition: q.Condition | None) -> bodies.LiveGateway:
    gateway = seen.gateway
    wrong = [f"{name}: {status}" for name, status in condition.checks.items() if status != "ok"] if condition else []
    return bodies.LiveGateway(
        name=gateway.id,
        url=gateway.url,
        status=NO_ANSWER if condition is None else "; ".join(wrong) or "ok",
        seen_seconds_ago=seen.seconds_ago,
        connections=gateway.connections if condition is None else condition.connections,
        documents=None if condition is None else condition.documents,
        oldest_unsaved_seconds=None if condition is None else condition.oldest_unsaved_seconds,
    )


def _worker(worker: ListedWorker) -> bodies.LiveWorker:
    names = {key: str(name) for name, key in QUEUES.items()}
    return bodies.LiveWorker(
        name=worker.sign.name,
        queues=[names.get(queue, queue) for queue in worker.sign.queues],
        alive=worker.seconds_ago <= WORKER_TTL,
        seen_seconds_ago=worker.seconds_ago,
        started_at=_moment(worker.sign.started_at),
        running=worker.sign.running,
        done=worker.sign.done,
        failed=worker.sign.failed,
    )


async def _backlog(call: Call) -> bodies.Backlog:
    parts = call.parts
    untold = await backlog.untold(parts.postgres)
    deliveries = await backlog.deliveries(parts.postgres)
    live = call.request.app.get(LIVE)
    return bodies.Backlog(
        unsaved_documents=live.heart.dirty if live is not None else 0,
        snapshot_lag=live.heart.snapshot_lag if live is not None else 0.0,
        jobs=sum([await backlog.waiting_jobs(parts.redis, queue) for queue in (DOCUMENT_QUEUE, WEBHOOK_QUEUE)]),
        untold=untold.count,
        untold_age=untold.age,
        webhooks=bodies.WebhookQueue(deliveries.due, deliveries.due_seconds, deliveries.later, deliveries.given_up),
    )


def _queue(name: bodies.QueueName, queued: backlog.QueuedJobs) -> bodies.JobQueue:
    running = sum(job.is_running for job in queued.jobs)
    waiting = [job.at for job in queued.jobs if not job.is_running]
    return bodies.JobQueue(
        name, queued.count - running, running, backlog.seconds_since(min(waiting)) if waiting else 0.0
    )


def _job(queue: bodies.QueueName, job: backlog.WaitingJob) -> bodies.Job:
    kind, _, subject = job.id.partition(":")
    return bodies.Job(queue, kind, subject, "running" if job.is_running else "queued", _moment(job.at))


def _windows(windows: Windows) -> list[bodies.LimitWindow]:
    return [bodies.LimitWindow(window.count, window.seconds) for window in windows]


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
