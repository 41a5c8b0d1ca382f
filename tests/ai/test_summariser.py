"""Who summarises: the cheapest of the provider that answers, if it has room; nobody else reads the history."""

from dataclasses import replace
from datetime import date

from ai_router.models import Model, Price, Rates
from ai_router.summariser import output_of, summariser

DAY = date(2026, 11, 27)


def model(name: str, price: float, context: int | None = 100_000, **more: object) -> Model:
    found = Model(name, context=context, prices=(Price(Rates(price, price * 4)),), automatic=True)
    return replace(found, **more)  # type: ignore[arg-type]


DEAR, CHEAP = model("a/dear", 10.0), model("a/cheap", 1.0)


def chosen(*models: Model, cooling: frozenset[str] = frozenset(), answers: Model = DEAR) -> str:
    return summariser(answers, "server", models, cooling, 20_000, 1_000, DAY).name


def test_the_cheapest_of_the_same_provider() -> None:
    """Neither another provider's, nor what nobody knows."""
    assert chosen(DEAR, CHEAP, model("b/free", 0.0)) == "a/cheap"
    assert chosen(replace(CHEAP, automatic=False)) == "a/dear"
    assert chosen(replace(CHEAP, prices=())) == "a/dear"


def test_it_must_be_able_to() -> None:
    """With room for the history and the summary, and none that keeps failing."""
    assert chosen(replace(CHEAP, context=8_000)) == "a/dear"
    assert chosen(replace(CHEAP, max_output=500)) == "a/dear"
    assert chosen(CHEAP, cooling=frozenset({"server:a/cheap"})) == "a/dear"
    assert chosen(CHEAP, cooling=frozenset({"server:a/dear"})) == "a/cheap"


def test_whoever_answers_where_none_is_cheaper() -> None:
    """Such as at home, where all cost nothing and another one would have to be loaded."""
    local = model("ollama/large", 0.0)
    assert chosen(model("ollama/small", 0.0), answers=local) == "ollama/large"


def test_thoughts_count() -> None:
    """A model that thinks is given room for it."""
    assert output_of(CHEAP, 500) < output_of(replace(CHEAP, abilities=frozenset({"reasoning"})), 500)
