"""Costs and budgets: exact, dated, and never passed."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_router.allowances import ALLOWANCES, Over, Taken, over
from ai_router.cost import NANO, Cost, completed, cost, output_allowed, upper
from ai_router.heard import Usage
from ai_router.known import KNOWN
from ai_router.models import Model, Price, Rates

DAY = date(2026, 11, 27)
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
LUNA = KNOWN["openai/gpt-6-luna"]
UNPRICED = Model("local/mystery")
models = st.sampled_from([*KNOWN.values(), UNPRICED])
counts = st.integers(0, 2_000_000)


def test_a_cost_is_input_cached_input_and_output() -> None:
    """0.1, 0.01 and 0.5 USD per million tokens."""
    usage = Usage(input=1_000, cached=400, output=2_000)
    assert cost(LUNA, DAY, usage) == Cost(600 * 100 + 400 * 10 + 2_000 * 500, "price")


def test_a_cost_keeps_the_price_of_its_day() -> None:
    """A price that changes leaves what was written before."""
    model = Model("x/y", prices=(Price(Rates(3.0, 15.0)), Price(Rates(1.0, 5.0), since=date(2026, 6, 1))))
    usage = Usage(input=1_000_000, output=0)
    assert cost(model, date(2026, 5, 31), usage).nano_usd == 3 * NANO
    assert cost(model, date(2026, 6, 1), usage).nano_usd == 1 * NANO


def test_long_prompts_cost_what_their_providers_say() -> None:
    """Above 272,000 tokens the whole request is dearer."""
    model = KNOWN["openai/gpt-6-sol"]
    assert cost(model, DAY, Usage(input=272_000, output=0)).nano_usd == 272_000 * 2_000
    assert cost(model, DAY, Usage(input=272_001, output=10)).nano_usd == 272_001 * 4_000 + 10 * 15_000


def test_requests_may_cost_besides_their_tokens() -> None:
    """Perplexity's searches."""
    assert cost(KNOWN["perplexity/sonar"], DAY, Usage(input=0, output=0)).nano_usd == NANO // 200


def test_the_providers_own_word_wins() -> None:
    """OpenRouter and xAI say what they charge; what nobody knows is assumed to be dear, and says so."""
    assert cost(LUNA, DAY, Usage(input=10**6, output=10**6, cost=0.000_123_4)) == Cost(123_400, "provider")
    assert cost(UNPRICED, DAY, Usage(input=1_000, output=1_000)) == Cost(90_000_000, "assumption")


@given(models, counts, counts, st.data())
def test_no_answer_costs_more_than_was_reserved(model: Model, most_in: int, most_out: int, data: st.DataObject) -> None:
    """The estimate before holds for all usage within it."""
    used_in = data.draw(st.integers(0, most_in))
    usage = Usage(input=used_in, cached=data.draw(st.integers(0, used_in)), output=data.draw(st.integers(0, most_out)))
    assert cost(model, DAY, usage).nano_usd <= upper(model, DAY, most_in, most_out)


@pytest.mark.parametrize(
    ("own", "admin", "most", "money"),
    [
        (None, None, NANO // 2, "cost"),
        (NANO, NANO, NANO // 2, "cost"),
        (NANO // 4, None, NANO // 4, "own-budget"),
        (NANO // 4, NANO // 5, NANO // 5, "admin-budget"),
        (NANO // 6, NANO // 5, NANO // 6, "own-budget"),
        (0, 0, 0, "admin-budget"),
    ],
)
def test_the_least_budget_counts(own: int | None, admin: int | None, most: int, money: str) -> None:
    """Of the tier's, one's own and an administrator's; whose it is, is said to who passes it."""
    mine = ALLOWANCES["free"].within(own, admin)
    assert (mine.nano_usd_per_day, mine.money, mine.tokens_per_day) == (most, money, ALLOWANCES["free"].tokens_per_day)
    assert over(mine, Taken(nano_usd=most), False, 1, 0, NOON) is None
    found = over(mine, Taken(nano_usd=most), False, 1, 1, NOON)
    assert found is not None
    assert (found.limit, found.most) == (money, most)
    assert over(mine, Taken(nano_usd=most), True, 1, 1, NOON) is None


def test_an_answer_that_was_cut_is_counted_too() -> None:
    """Cancelled before the provider counted: what was shown is estimated; a count that was there stays."""
    shown = "The answer went on for a while before somebody stopped it. " * 20
    assert completed(Usage(input=43, output=1), 90, shown) == Usage(input=43, output=269)
    assert completed(None, 90, "") == Usage(input=54, output=0)
    assert completed(Usage(input=43, output=260, cost=0.1), 90, shown) == Usage(input=43, output=260, cost=0.1)


def test_answers_are_as_long_as_asked_and_possible() -> None:
    """Reservations need a bound, so there always is one."""
    assert output_allowed(LUNA, None) == 8_192
    assert output_allowed(LUNA, 100_000) == 100_000
    assert output_allowed(KNOWN["openai/gpt-4o"], 100_000) == 16_384
    assert output_allowed(UNPRICED, 50) == 50


@pytest.mark.parametrize(
    ("taken", "own_key", "limit"),
    [
        (Taken(), False, None),
        (Taken(requests=500), False, "requests"),
        (Taken(requests=500), True, "requests"),
        (Taken(tokens=999_000), False, "tokens"),
        (Taken(tokens=999_000, nano_usd=NANO), True, None),
        (Taken(nano_usd=NANO // 2 - 50), False, "cost"),
        (Taken(streams=3), True, "streams"),
    ],
)
def test_allowances_hold(taken: Taken, own_key: bool, limit: str | None) -> None:
    """Own keys pass what the server's key costs, and not what protects the platform; each refusal says until when."""
    now = datetime(2026, 11, 27, 23, 59, 0, tzinfo=UTC)
    found = over(ALLOWANCES["free"], taken, own_key, tokens=2_000, nano_usd=100, now=now)
    assert (found and found.limit) == limit
    if isinstance(found, Over):
        assert found.retry_after == (5.0 if limit == "streams" else 60.0)
