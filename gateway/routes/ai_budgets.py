"""`/api/ai/budget` and its likes: what persons and projects may spend in a day, where tiers have more."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

from ai_router.allowances import next_day
from ai_router.cost import NANO
from gateway.operations import Call
from gateway.quota import allowed
from gateway.refusals import Missing
from gateway.routes.ai_usage import DAYS_SHOWN, budgets_of, day_shown
from schemas import ai_usage as bodies
from schemas.accounts import Tier
from store import ai_budgets, ai_holds, ai_usage, users
from store.happenings import Act, add_audit
from store.postgres import Queries, Transaction


async def show_own_budget(call: Call) -> bodies.PersonalBudget:
    """What the caller may spend in a day, and has spent today."""
    return await _personal(call, call.caller.user_id)


async def set_own_budget(call: Call) -> bodies.PersonalBudget:
    """Say how much one wants to spend in a day at most. More than one may spend changes nothing."""
    return await _set_personal(call, call.caller.user_id, ai_budgets.set_own_budget)


async def show_budget_of(call: Call) -> bodies.PersonalBudget:
    """The same of somebody else, for administrators."""
    return await _personal(call, call.id())


async def set_budget_of(call: Call) -> bodies.PersonalBudget:
    """Say how much somebody may spend in a day at most. More than their tier has changes nothing."""
    return await _set_personal(call, call.id(), ai_budgets.set_admin_budget)


async def show_project_budget(call: Call) -> bodies.Budget:
    """What a project's people may spend together, and have spent today."""
    return await _of_project(call)


async def set_project_budget(call: Call) -> bodies.Budget:
    """Say what a project's people may spend together in a day, beside what each of them may."""
    project_id, nano = call.access.project_id, _nano(call)

    async def work(tx: Transaction) -> None:
        await ai_budgets.set_project_budget(tx, project_id, nano)
        await add_audit(tx, _act(call, f"project:{project_id}"))

    await call.parts.postgres.transact(work)
    return await _of_project(call)


async def _set_personal(
    call: Call, user_id: UUID, setter: Callable[[Queries, UUID, int | None], Awaitable[bool]]
) -> bodies.PersonalBudget:
    nano = _nano(call)

    async def work(tx: Transaction) -> None:
        if not await setter(tx, user_id, nano):
            raise Missing("there is no such user")
        await add_audit(tx, _act(call, f"user:{user_id}"))

    await call.parts.postgres.transact(work)
    return await _personal(call, user_id)


async def _personal(call: Call, user_id: UUID) -> bodies.PersonalBudget:
    user = await users.find_user(call.parts.postgres, user_id)
    if user is None:
        raise Missing("there is no such user")
    tier = cast(Tier, user.tier)  # by its CHECK
    row = await ai_holds.taken(call.parts.postgres, user_id)
    mine = allowed(tier, call.parts.settings.rate_factor).within(row.own_budget, row.admin_budget)
    return bodies.PersonalBudget(
        usd_per_day=mine.nano_usd_per_day / NANO,
        usd_used=row.nano_usd / NANO,
        usd_held=row.held_nano_usd / NANO,
        resets_at=next_day(datetime.now(UTC)),
        budgets=budgets_of(tier, row),
    )


async def _of_project(call: Call) -> bodies.Budget:
    postgres, project_id = call.parts.postgres, call.access.project_id
    budget = await ai_budgets.find_project_budget(postgres, project_id)
    spent = await ai_holds.project_spent(postgres, project_id)
    days = await ai_usage.list_days(postgres, project_id, DAYS_SHOWN)
    return bodies.Budget(
        usd_per_day=None if budget is None else budget / NANO,
        usd_used=spent.nano_usd / NANO,
        usd_held=spent.held_nano_usd / NANO,
        days=[day_shown(each) for each in days],
    )


def _nano(call: Call) -> int | None:
    body: bodies.BudgetRequest = call.body
    return None if body.usd_per_day is None else round(body.usd_per_day * NANO)


def _act(call: Call, subject: str) -> Act:
    return Act(
        act="ai-budget.set",
        actor_id=call.caller.user_id,
        subject=subject,
        address=call.address,
        request_id=call.request_id,
        details={"usd_per_day": call.body.usd_per_day},
    )
