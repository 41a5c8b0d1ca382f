"""Budgets are never passed, whoever asks at the same time; what ends, however, gives back what it did not take."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from ai_router.allowances import ALLOWANCES
from gateway.quota import OverQuota
from schemas.streams import Usage
from store import ai_budgets, ai_holds, ai_usage, streams
from tests.rest.ai.desk import PRICED, WORKER, Desk, add_key, ended, make_project, usd
from workers.ai.settle import settle

MakeDesk = Callable[..., Awaitable[Desk]]
FREE = ALLOWANCES["free"].nano_usd_per_day


async def test_a_hundred_at_once(make_desk: MakeDesk) -> None:
    """Of 100 requests at two gateways at once, exactly as many get in as the budget pays for."""
    desk = await make_desk("free")
    found = await asyncio.gather(*(desk.ask_if_possible() for _ in range(100)))
    assert sum(isinstance(each, UUID) for each in found) == FREE // usd(0.1) == 5
    assert all(isinstance(each, UUID) or each.limit == "cost" for each in found)
    assert await desk.spent_and_held() == (0, usd(0.5))


async def test_a_hundred_of_a_project(make_desk: MakeDesk) -> None:
    """The same for a project's budget, whoever of its people asks."""
    desks = [await make_desk("pro") for _ in range(10)]
    project = await make_project(desks[0].postgres, desks[0].user)
    await ai_budgets.set_project_budget(desks[0].postgres, project, usd(0.7))
    for desk in desks:
        desk.project = project
    found = await asyncio.gather(*(desk.ask_if_possible() for desk in desks for _ in range(10)))
    assert sum(isinstance(each, UUID) for each in found) == 7
    assert {each.limit for each in found if isinstance(each, OverQuota)} == {"project"}
    assert (await ai_holds.project_spent(desks[0].postgres, project)).held_nano_usd == usd(0.7)


@pytest.mark.parametrize("seed", range(3))
async def test_never_more_than_the_budget(make_desk: MakeDesk, seed: int) -> None:
    """Any mix of asking, answering, cancelling and dying keeps what is spent and held within the budget."""
    desk, dice = await make_desk("free"), random.Random(seed)
    most = 0

    async def live() -> None:
        nonlocal most
        for _ in range(12):
            tokens = dice.randrange(1, 1_000)
            stream = await desk.ask_if_possible(tokens)
            spent, held = await desk.spent_and_held()
            assert spent + held <= FREE
            most = max(most, spent + held)
            if isinstance(stream, OverQuota):
                continue
            match dice.randrange(4):
                case 0:
                    await streams.ask_to_cancel(desk.postgres, stream)
                case 1:
                    await desk.end(stream, None, "failed")
                case 2:
                    await desk.end(stream, Usage(10, dice.randrange(tokens)), "cancelled", "something")
                case _:
                    await desk.end(stream, Usage(10, tokens))

    await asyncio.gather(*(live() for _ in range(8)))
    spent, held = await desk.spent_and_held()
    assert held == 0
    lines = await ai_usage.list_lines(desk.postgres, desk.user, None, 1_000)
    assert sum(each.nano_usd for each in lines) == spent <= FREE
    assert most > FREE / 2


async def test_streams_at_once(make_desk: MakeDesk) -> None:
    """A tier has so many answers at once; the next is worth a try in some seconds."""
    desk = await make_desk("guest", as_outside=True)
    found = await asyncio.gather(*(desk.ask_if_possible(1) for _ in range(20)))
    began = [each for each in found if isinstance(each, UUID)]
    assert len(began) == ALLOWANCES["guest"].streams
    refused = next(each for each in found if isinstance(each, OverQuota))
    assert (refused.limit, 1 <= refused.retry_after <= 10) == ("streams", True)
    await desk.end(began[0], Usage(1, 1))
    assert isinstance(await desk.ask_if_possible(1), UUID)


async def test_requests_and_tokens_of_a_day(make_desk: MakeDesk) -> None:
    """Both are counted, and come back at midnight UTC."""
    allowance = ALLOWANCES["guest"]
    for column, limit, most in (
        ("requests", "requests", allowance.requests_per_day),
        ("tokens", "tokens", allowance.tokens_per_day),
    ):
        desk = await make_desk("guest", as_outside=True)
        await _set_day(desk, column, most - 1 if limit == "requests" else most - 100)
        stream = await desk.ask(20)
        assert stream is not None
        await desk.end(stream, Usage(60, 50))
        over = await desk.ask_if_possible(20)
        assert isinstance(over, OverQuota)
        now = datetime.now(UTC)
        left = 86_400 - (now.hour * 3_600 + now.minute * 60 + now.second)
        assert (over.limit, abs(over.retry_after - left) < 60) == (limit, True)
        await desk.postgres.execute("UPDATE ai_days SET day = day - 1 WHERE subject = %(id)s", {"id": desk.user})
        assert isinstance(await desk.ask_if_possible(20), UUID)


async def test_held_money_may_come_back_soon(make_desk: MakeDesk) -> None:
    """Where answers that go on hold the rest, the wait is some seconds; where it is spent, until midnight."""
    desk = await make_desk("free")
    began = [await desk.ask() for _ in range(5)]
    over = await desk.ask_if_possible()
    assert isinstance(over, OverQuota)
    assert over.retry_after <= 10
    for each in began:
        assert each is not None
        await desk.end(each, Usage(0, 1_000))
    over = await desk.ask_if_possible()
    assert isinstance(over, OverQuota)
    assert "$0.50" in str(over)
    assert await desk.spent_and_held() == (FREE, 0)


async def test_a_repeated_request_is_one_bill(make_desk: MakeDesk) -> None:
    """However often a request is repeated, one stream is held for, also where the budget is used up by it."""
    desk = await make_desk("free")
    found = await asyncio.gather(*(desk.ask(request_id="mine") for _ in range(20)))
    assert sum(each is not None for each in found) == 1
    for _ in range(4):
        await desk.ask()
    assert await desk.ask(request_id="mine") is None
    row = await ai_holds.taken(desk.postgres, desk.user)
    assert (row.requests, row.streams) == (5, 5)


async def test_what_ends_is_charged_once(make_desk: MakeDesk) -> None:
    """The hold goes and the line comes with the end; a second end changes nothing."""
    desk = await make_desk("free")
    stream = await desk.ask()
    assert stream is not None
    row = await desk.claim(stream)
    endings = await asyncio.gather(
        *(settle(desk.postgres, row, WORKER, ended("done", Usage(7, 500)), PRICED) for _ in range(10))
    )
    assert sum(each is not None for each in endings) == 1
    assert await desk.hold(stream) is None
    assert await desk.spent_and_held() == (usd(0.05), 0)
    (line,) = await ai_usage.list_lines(desk.postgres, desk.user, None, 10)
    assert (line.input, line.output, line.estimated, line.charged_by) == (7, 500, False, "price")
    stored = await streams.find_stream(desk.postgres, stream)
    assert stored is not None
    assert (stored.usage or {})["cost"] == 0.05


@pytest.mark.parametrize("status", ["cancelled", "interrupted"])
async def test_broken_answers(make_desk: MakeDesk, status: str) -> None:
    """Cost what the provider said, or what we reckon of what was shown, and say which."""
    desk = await make_desk("free")
    said, unsaid = await desk.ask(), await desk.ask()
    assert said is not None
    assert unsaid is not None
    await desk.end(said, Usage(7, 100), status, "a b c")
    settled = await desk.end(unsaid, None, status, "word " * 100)
    assert settled is not None
    assert settled.usage is not None
    assert settled.usage.estimated
    lines = {each.stream_id: each for each in await ai_usage.list_lines(desk.postgres, desk.user, None, 10)}
    assert (lines[said].output, lines[said].estimated) == (100, False)
    assert (lines[said].nano_usd, lines[unsaid].nano_usd > 0) == (usd(0.01), True)
    assert lines[unsaid].estimated
    assert 50 < lines[unsaid].output < 400


@pytest.mark.parametrize("status", ["done", "cancelled"])
async def test_what_is_given_again_costs_nothing(make_desk: MakeDesk, status: str) -> None:
    """Nobody was asked: neither money nor tokens are taken, also where it was cancelled before it said its usage."""
    desk = await make_desk("free")
    stream = await desk.ask()
    assert stream is not None
    row = await desk.claim(stream)
    usage = Usage(70, 500, cost=0.0) if status == "done" else None
    ending = replace(ended(status, usage, "a b c"), again=True)
    settled = await settle(desk.postgres, row, WORKER, ending, PRICED)
    assert settled is not None
    assert settled.usage is not None
    assert (settled.usage.cost, settled.usage.estimated) == (0.0, False)
    taken = await ai_holds.taken(desk.postgres, desk.user)
    assert (taken.requests, taken.tokens, taken.nano_usd, taken.held_nano_usd) == (1, 0, 0, 0)
    (line,) = await ai_usage.list_lines(desk.postgres, desk.user, None, 10)
    assert (line.input, line.output, line.nano_usd) == (0, 0, 0)


async def test_refused_answers_cost_nothing(make_desk: MakeDesk) -> None:
    """Where a provider refused, and where nobody began, all that was held comes back."""
    desk = await make_desk("free")
    refused, cancelled = await desk.ask(), await desk.ask()
    assert refused is not None
    assert cancelled is not None
    await desk.end(refused, None, "failed")
    assert await streams.ask_to_cancel(desk.postgres, cancelled) == "cancelled"
    assert await desk.spent_and_held() == (0, 0)
    assert await ai_usage.list_lines(desk.postgres, desk.user, None, 10) == []


async def test_own_keys_pass_the_budget_alone(make_desk: MakeDesk) -> None:
    """With a key of one's own no money is held or spent; how many answers there are at once is limited all the same."""
    desk = await make_desk("guest", as_outside=True)
    await _set_day(desk, "nano_usd", ALLOWANCES["guest"].nano_usd_per_day)
    assert isinstance(await desk.ask_if_possible(), OverQuota)
    await add_key(desk, "openai")
    first, second = await desk.ask(), await desk.ask(model="auto")
    assert first is not None
    assert second is not None
    for each in (first, second):
        held = await desk.hold(each)
        assert held is not None
        assert (held.own_key, held.nano_usd) == (True, 0)
    over = await desk.ask_if_possible()
    assert isinstance(over, OverQuota)
    assert over.limit == "streams"
    before = await desk.spent_and_held()
    await desk.end(first, Usage(1, 1_000))
    assert await desk.spent_and_held() == before
    (line,) = await ai_usage.list_lines(desk.postgres, desk.user, None, 10)
    assert (line.own_key, line.nano_usd) == (True, usd(0.1))
    (day,) = await ai_usage.list_days(desk.postgres, desk.user, 10)
    assert (day.own_tokens, day.own_nano_usd) == (1_001, usd(0.1))


async def test_auto_holds_what_is_left(make_desk: MakeDesk) -> None:
    """Less than the dearest model needs is set aside where less is left, and no more than that can be spent."""
    desk = await make_desk("free")
    await _set_day(desk, "nano_usd", FREE - usd(0.1))
    stream = await desk.ask(model="auto")
    assert stream is not None
    held = await desk.hold(stream)
    assert held is not None
    assert held.nano_usd == usd(0.1)
    assert isinstance(await desk.ask_if_possible(model="auto"), OverQuota)


async def test_the_ledger_outlives_its_subjects(make_desk: MakeDesk) -> None:
    """A stream that is deleted takes its hold along; a line stays."""
    desk = await make_desk("free")
    one, other = await desk.ask(), await desk.ask()
    assert one is not None
    await desk.end(one, Usage(0, 100))
    await desk.postgres.execute("DELETE FROM streams WHERE user_id = %(id)s", {"id": desk.user})
    assert await desk.spent_and_held() == (usd(0.01), 0)
    assert len(await ai_usage.list_lines(desk.postgres, desk.user, None, 10)) == 1
    assert await desk.hold(other or one) is None


async def _set_day(desk: Desk, column: str, value: int) -> None:
    assert column in ("requests", "tokens", "nano_usd")
    values = {"requests": 0, "tokens": 0, "nano_usd": 0} | {column: value}
    await desk.postgres.execute(
        """
        INSERT INTO ai_days (subject, day, requests, tokens, nano_usd)
        VALUES (%(user)s, (now() AT TIME ZONE 'utc')::date, %(requests)s, %(tokens)s, %(nano_usd)s)
        """,
        {"user": desk.user, **values},
    )
