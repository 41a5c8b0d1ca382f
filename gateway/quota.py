"""Who may ask a model, and how much of it: everything that answers cost is set aside before they are asked for.

    stream's row ──► in the same transaction: the user's turn ──► what is taken today, and held ──► hold, or OverQuota
    worker, when the stream ends ──► the hold goes, the line of what it took comes (workers/ai/settle.py)

Exact over all gateways, since everybody who asks in one user's name waits for the row of that user. How often somebody
may ask in a minute is counted apart, with all other rates (rates.py, limit `ai`).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, cast
from uuid import UUID

import msgspec

from ai_router.allowances import (
    ADMIN_BUDGET,
    ALLOWANCES,
    OWN_BUDGET,
    STREAM_WAIT,
    Allowance,
    Over,
    Taken,
    over,
    until_midnight,
)
from ai_router.categories.classify import category_of_talk
from ai_router.charges import AUTO, Wanted, wanted
from ai_router.cost import NANO
from gateway.parts import Parts
from schemas.accounts import Tier
from schemas.streams import Asked
from store import ai_holds, streams
from store.ai_holds import Hold
from store.postgres import Queries, together
from store.streams import StreamRow

WORDS: Final[Mapping[str, str]] = {
    "requests": "an account of this tier asks models at most {most} times a day",
    "tokens": "an account of this tier has {most:,} tokens of the server's models a day",
    "cost": "an account of this tier has ${usd} of the server's models a day",
    "streams": "an account of this tier has at most {most} answers at once",
    OWN_BUDGET: "you gave yourself ${usd} of the server's models a day",
    ADMIN_BUDGET: "an administrator gave you ${usd} of the server's models a day",
    "project": "the project has ${usd} of the server's models a day",
}

ABUSE: Final = frozenset({"requests", "streams"})
"""Limits that own keys do not pass."""


class OverQuota(Exception):
    """No more answers for now; worth another try after `retry_after` seconds."""

    def __init__(self, limit: str, most: int, retry_after: float) -> None:
        self.retry_after = math.ceil(retry_after)
        usd = f"{most / NANO:.2f}" if most % (NANO // 100) == 0 else f"{most / NANO:.9f}".rstrip("0")
        wait = f"wait {self.retry_after} s"
        if retry_after > STREAM_WAIT:
            wait = f"a new day begins at midnight UTC, in {self.retry_after} s"
        super().__init__(f"{WORDS[limit].format(most=most, usd=usd)}; {wait}")
        self.limit = limit


@dataclass(frozen=True, slots=True)
class NewStream:
    """A stream that is about to be."""

    id: UUID
    user_id: UUID
    project_id: UUID | None
    request_id: str | None
    asked: Asked
    log_begin: int


async def add_stream(db: Queries, parts: Parts, new: NewStream) -> StreamRow | None:
    """Its row, and what it may cost set aside, in the caller's transaction. None where this request has one already,
    which costs nothing again. Raises OverQuota."""
    asked = msgspec.json.encode(_stored(new.asked)).decode()
    tier: str | None
    row: StreamRow | None
    taken: ai_holds.TakenRow
    tier, row, taken = await together(
        ai_holds.lock_user(db, new.user_id),
        streams.add_stream(db, new.id, new.user_id, new.project_id, new.request_id, asked, new.log_begin),
        ai_holds.taken(db, new.user_id),
    )
    if row is not None:
        await _set_aside(db, parts, cast(Tier, tier or "guest"), new, taken)  # by its CHECK
    return row


def _stored(asked: Asked) -> Asked:
    """What is said in a chat stands there once, and not again with each question."""
    if asked.message is None:
        return asked
    return msgspec.structs.replace(asked, turns=(), category=category_of_talk(asked.turns))


async def _set_aside(db: Queries, parts: Parts, tier: Tier, new: NewStream, row: ai_holds.TakenRow) -> None:
    now = datetime.now(UTC)
    own, asked = frozenset(row.own_providers), new.asked
    want = wanted(asked.turns, asked.model, asked.max_tokens, tier, parts.models.catalogue, own, now.date())
    allowance = allowed(tier, parts.settings.rate_factor).within(row.own_budget, row.admin_budget)
    found = _over(allowance, row, want, now)
    if found is not None and found.limit not in ABUSE and own and asked.model == AUTO:
        want = replace(want, least=0, most=0, own_key=True)
        found = _over(allowance, row, want, now)
    if found is not None:
        raise OverQuota(found.limit, found.most, found.retry_after)
    left = allowance.nano_usd_per_day - row.nano_usd - row.held_nano_usd
    if new.project_id is not None and not want.own_key:
        left = min(left, await _left_of_project(db, new.project_id, want.least, now))
    await ai_holds.hold(
        db,
        Hold(
            stream_id=new.id,
            user_id=new.user_id,
            project_id=new.project_id,
            own_key=want.own_key,
            input=want.input,
            tokens=want.tokens,
            nano_usd=max(min(want.most, left), 0),
        ),
    )


def allowed(tier: Tier, factor: float) -> Allowance:
    """A tier's allowance; `factor` is ATRIUM_RATE_FACTOR, which multiplies what guards against abuse, not money."""
    mine = ALLOWANCES[tier]
    return replace(
        mine,
        requests_per_day=max(1, int(mine.requests_per_day * factor)),
        streams=max(1, int(mine.streams * factor)),
    )


def _over(allowance: Allowance, row: ai_holds.TakenRow, want: Wanted, now: datetime) -> Over | None:
    with_holds = Taken(row.requests, row.tokens + row.held_tokens, row.nano_usd + row.held_nano_usd, row.streams)
    found = over(allowance, with_holds, want.own_key, want.tokens, want.least, now)
    if found is None or found.limit in ABUSE:
        return found
    without = Taken(row.requests, row.tokens, row.nano_usd, row.streams)
    if over(allowance, without, want.own_key, want.tokens, want.least, now) is None:
        return replace(found, retry_after=STREAM_WAIT)  # what is in the way may turn out to take less
    return found


async def _left_of_project(db: Queries, project_id: UUID, least: int, now: datetime) -> int:
    budget = await ai_holds.lock_project_budget(db, project_id)
    if budget is None:
        return 1 << 62
    spent = await ai_holds.project_spent(db, project_id)
    left = budget - spent.nano_usd - spent.held_nano_usd
    if least > left:
        waits = STREAM_WAIT if least <= budget - spent.nano_usd else until_midnight(now)
        raise OverQuota("project", budget, waits)
    return left
