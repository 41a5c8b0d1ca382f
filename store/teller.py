"""The teller: what happened, and was committed, goes into the logs of its topics. At least once, in order per topic.

    happenings not told ──► (lock) ──► topic's log in Redis ──► told
       │                         └──► `access`: published to all gateways, who look again at whom it concerns
       └──► notifications, deliveries to webhooks: rows of the same transaction

Run by every gateway after each operation that may have changed something (gateway/events/nudge.py), and by the workers
for what those left behind. One teller at a time has the lock: two would mix up the order.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from schemas.events import Event, encode_event
from store import keys
from store.deliveries import add_deliveries
from store.errors import StoreUnavailable
from store.event_log import EventLog
from store.happenings import ACCESS
from store.limits import HAPPENING_CHARACTERS, TELL_BATCH, TELL_IDLE_SECONDS, TELL_LOCK_SECONDS, TELL_REDIS_SECONDS
from store.notifications import NOTICED, Notice, add_notification, find_concerned
from store.postgres import Postgres, Queries, Transaction

LOCK: Final = 0x61747269756D  # "atrium"; the one advisory lock beside that of the migrations


@dataclass(frozen=True, slots=True)
class Untold:
    """A happening that nobody was told yet."""

    id: int
    topic: str
    kind: str
    project_id: UUID | None
    file_id: UUID | None
    actor_id: UUID | None
    data: str  # JSON
    at: datetime


async def tell(postgres: Postgres, log: EventLog) -> int:
    """Tell one batch; how many there were (TELL_BATCH: there may be more). Raises StoreUnavailable, having told none
    for certain."""
    if not await is_any_untold(postgres):
        return 0
    async with postgres.connection() as connection, connection.transaction():
        db = Transaction(connection)
        await take_turn(db)
        rows = await untold(db, TELL_BATCH)
        if rows:
            await _make(db, rows)
            await _in_time(_announce(log, rows))
            await mark_told(db, [row.id for row in rows])
        return len(rows)


async def _make(db: Transaction, rows: Sequence[Untold]) -> None:
    """What comes of them in the database: notifications, which are told next, and deliveries to webhooks."""
    for row in rows:
        if row.kind in NOTICED and row.topic != ACCESS:
            data: dict[str, object] = msgspec.json.decode(row.data)
            user = await find_concerned(db, row.topic, row.kind, row.actor_id, data)
            if user is not None:
                notice = Notice(
                    user_id=user,
                    kind=row.kind,
                    actor_id=row.actor_id,
                    project_id=row.project_id,
                    happening_id=row.id,
                    data=data,
                )
                await add_notification(db, notice)
    if ids := [row.id for row in rows if row.project_id is not None]:
        await add_deliveries(db, ids)


async def _in_time(work: Coroutine[Any, Any, None]) -> None:
    # PostgreSQL holds a lock meanwhile.
    try:
        async with asyncio.timeout(TELL_REDIS_SECONDS):
            await work
    except TimeoutError:
        raise StoreUnavailable("Redis", f"no answer within {TELL_REDIS_SECONDS:.0f} s") from None


async def _announce(log: EventLog, rows: Sequence[Untold]) -> None:
    # Who may no longer be here goes first: that is the urgent part.
    await log.publish(keys.GATEWAYS, [access_message(row) for row in rows if row.topic == ACCESS])
    topics: dict[str, list[bytes]] = {}
    for row in rows:
        if row.topic != ACCESS:
            topics.setdefault(row.topic, []).append(record_of(row))
    await log.append_all(list(topics.items()))


def access_message(row: Untold) -> bytes:
    """`{"kind": …, …ids}`."""
    ids: dict[str, object] = msgspec.json.decode(row.data)
    return msgspec.json.encode({"kind": row.kind, **ids})


def record_of(row: Untold) -> bytes:
    """A happening as its topic's log holds it."""
    # What is too large must not hold up what comes after it; the row keeps all of it.
    data = msgspec.Raw(row.data.encode() if len(row.data) <= HAPPENING_CHARACTERS else b'{"too_large":true}')
    return encode_event(Event(row.kind, row.id, row.at, data, row.actor_id, row.file_id))


# Queries


@dataclass(frozen=True, slots=True)
class _Any:
    found: bool


async def is_any_untold(db: Queries) -> bool:
    """Whether there is something to tell."""
    row = await db.row(_Any, "SELECT EXISTS (SELECT 1 FROM happenings WHERE NOT told) AS found")
    return row is not None and row.found


async def take_turn(db: Queries) -> None:
    """Be the only teller until the transaction ends; it ends by itself when this process is frozen."""
    await db.execute(
        """
        SELECT set_config('lock_timeout', %(lock)s, true),
               set_config('idle_in_transaction_session_timeout', %(idle)s, true)
        """,
        {"lock": f"{TELL_LOCK_SECONDS}s", "idle": f"{TELL_IDLE_SECONDS}s"},
    )
    await db.execute("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": LOCK})


async def untold(db: Queries, limit: int) -> list[Untold]:
    """The oldest of what was not told."""
    return await db.rows(
        Untold,
        """
        SELECT id, topic, kind, project_id, file_id, actor_id, data::text AS data, at
        FROM happenings WHERE NOT told ORDER BY id LIMIT %(limit)s
        """,
        {"limit": limit},
    )


async def mark_told(db: Queries, ids: Sequence[int]) -> None:
    """They are in their topics' logs."""
    await db.execute("UPDATE happenings SET told = true WHERE id = ANY(%(ids)s)", {"ids": list(ids)})
