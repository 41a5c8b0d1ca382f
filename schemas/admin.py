"""What administrators see of the instance itself. Used by gateway/routes/admin.py and admin_rooms.py."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

QueueName = Literal["documents", "webhooks", "ai"]


class Component(Struct, frozen=True):
    """One part of the instance, as the gateway that answers finds it."""

    name: str
    status: str  # "ok", or what is wrong


class LiveGateway(Struct, frozen=True):
    """A gateway that gave a sign of life lately."""

    name: str
    url: str  # its WebSocket base
    status: str  # "ok", or what is wrong: a part that it misses, or that it gives no answer
    seen_seconds_ago: int
    connections: int
    documents: int | None  # that it has open; null where it gives no answer
    oldest_unsaved_seconds: float | None  # age of the oldest edit there that is not durable


class LiveWorker(Struct, frozen=True):
    """A worker process that gave a sign of life in the last ten minutes."""

    name: str
    queues: list[str]
    alive: bool
    seen_seconds_ago: int
    started_at: datetime
    running: int  # jobs, as of then
    done: int  # since it started
    failed: int


class WebhookQueue(Struct, frozen=True):
    """Deliveries to webhooks; each is counted to 10,000."""

    due: int  # to be attempted now
    due_seconds: float  # that the longest of them has waited
    later: int  # attempts that have their time
    given_up: int  # in the last day


class Backlog(Struct, frozen=True):
    """Work that waits. All of it is near zero in a healthy instance."""

    unsaved_documents: int  # have records without a snapshot
    snapshot_lag: float  # seconds that the longest of them has waited
    jobs: int  # snapshots and deliveries that no worker has done yet
    untold: int  # happenings that are not in their topic's log yet
    untold_age: float  # seconds of the oldest
    webhooks: WebhookQueue


class InstanceHealth(Struct, frozen=True):
    """`GET /api/admin/health`. Healthy: every part and gateway is ok, and a worker of `documents` lives."""

    healthy: bool
    version: str
    answered_by: str
    components: list[Component]
    gateways: list[LiveGateway]
    workers: list[LiveWorker]
    backlog: Backlog | None  # null while the stores cannot be asked


class RoomAt(Struct, frozen=True):
    """A document in one gateway."""

    gateway: str
    peers: int
    durable: bool  # all that was accepted there is in the log


class LiveRoom(Struct, frozen=True):
    """A document that is open somewhere."""

    document: str
    project_id: UUID
    peers: int  # everywhere
    durable: bool
    gateways: list[RoomAt]


class LiveRooms(Struct, frozen=True):
    """A page of the documents that are open, by name."""

    items: list[LiveRoom]
    next_cursor: str | None
    silent: list[str]  # gateways that gave no answer: what is open there alone is missing


class SentAwayFrom(Struct, frozen=True):
    """How many connections a gateway asked to come back."""

    gateway: str
    connections: int


class Drained(Struct, frozen=True):
    """`POST /api/admin/rooms/{id}/drain`: they are asked over some seconds."""

    connections: int
    gateways: list[SentAwayFrom]
    silent: list[str]  # gateways that gave no answer; whether they heard of it is not known


class JobsQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`GET /api/admin/jobs`: of one queue, or of all; so many of each list."""

    queue: QueueName | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class JobQueue(Struct, frozen=True):
    """Background jobs of one kind of worker. Of queues with more than 1,000 the first 1,000 are told apart."""

    name: QueueName
    queued: int
    running: int
    oldest_seconds: float  # since the one that has waited longest was put there


class Job(Struct, frozen=True):
    """A job in a queue."""

    queue: QueueName
    kind: str
    subject: str  # a document, a delivery, an answer of AI
    state: Literal["queued", "running"]
    queued_at: datetime


class FailedJob(Struct, frozen=True):
    """A job that ended with an error in the last days. What it was for is not lost: it is tried anew."""

    queue: QueueName
    kind: str
    subject: str
    error: str
    worker: str
    at: datetime


class FailingSnapshot(Struct, frozen=True):
    """A document whose log could not be merged into its snapshot, again and again."""

    document: str
    attempts: int
    next_attempt_at: datetime


class Jobs(Struct, frozen=True):
    """`GET /api/admin/jobs`."""

    queues: list[JobQueue]
    jobs: list[Job]  # those queued first leading
    failed: list[FailedJob]  # the latest first
    failing_snapshots: list[FailingSnapshot]


class LimitWindow(Struct, frozen=True):
    """So many requests in so many seconds."""

    count: int
    seconds: int


class AtLimit(Struct, frozen=True):
    """Somebody whom a limit refuses now."""

    limit: str
    who: Literal["user", "address", "account"]
    subject: str  # a user's id, an address (of IPv6 its /64), a hash of the account whose password is guessed
    gateway: str
    refused: int  # times in a row
    at: datetime
    until: datetime


class RateLimits(Struct, frozen=True):
    """`GET /api/admin/rate-limits`: what holds, and who is at it, as the gateways that refused them remember."""

    factor: float  # ATRIUM_RATE_FACTOR; it is in the numbers already
    tiers: dict[str, dict[str, list[LimitWindow]]]  # limit → tier → windows, all of which hold
    addresses: dict[str, list[LimitWindow]]  # limit → windows, for whoever is not signed in
    accounts: dict[str, list[LimitWindow]]  # limit → windows, for attempts at one account
    at_limit: list[AtLimit]  # the last one first
    silent: list[str]  # gateways that gave no answer
