"""`/api/ai/usage…`: what answers took, and what is left."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from ai_router.allowances import ALLOWANCES, next_day
from ai_router.cost import NANO
from gateway.cursors import decode_cursor, page
from gateway.operations import Call
from gateway.quota import allowed
from schemas import ai_usage as bodies
from schemas.accounts import Tier
from schemas.pages import Page
from store import ai_holds, ai_usage
from store.ai_holds import TakenRow
from store.ai_usage import DayRow, LineRow

DAYS_SHOWN: Final = 31


async def show_usage(call: Call) -> bodies.UsageReport:
    """What the caller may use of the server's models, has used today, and has left."""
    postgres, user_id = call.parts.postgres, call.caller.user_id
    row = await ai_holds.taken(postgres, user_id)
    mine = allowed(call.caller.tier, call.parts.settings.rate_factor).within(row.own_budget, row.admin_budget)
    return bodies.UsageReport(
        tier=call.caller.tier,
        resets_at=next_day(datetime.now(UTC)),
        requests=_quota(mine.requests_per_day, row.requests, 0),
        tokens=_quota(mine.tokens_per_day, row.tokens, row.held_tokens),
        usd=_quota(mine.nano_usd_per_day, row.nano_usd, row.held_nano_usd, NANO),
        budgets=budgets_of(call.caller.tier, row),
        streams=_quota(mine.streams, 0, row.streams),
        days=[day_shown(each) for each in await ai_usage.list_days(postgres, user_id, DAYS_SHOWN)],
    )


async def list_usage(call: Call) -> Page[bodies.UsageLine]:
    """List what each of the caller's answers took, newest first."""
    before = decode_cursor(call.query.cursor, tuple[datetime, UUID])
    rows = await ai_usage.list_lines(call.parts.postgres, call.caller.user_id, before, call.query.limit + 1)
    return page(rows, call.query.limit, _line, lambda row: (row.at, row.stream_id))


def budgets_of(tier: Tier, row: TakenRow) -> bodies.PersonalBudgets:
    """What somebody may spend, by who says it."""
    own, admin = (None if each is None else each / NANO for each in (row.own_budget, row.admin_budget))
    return bodies.PersonalBudgets(ALLOWANCES[tier].nano_usd_per_day / NANO, own, admin)


def _quota(limit: int, used: int, held: int, unit: int = 1) -> bodies.Quota:
    return bodies.Quota(limit / unit, used / unit, held / unit, max(limit - used - held, 0) / unit)


def day_shown(row: DayRow) -> bodies.UsageDay:
    """As a body."""
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
