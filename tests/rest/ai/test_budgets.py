"""Budgets that persons give themselves, and administrators give persons: told, kept to exactly, named by refusals."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from ai_router.allowances import ALLOWANCES, next_day
from gateway.parts import Parts
from gateway.problems import describe
from gateway.quota import OverQuota
from schemas.streams import Usage
from store import ai_budgets
from tests.rest.ai.desk import Desk, add_key, usd
from tests.rest.api import Api
from tests.rest.databases import execute

MakeDesk = Callable[..., Awaitable[Desk]]


async def test_a_hundred_at_once(make_desk: MakeDesk) -> None:
    """Of 100 requests at two gateways at once, as many get in as one's own budget pays for; a lower one holds at once,
    whatever is held already, and a higher one than the tier's changes nothing."""
    desk = await make_desk("free")
    assert await ai_budgets.set_own_budget(desk.postgres, desk.user, usd(0.3))
    found = await asyncio.gather(*(desk.ask_if_possible() for _ in range(100)))
    began = [each for each in found if isinstance(each, UUID)]
    assert len(began) == 3
    assert {each.limit for each in found if isinstance(each, OverQuota)} == {"own-budget"}
    assert await desk.spent_and_held() == (0, usd(0.3))

    await ai_budgets.set_own_budget(desk.postgres, desk.user, usd(0.15))
    for each in began:
        await desk.end(each, Usage(0, 200))
    assert isinstance(await desk.ask_if_possible(900), UUID)
    assert isinstance(await desk.ask_if_possible(1), OverQuota)

    await ai_budgets.set_own_budget(desk.postgres, desk.user, usd(900))
    found = await asyncio.gather(*(desk.ask_if_possible() for _ in range(20)))
    assert sum(isinstance(each, UUID) for each in found) == 3
    assert {each.limit for each in found if isinstance(each, OverQuota)} == {"cost"}


async def test_budgets_that_change_meanwhile(make_desk: MakeDesk) -> None:
    """While 60 requests come, the budget goes down and up: never is more held than the highest of them says."""
    desk = await make_desk("pro")

    async def turn() -> None:
        for tenth in (2, 5, 0, 3, 5):
            await ai_budgets.set_own_budget(desk.postgres, desk.user, usd(tenth / 10))

    await ai_budgets.set_own_budget(desk.postgres, desk.user, usd(0.5))
    found = await asyncio.gather(turn(), *(desk.ask_if_possible() for _ in range(60)))
    assert sum(isinstance(each, UUID) for each in found) <= 5
    assert await desk.spent_and_held() == (0, usd(0.1) * sum(isinstance(each, UUID) for each in found))


async def test_who_gave_it_and_when_it_begins_anew(make_desk: MakeDesk) -> None:
    """A refusal names the budget that is used up, and says when: at midnight UTC, or soon where answers hold it."""
    desk = await make_desk("free")
    await ai_budgets.set_own_budget(desk.postgres, desk.user, usd(0.2))
    await ai_budgets.set_admin_budget(desk.postgres, desk.user, usd(0.125))
    stream = await desk.ask()
    assert stream is not None
    over = await desk.ask_if_possible()
    assert isinstance(over, OverQuota)
    assert str(over) == "an administrator gave you $0.125 of the server's models a day; wait 5 s"
    await desk.end(stream, Usage(0, 1_000))
    over = await desk.ask_if_possible()
    assert isinstance(over, OverQuota)
    left = (next_day(datetime.now(UTC)) - datetime.now(UTC)).total_seconds()
    assert abs(over.retry_after - left) < 60
    assert "an administrator gave you $0.125 of the server's models a day; a new day begins at midnight" in str(over)
    status, kind, detail, _, headers = describe(over)
    assert (status, kind, detail, headers["Retry-After"]) == (429, "too-many", str(over), str(over.retry_after))

    await ai_budgets.set_admin_budget(desk.postgres, desk.user, None)
    assert isinstance(await desk.ask_if_possible(), UUID)
    await ai_budgets.set_own_budget(desk.postgres, desk.user, usd(0.05))
    over = await desk.ask_if_possible(1)
    assert isinstance(over, OverQuota)
    assert "you gave yourself $0.05" in str(over)


async def test_own_keys_and_what_is_free_pass_it(make_desk: MakeDesk) -> None:
    """A budget of nothing stops what costs the server something, and nothing else."""
    desk = await make_desk("free")
    await ai_budgets.set_own_budget(desk.postgres, desk.user, 0)
    assert isinstance(await desk.ask_if_possible(), OverQuota)
    assert isinstance(await desk.ask_if_possible(model="demo/echo"), UUID)
    await add_key(desk, "openai")
    for model in ("openai/priced", "auto"):
        stream = await desk.ask(model=model)
        assert stream is not None
        held = await desk.hold(stream)
        assert held is not None
        assert (held.own_key, held.nano_usd) == (True, 0)


async def test_over_http(api: Api, gateways: list[Parts]) -> None:
    """`/api/ai/budget`, what administrators say, and `/api/ai/usage`, which tells all of it."""
    url = gateways[0].settings.database_url
    ann, root = await api.guest(), await api.guest()
    execute(url, "UPDATE users SET is_guest = false, tier = 'pro' WHERE id = %s", ann["user"]["id"])
    execute(url, "UPDATE users SET is_guest = false, role = 'admin' WHERE id = %s", root["user"]["id"])
    tier = ALLOWANCES["pro"].nano_usd_per_day / usd(1)

    async def call(who: dict[str, Any], method: str, path: str, json: object = None) -> Any:
        reply = await api.call(method, path, token=who["access_token"], json=json)
        assert reply.status == 200, reply.body
        return reply.body

    budget = await call(ann, "GET", "/api/ai/budget")
    assert (budget["usd_per_day"], budget["budgets"]) == (tier, {"tier": tier, "own": None, "admin": None})
    assert datetime.fromisoformat(budget["resets_at"]) == next_day(datetime.now(UTC))
    budget = await call(ann, "PUT", "/api/ai/budget", {"usd_per_day": 0.75})
    assert (budget["usd_per_day"], budget["budgets"]["own"]) == (0.75, 0.75)
    of_ann = f"/api/admin/users/{ann['user']['id']}/ai/budget"
    assert (await call(root, "GET", of_ann))["usd_per_day"] == 0.75
    await call(root, "PUT", of_ann, {"usd_per_day": 0.25})

    desk = Desk(gateways, UUID(ann["user"]["id"]))
    stream = await desk.ask()
    assert stream is not None
    await desk.end(stream, Usage(0, 500))
    await desk.ask()
    usage = await call(ann, "GET", "/api/ai/usage")
    assert usage["usd"] == pytest.approx({"limit": 0.25, "used": 0.05, "held": 0.1, "left": 0.1})
    assert usage["budgets"] == {"tier": tier, "own": 0.75, "admin": 0.25}
    assert (await api.call("PUT", of_ann, token=ann["access_token"], json={"usd_per_day": 9})).status == 403
    assert (await api.call("PUT", "/api/ai/budget", token=ann["access_token"], json={"usd_per_day": -1})).status == 422

    assert (await call(root, "PUT", of_ann, {"usd_per_day": None}))["usd_per_day"] == 0.75
    assert (await call(ann, "PUT", "/api/ai/budget", {"usd_per_day": None}))["usd_per_day"] == tier
    missing = "/api/admin/users/00000000-0000-7000-8000-000000000000/ai/budget"
    assert (await api.call("PUT", missing, token=root["access_token"], json={"usd_per_day": 1})).status == 404
    rows = execute(url, "SELECT details->>'usd_per_day' FROM audit_log WHERE act = 'ai-budget.set' AND subject = %s"
                        " ORDER BY at", f"user:{ann['user']['id']}")  # fmt: skip
    assert [row for (row,) in rows] == ["0.75", "0.25", None, None]
