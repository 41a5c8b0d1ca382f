"""The models of a deployment: what is known, what providers list, and both together."""

from datetime import date

import pytest

from ai_router.catalogue import catalogue, identity, models_of
from ai_router.formats.port import Listed
from ai_router.known import AS_OF, KNOWN
from ai_router.models import Model, Rates, may_use, tier_for

DAY = date(2026, 11, 27)


def by_name(models: list[Model]) -> dict[str, Model]:
    return {model.name: model for model in models}


@pytest.mark.parametrize("model", KNOWN.values(), ids=KNOWN.keys())
def test_the_table_is_plausible(model: Model) -> None:
    """Contexts hold answers, output costs no less than input, and nothing in it was retired before its day."""
    assert model.context and model.context >= 8_192
    assert model.max_output is None or model.max_output <= model.context
    for price in model.prices:
        for rates in filter(None, (price.rates, price.long)):
            assert 0 < rates.input <= rates.output <= 200
            assert rates.cached is None or rates.cached <= rates.input
        assert (price.long is None) == (price.long_above is None)
    assert model.retired is None or model.retired > AS_OF
    assert model.categories


def test_the_table_has_each_provider_and_category() -> None:
    """Whoever sets one key has something for the automatic choice."""
    assert {model.provider for model in KNOWN.values()} == {"openai", "anthropic", "gemini", "cohere", "perplexity"}
    assert {category for model in KNOWN.values() for category in model.categories} == {
        "coding", "reasoning", "writing", "analysis", "research", "fast-chat", "multimodal",
    }  # fmt: skip


def test_without_a_list_the_known_ones_stand() -> None:
    """Perplexity has none; others may be away. What is retired is left out."""
    assert {model.name for model in models_of("perplexity", None, DAY)} >= {"perplexity/sonar", "perplexity/sonar-pro"}
    names = {model.name for model in models_of("openai", None, date(2027, 2, 1))}
    assert "openai/gpt-6-sol" in names
    assert "openai/gpt-4o" not in names


def test_a_list_says_what_there_is_and_the_table_what_it_can() -> None:
    """OpenAI's list has names alone."""
    models = by_name(models_of("openai", [Listed("gpt-6-luna"), Listed("brand-new")], DAY))
    assert models.keys() == {"openai/gpt-6-luna", "openai/brand-new"}
    assert models["openai/gpt-6-luna"].context == KNOWN["openai/gpt-6-luna"].context
    assert models["openai/gpt-6-luna"].automatic
    new = models["openai/brand-new"]
    assert (new.context, new.prices, new.automatic, new.tier) == (None, (), False, "pro")


def test_a_list_wins_over_the_table() -> None:
    """What the provider says is newer."""
    listed = Listed("gpt-6-luna", "Luna", context=500_000, max_output=9, abilities=frozenset({"image", "telepathy"}))
    (model,) = models_of("openai", [listed], DAY)
    assert (model.display_name, model.context, model.max_output) == ("Luna", 500_000, 9)
    assert "image" in model.abilities
    assert "telepathy" not in model.abilities


def test_dated_names_are_copies() -> None:
    """A dated name is known by its plain one; the automatic choice sees one of both."""
    models = by_name(models_of("anthropic", [Listed("claude-haiku-4-5"), Listed("claude-haiku-4-5-20251001")], DAY))
    copy = models["anthropic/claude-haiku-4-5-20251001"]
    assert copy.context == 200_000
    assert not copy.automatic
    (alone,) = models_of("anthropic", [Listed("claude-haiku-4-5-20251001")], DAY)
    assert alone.automatic


def test_prices_that_change_leave_the_old_ones() -> None:
    """A new price is valid from the day on which it was seen."""
    listed = [Listed("x/new", input_price=1.0, output_price=2.0)]
    before = by_name(models_of("openrouter", listed, date(2026, 1, 1)))
    listed = [Listed("x/new", input_price=0.5, output_price=2.0)]
    (model,) = models_of("openrouter", listed, DAY, before)
    (again,) = models_of("openrouter", listed, date(2026, 12, 1), {model.name: model})
    assert again.prices == model.prices
    assert [model.price_on(day) and model.price_on(day).rates for day in (date(2026, 3, 1), DAY)] == [  # type: ignore[union-attr]
        Rates(1.0, 2.0),
        Rates(0.5, 2.0),
    ]


def test_a_model_that_costs_what_it_takes_has_no_price() -> None:
    """OpenRouter lists -1 for models that choose among others."""
    (model,) = models_of("openrouter", [Listed("openrouter/auto", input_price=-1e6, output_price=-1e6)], DAY)
    assert model.prices == ()


def test_ollama_costs_nothing_and_is_for_everybody() -> None:
    """It runs on one's own machine."""
    (model,) = models_of("ollama", [Listed("llama3.2:latest", context=8_192)], DAY)
    assert model.automatic
    assert model.tier == "guest"
    assert model.prices[0].rates == Rates(0.0, 0.0, 0.0)


def test_the_same_model_is_found_at_other_providers() -> None:
    """OpenRouter spells versions with dots and vendors in its own way."""
    assert identity("openrouter/anthropic/claude-opus-5.5") == identity("anthropic/claude-opus-5-5")
    assert identity("openrouter/google/gemini-4-argon") == identity("gemini/gemini-4-argon")
    openrouter = models_of("openrouter", [Listed("anthropic/claude-opus-5.5"), Listed("openai/gpt-6-sol")], DAY)
    assert all(model.automatic and model.strength for model in openrouter)
    all_models = catalogue({"openrouter": openrouter, "anthropic": models_of("anthropic", None, DAY)})
    assert [model.name for model in all_models.like("anthropic/claude-opus-5-5")] == [
        "anthropic/claude-opus-5-5",
        "openrouter/anthropic/claude-opus-5.5",
    ]


def test_echo_answers_where_there_is_nothing_else() -> None:
    """It is always there by name, and automatic only alone."""
    assert catalogue({}).models["demo/echo"].automatic
    assert not catalogue({"openai": models_of("openai", None, DAY)}).models["demo/echo"].automatic


def test_tiers_follow_prices() -> None:
    """The dearest are for those who pay most."""
    tiers = {name: model.tier for name, model in KNOWN.items()}
    assert tiers["openai/gpt-6-luna"] == "guest"
    assert tiers["anthropic/claude-haiku-4-5"] == "free"
    assert tiers["openai/gpt-6-sol"] == "pro"
    assert tiers["openai/gpt-6-astra"] == "enterprise"
    assert tier_for(None) == "pro"
    assert may_use("pro", "free")
    assert not may_use("guest", "free")
