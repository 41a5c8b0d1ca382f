"""`/api/ai/usage` and `/api/projects/{id}/ai/budget`: what answers took, and what is left."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from ai_router.allowances import until_midnight
from ai_router.cost import NANO
from gateway.cursors import decode_cursor, page
from gateway.operations import Call
from gateway.quota import allowed
from schemas import ai_usage as bodies
from schemas.pages import Page
from store import ai_holds, ai_usage
from store.ai_usage import DayRow, LineRow
from store.happenings import Act, add_audit
from store.postgres import Transaction

DAYS_SHOWN: Final = 31


async def show_usage(call: Call) -> bodies.UsageReport:
    """What the caller may use of the server's models, has used today, and has left."""
    postgres, user_id = call.parts.postgres, call.caller.user_id
    mine = allowed(call.caller.tier, call.parts.settings.rate_factor)
    row = await ai_holds.taken(postgres, user_id)
    now = datetime.now(UTC)
    return bodies.UsageReport(
        tier=call.caller.tier,
        resets_at=(now + timedelta(seconds=until_midnight(now))).replace(microsecond=0),
        requests=_quota(mine.requests_per_day, row.requests, 0),
        tokens=_quota(mine.tokens_per_day, row.tokens, row.held_tokens),
        usd=_quota(mine.nano_usd_per_day, row.nano_usd, row.held_nano_usd, NANO),
        streams=_quota(mine.streams, 0, row.streams),
        days=[_day(each) for each in await ai_usage.list_days(postgres, user_id, DAYS_SHOWN)],
    )


async def list_usage(call: Call) -> Page[bodies.UsageLine]:
    """List what each of the caller's answers took, newest first."""
    before = decode_cursor(call.query.cursor, tuple[datetime, UUID])
    rows = await ai_usage.list_lines(call.parts.postgres, call.caller.user_id, before, call.query.limit + 1)
    return page(rows, call.query.limit, _line, lambda row: (row.at, row.stream_id))


async def show_budget(call: Call) -> bodies.Budget:
    """What a project's people may spend together, and have spent today."""
    return await _budget(call)


async def set_budget(call: Call) -> bodies.Budget:
    """Say what a project's people may spend together in a day, beside what each of them may."""
    body: bodies.BudgetRequest = call.body
    project_id = call.access.project_id
    nano = None if body.usd_per_day is None else round(body.usd_per_day * NANO)
    act = Act(
        act="ai-budget.set",
        actor_id=call.caller.user_id,
        subject=f"project:{project_id}",
        address=call.address,
        request_id=call.request_id,
        details={"usd_per_day": body.usd_per_day},
    )

    async def work(tx: Transaction) -> None:
        await ai_usage.set_project_budget(tx, project_id, nano)
        await add_audit(tx, act)

    await call.parts.postgres.transact(work)
    return await _budget(call)


async def _budget(call: Call) -> bodies.Budget:
    postgres, project_id = call.parts.postgres, call.access.project_id
    budget = await ai_usage.find_project_budget(postgres, project_id)
    spent = await ai_holds.project_spent(postgres, project_id)
    days = await ai_usage.list_days(postgres, project_id, DAYS_SHOWN)
    return bodies.Budget(
        usd_per_day=None if budget is None else budget / NANO,
        usd_used=spent.nano_usd / NANO,
        usd_held=spent.held_nano_usd / NANO,
        days=[_day(each) for each in days],
    )


def _quota(limit: int, used: int, held: int, unit: int = 1) -> bodies.Quota:
    return bodies.Quota(limit / unit, used / unit, held / unit, max(limit - used - held, 0) / unit)


def _day(row: DayRow) -> bodies.UsageDay:
    return bodies.UsageDay(
        row.day, row.requests, row.tokens, row.nano_usd / NANO, row.own_tokens, row.own_nano_usd / NANO
    )


def _line(row: LineRow) -> bodies.UsageLine:
    return bodies.UsageLine(
        stream_id=row.stream_id,
        at=row.at,
        project_id=row.project_id,
        model=row.model,
        own_key=row.own_key,
        status=row.status,
        input=row.input,
        output=row.output,
        reasoning=row.reasoning,
        cached=row.cached,
        estimated=row.estimated,
        usd=row.nano_usd / NANO,
        charged_by=row.charged_by,
    )
