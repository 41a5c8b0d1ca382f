"""Ends a stream and settles it, in one transaction: its end, its hold's release, its line in the ledger.

Safe to repeat: who comes second finds the stream ended, and writes nothing.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import msgspec

from ai_router import heard
from ai_router.categories.classify import category_of_talk
from ai_router.charges import Charge, charge, price_said
from ai_router.cost import NANO, Cost
from ai_router.models import Model
from ai_router.tokens import tokens_of_all
from schemas.ids import new_id
from schemas.models import Category
from schemas.streams import Asked, Problem, Source, Usage
from store import ai_holds, ai_usage, streams, user_keys
from store.ai_usage import UsageRow
from store.postgres import Postgres, Transaction
from store.streams import StreamRow

BEGUN: Final = frozenset({"done", "cancelled", "interrupted"})
"""Where a provider that was asked may charge for the question, also when it did not say so."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a stream ended. `usage` is what the provider said; behind `settle`, what is charged."""

    status: str
    text: str
    thought: str
    reason: str | None
    model: str | None
    """Its name."""
    why: str | None
    usage: Usage | None
    error: Problem | None
    first_token_at: datetime | None
    sources: tuple[Source, ...] = ()
    own_key: bool | None = None
    """Whether a key of the user's own paid; None where only a dead worker knew."""
    again: bool = False
    """It was answered before (repeats.py): nobody was asked, and nothing is charged."""


class _Ended(Exception):
    """The stream has an end already."""


async def settle(postgres: Postgres, row: StreamRow, worker: str, ending: Ending, model: Model | None) -> Ending | None:
    """Write a stream's end for good; None where it has one already. `model`: who answered, with its prices.

    Raises StoreUnavailable.
    """

    async def work(tx: Transaction) -> Ending:
        held = await ai_holds.release(tx, row.id)
        asked = msgspec.json.decode(row.asked, type=Asked)
        sent = tokens_of_all(asked.turns) if held is None else held.input
        charged = None if model is None else charged_for(model, ending, sent)
        final = ending if charged is None else replace(ending, usage=shown(charged))
        category = None if model is None else category_of(asked)
        if not await _end(tx, row, worker, final, category):
            raise _Ended
        if charged is not None and model is not None:
            own = ending.own_key
            if own is None:
                own = model.provider in await user_keys.providers_of(tx, row.user_id)
            own = own or (held is not None and held.own_key)
            mine = line(row, model, ending.status, charged, own_key=own)
            await ai_usage.add_usage(tx, replace(mine, input=0, output=0) if ending.again else mine)
        return final

    try:
        return await postgres.transact(work)
    except _Ended:
        return None


async def settle_summary(postgres: Postgres, row: StreamRow, ending: Ending, model: Model, sent: int) -> None:
    """A line of its own for what was summarised before an answer; it comes out of what is set aside for the answer.

    Raises StoreUnavailable.
    """
    charged = charged_for(model, ending, sent)
    if charged is None:
        return
    own = ending.own_key is True
    spent = replace(line(row, model, ending.status, charged, own_key=own), stream_id=new_id())

    async def work(tx: Transaction) -> None:
        if not own:
            await ai_holds.spend(tx, row.id, spent.input + spent.output, spent.nano_usd)
        await ai_usage.add_usage(tx, spent)

    await postgres.transact(work)


def category_of(asked: Asked) -> Category:
    """What kind of question it was."""
    return asked.category or category_of_talk(asked.turns)


def charged_for(model: Model, ending: Ending, sent: int) -> Charge | None:
    """What an answer is charged; None where a provider refused it before it said anything."""
    said = ending.text + ending.thought
    if ending.usage is None and not said and ending.status not in BEGUN:
        return None
    usage = ending.usage
    counted = None
    if usage is not None:
        counted = heard.Usage(usage.input, usage.output, usage.reasoning, usage.cached, usage.cost)
    if ending.again:
        return Charge(counted or heard.Usage(0, 0), Cost(0, "provider"), False, None)
    return charge(model, datetime.now(UTC).date(), counted, sent, said)


def shown(charged: Charge) -> Usage:
    """As readers of the stream see it."""
    usage = charged.usage
    return Usage(
        usage.input, usage.output, usage.reasoning, usage.cached, charged.cost.nano_usd / NANO, charged.estimated
    )


def line(row: StreamRow, model: Model, status: str, charged: Charge, *, own_key: bool) -> UsageRow:
    """Its line in the ledger."""
    price = price_said(charged.price)
    return UsageRow(
        stream_id=row.id,
        user_id=row.user_id,
        project_id=row.project_id,
        model=model.name,
        own_key=own_key,
        status=status,
        input=charged.usage.input or 0,
        output=charged.usage.output or 0,
        reasoning=charged.usage.reasoning,
        cached=charged.usage.cached,
        estimated=charged.estimated,
        nano_usd=charged.cost.nano_usd,
        charged_by=charged.cost.by,
        price=None if price is None else msgspec.json.encode(price).decode(),
    )


async def _end(tx: Transaction, row: StreamRow, worker: str, ending: Ending, category: Category | None) -> bool:
    return await streams.end_stream(
        tx,
        row.id,
        worker,
        status=ending.status,
        text=ending.text,
        thought=ending.thought,
        reason=ending.reason,
        model=ending.model,
        why=ending.why,
        category=category,
        usage=None if ending.usage is None else msgspec.json.encode(ending.usage).decode(),
        sources=msgspec.json.encode(ending.sources).decode() if ending.sources else None,
        error=None if ending.error is None else msgspec.json.encode(ending.error).decode(),
        first_token_at=ending.first_token_at,
    )
