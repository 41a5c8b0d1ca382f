"""Job: one attempt at a delivery to a webhook.

Enqueued by `enqueue_due` every second for what is due in PostgreSQL (store/deliveries.py). Safe to repeat and to run
twice at once: an attempt begins by claiming the delivery. A receiver may get a message twice, with one `webhook-id`.

    claim ──► sign ──► POST ──► 2xx: delivered    410: the endpoint is disabled
                            └─► else: again by SCHEDULE, at last failed; an endpoint that fails for days is disabled
"""

import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import httpx
import msgspec
import structlog

from schemas.outbound import Outbound, UnsafeUrl
from schemas.webhooks import Delivered
from store import deliveries
from store.deliveries import Claimed
from store.limits import HAPPENING_CHARACTERS
from store.notifications import Notice, add_notification
from store.postgres import Postgres, Transaction
from store.sealed import Seal, Unsealable
from workers.signing import sign

logger = structlog.get_logger("workers")
HOUR: Final = 3600.0
SCHEDULE: Final = (5.0, 300.0, 0.5 * HOUR, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
"""Seconds from each failed attempt to the next: three days and three hours in all (Standard Webhooks' own)."""
JITTER: Final = 0.1
"""Of each pause, so that what failed together does not come back together."""
RETRY_AFTER_MAX: Final = 24 * HOUR
"""The longest pause that a receiver may ask for."""
FAILING_SECONDS: Final = 5 * 24 * HOUR
"""Without any success, after which an endpoint is disabled: longer than a weekend and the whole SCHEDULE."""
BATCH: Final = 200
"""Deliveries that are enqueued in one round."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """2xx."""

    status: int
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Anything else."""

    error: str
    status: int | None = None
    milliseconds: int | None = None
    retry_after: float = 0.0
    is_gone: bool = False
    """The receiver wants no more of it: 410."""


async def enqueue_due(postgres: Postgres, enqueue: Callable[[UUID], Awaitable[None]]) -> int:
    """Make jobs of what is due; how many."""
    due = await deliveries.due(postgres, BATCH)
    for delivery_id in due:
        await enqueue(delivery_id)
    return len(due)


async def deliver_webhook(
    postgres: Postgres,
    client: httpx.AsyncClient,
    policy: Outbound,
    seal: Seal,
    delivery_id: UUID,
    schedule: Sequence[float] = SCHEDULE,
) -> None:
    """Returns when the attempt's outcome is recorded. Raises Unavailable."""
    claimed = await deliveries.claim(postgres, delivery_id)
    if claimed is None:
        return
    if not claimed.is_allowed:
        await _give_up(postgres, claimed, "its owner is no longer an admin of the project, or it was disabled")
        return
    outcome = await attempt(client, policy, seal, claimed)
    logger.info("webhook", delivery=str(claimed.id), attempt=claimed.attempts, outcome=type(outcome).__name__)
    if isinstance(outcome, Arrived):
        await postgres.transact(lambda tx: deliveries.note_delivered(tx, claimed, outcome.status, outcome.milliseconds))
    else:
        await _note_failed(postgres, claimed, outcome, schedule)


async def attempt(client: httpx.AsyncClient, policy: Outbound, seal: Seal, claimed: Claimed) -> Arrived | Failed:
    """One POST. Nothing of the answer is read but its head, and nothing of it is kept but its status."""
    try:
        policy.check(claimed.url)
        headers, body = message(seal, claimed)
    except (UnsafeUrl, Unsealable) as error:
        return Failed(str(error))
    begun = time.perf_counter()
    try:
        async with client.stream("POST", claimed.url, content=body, headers=headers) as response:
            milliseconds = int((time.perf_counter() - begun) * 1000)
            if response.is_success:
                return Arrived(response.status_code, milliseconds)
            return Failed(
                f"the endpoint answered {response.status_code}",
                response.status_code,
                milliseconds,
                retry_after(response.headers.get("Retry-After", "")),
                is_gone=response.status_code == 410,
            )
    except httpx.TimeoutException:
        return Failed("no answer in time")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Failed(reason(error))


def message(seal: Seal, claimed: Claimed) -> tuple[dict[str, str], bytes]:
    """Headers and body; the same body and id at every attempt. Raises Unsealable."""
    data = claimed.data or "{}"
    body = msgspec.json.encode(
        Delivered(
            type=claimed.kind,
            timestamp=claimed.at,
            data=msgspec.Raw(data.encode() if len(data) <= HAPPENING_CHARACTERS else b'{"too_large":true}'),
            id=claimed.happening_id,
            project_id=claimed.project_id,
            actor_id=claimed.actor_id,
            file_id=claimed.file_id,
        )
    )
    sealed = [claimed.secret, *([claimed.old_secret] if claimed.old_secret else [])]
    secrets = [seal.open(each, claimed.endpoint_id.bytes).decode() for each in sealed]
    headers = sign(secrets, f"msg_{claimed.id.hex}", int(time.time()), body)
    return headers | {"Content-Type": "application/json", "User-Agent": "Atrium-Webhooks/1"}, body


def pause(attempts: int, schedule: Sequence[float], retry_after: float, chance: float) -> float | None:
    """Seconds until the next attempt after so many failed ones, None for never. `chance` is from 0 to 1."""
    if attempts > len(schedule):
        return None
    planned = schedule[attempts - 1] * (1 + JITTER * (2 * chance - 1))
    return max(planned, min(retry_after, RETRY_AFTER_MAX))


def retry_after(header: str) -> float:
    """Seconds; 0 where it is missing, a date, or nonsense."""
    return float(header) if header.isascii() and header.isdecimal() and len(header) < 10 else 0.0


def reason(error: Exception) -> str:
    """Why no answer came, in words that are safe to show to the endpoint's owner: nothing that was received."""
    ours = str(error)
    if ours.startswith("the name "):  # workers/outbound.py
        return ours
    return {"ConnectError": "no connection", "RemoteProtocolError": "the answer is not HTTP"}.get(
        type(error).__name__, "the connection broke off"
    )


async def _note_failed(postgres: Postgres, claimed: Claimed, failed: Failed, schedule: Sequence[float]) -> None:
    again = None if failed.is_gone else pause(claimed.attempts, schedule, failed.retry_after, random.random())
    why = "the endpoint answered 410: it is gone" if failed.is_gone else ""
    if claimed.failing_seconds > FAILING_SECONDS:
        why = f"it failed for {FAILING_SECONDS / 24 / HOUR:.0f} days without a success"

    async def work(tx: Transaction) -> None:
        await deliveries.note_failed(
            tx,
            claimed,
            response_status=failed.status,
            error=failed.error,
            milliseconds=failed.milliseconds,
            again_in=again,
        )
        if why and await deliveries.disable_endpoint(tx, claimed.endpoint_id, why):
            data = {"webhook_id": claimed.endpoint_id, "reason": why}
            await add_notification(tx, Notice(user_id=claimed.owner_id, kind="webhook.disabled", data=data))

    await postgres.transact(work)


async def _give_up(postgres: Postgres, claimed: Claimed, why: str) -> None:
    await postgres.transact(
        lambda tx: deliveries.note_failed(
            tx,
            claimed,
            response_status=None,
            error=why,
            milliseconds=None,
            again_in=None,
            endpoint_fails=False,
        )
    )
