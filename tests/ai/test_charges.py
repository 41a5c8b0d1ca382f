"""What a request may take before it is asked, and what an answer is charged afterwards."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_router.catalogue import Catalogue
from ai_router.charges import charge, price_said, wanted
from ai_router.cost import OUTPUT_DEFAULT, cost, upper
from ai_router.fit import Summarise, fit, room_for, told_takes
from ai_router.heard import Usage
from ai_router.known import KNOWN
from ai_router.models import Model, Price, Rates
from ai_router.summariser import output_of
from ai_router.tokens import tokens_of_all
from schemas.conversation import said

DAY = date(2026, 11, 27)
CHEAP = Model("a/cheap", max_output=1_000, prices=(Price(Rates(0.1, 0.5)),), tier="guest", automatic=True)
DEAR = Model("b/dear", max_output=2_000, prices=(Price(Rates(10.0, 50.0)),), tier="pro", automatic=True)
MODELS = Catalogue({each.name: each for each in (CHEAP, DEAR)})
TURNS = (said("user", "How many roads must a man walk down?"),)


def test_a_named_model() -> None:
    """Is reckoned with at its price, up to its longest answer, or the one that is asked for."""
    whole = wanted(TURNS, "b/dear", None, "pro", MODELS, (), DAY)
    short = wanted(TURNS, "b/dear", 100, "pro", MODELS, (), DAY)
    assert whole.tokens == whole.input + 2_000
    assert short.tokens == short.input + 100
    assert whole.least == whole.most == whole.input * 10_000 + 2_000 * 50_000
    assert short.most == short.input * 10_000 + 100 * 50_000
    assert not whole.own_key


def test_auto() -> None:
    """Needs enough for the cheapest that the tier may use, and sets aside enough for the dearest."""
    guest, pro = (wanted(TURNS, "auto", None, tier, MODELS, (), DAY) for tier in ("guest", "pro"))
    assert guest.least == guest.most == pro.least < pro.most
    assert pro.tokens == pro.input + 2_000


@pytest.mark.parametrize("name", ["b/dear", "b/unlisted"])
def test_own_keys_set_nothing_aside(name: str) -> None:
    """Whoever brings a key for the model's provider pays themselves."""
    found = wanted(TURNS, name, None, "guest", MODELS, {"b"}, DAY)
    assert (found.least, found.most, found.own_key) == (0, 0, True)


def test_what_is_not_there() -> None:
    """For a model that nobody lists nothing is set aside, so that nothing of the server's can be spent."""
    found = wanted(TURNS, "c/unlisted", None, "guest", MODELS, (), DAY)
    assert (found.least, found.most, found.own_key) == (0, 0, False)
    assert found.tokens == found.input + OUTPUT_DEFAULT
    assert wanted(TURNS, "auto", None, "guest", Catalogue({}), {"a"}, DAY).own_key


tokens = st.one_of(st.none(), st.integers(0, 10_000))
usages = st.one_of(st.none(), st.builds(Usage, tokens, tokens, st.just(0), st.integers(0, 20_000)))


@given(usages, st.integers(0, 10_000), st.text(max_size=500), st.sampled_from([*KNOWN.values(), Model("x/unknown")]))
def test_charges(usage: Usage | None, sent: int, shown: str, model: Model) -> None:
    """Every answer has whole tokens and a price of at least nothing; it says whether anything was reckoned."""
    found = charge(model, DAY, usage, sent, shown)
    assert found.usage.input is not None
    assert found.usage.output is not None
    assert found.cost.nano_usd >= 0
    assert found.cost == cost(model, DAY, found.usage)
    assert found.estimated == (found.usage != usage)
    if usage is not None and usage.input is not None and usage.output is not None and not shown:
        assert not found.estimated
    assert (price_said(found.price) is None) == (found.cost.by == "assumption")


@given(st.integers(0, 10_000), st.integers(0, 1_000))
def test_a_hold_is_enough(sent: int, output: int) -> None:
    """What was set aside covers an answer that keeps to it."""
    for model in (CHEAP, DEAR):
        found = wanted(TURNS, model.name, None, "pro", MODELS, (), DAY)
        usage = Usage(min(sent, found.input), output)
        assert charge(model, DAY, usage, found.input, "").cost.nano_usd <= found.most


def test_prices_have_their_day() -> None:
    """A charge says the price that it was made with; one that changes later leaves it as it is."""
    was, new = Price(Rates(1.0, 2.0)), Price(Rates(3.0, 4.0), date(2026, 12, 1))
    model = replace(CHEAP, prices=(was, new))
    usage = Usage(1_000_000, 0)
    before, after = (charge(model, day, usage, 0, "") for day in (DAY, date(2026, 12, 1)))
    assert (before.cost.nano_usd, after.cost.nano_usd) == (1_000_000_000, 3_000_000_000)
    assert price_said(before.price) == {"input": 1.0, "output": 2.0, "cached": None, "request": 0.0, "since": None}
    assert (price_said(after.price) or {})["since"] == "2026-12-01"


@given(st.integers(1, 60), st.integers(100, 3_000), st.booleans())
def test_what_is_set_aside_pays_for_a_summary(questions: int, context: int, thinks: bool) -> None:
    """A history that does not fit may be summarised by the model that answers, within the money and the tokens held."""
    model = replace(
        DEAR, context=context, max_output=300, abilities=frozenset({"reasoning"}) if thinks else frozenset()
    )
    turns = [said("user", f"Is {number} more than {number - 1}, and why is it?") for number in range(questions)]
    held = wanted(turns, "b/dear", None, "pro", Catalogue({"b/dear": model}), (), DAY)
    room = room_for(context, 300)
    split = fit(turns, room, summarise=True)
    if not isinstance(split, Summarise):
        return
    output = output_of(model, split.tokens)
    summary = tokens_of_all(split.asking), output
    answer = tokens_of_all(split.rest) + told_takes(split.tokens), 300
    assert upper(model, DAY, *summary) + upper(model, DAY, *answer) <= held.most
    assert sum(summary) + sum(answer) <= held.tokens
