"""Well-known models: contexts, prices and abilities as their providers published them on AS_OF. Read by catalogue.py.

The figures are those of LiteLLM 1.110.2's price table, which names the providers' pages as its sources; some providers
state the limit of the input instead of the context. What a provider's own list says wins over this table, so an entry
that has aged does little harm. How strong a model is, is our guess from the place its provider gives it; it only stands
until people here have judged its answers (board.py).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final, Literal

from ai_router.models import Model, Price, Rates, tier_for
from schemas.models import Ability, Category

AS_OF: Final = date(2026, 11, 27)

Level = Literal["frontier", "strong", "quick", "small"]
_STRENGTH: Final[dict[Level, float]] = {"frontier": 0.86, "strong": 0.78, "quick": 0.66, "small": 0.55}
_GOOD_FOR: Final[dict[Level, frozenset[Category]]] = {
    "frontier": frozenset({"coding", "reasoning", "writing", "analysis"}),
    "strong": frozenset({"coding", "reasoning", "writing", "analysis"}),
    "quick": frozenset({"fast-chat", "writing", "analysis"}),
    "small": frozenset({"fast-chat"}),
}
_ABILITIES: Final[dict[str, Ability]] = {
    "i": "image", "t": "tools", "r": "reasoning", "j": "json", "s": "search"
}  # fmt: skip


def _known(
    name: str,
    context: int,
    max_output: int | None,
    usd: tuple[float, float, float | None] | None,
    letters: str,
    level: Level,
    *,
    long: tuple[int, float, float] | None = None,
    request: float = 0.0,
    auto: bool = True,
    retired: date | None = None,
) -> Model:
    """`usd` per million tokens of input, output and cached input; `long`: from where, and times what for each.

    `auto=False`: superseded by another of the same provider, or for special questions; the choice has enough to learn.
    """
    abilities = frozenset(_ABILITIES[letter] for letter in letters)
    good_for = frozenset[Category]({"research"}) if "search" in abilities else _GOOD_FOR[level]
    if "image" in abilities:
        good_for |= {"multimodal"}
    price = None if usd is None else Price(Rates(*usd), request=request)
    if price is not None and long is not None:
        above, times_input, times_output = long
        was = price.rates
        cached = None if was.cached is None else was.cached * times_input
        price = replace(price, long_above=above, long=Rates(was.input * times_input, was.output * times_output, cached))
    return Model(
        name,
        context=context,
        max_output=max_output,
        prices=() if price is None else (price,),
        abilities=abilities,
        categories=good_for,
        tier=tier_for(price),
        strength=_STRENGTH[level],
        automatic=auto,
        retired=retired,
    )


_ABOVE_272K: Final = (272_000, 2.0, 1.5)
_ABOVE_200K: Final = (200_000, 2.0, 1.5)
_ABOVE_100K: Final = (100_000, 5.0, 5.0)
_NOVEMBER: Final = date(2026, 11, 30)
_DEC_1: Final = date(2026, 12, 1)
_DEC_11: Final = date(2026, 12, 11)
_JANUARY: Final = date(2027, 1, 14)
_APRIL: Final = date(2027, 4, 1)

KNOWN: Final[Mapping[str, Model]] = {model.name: model for model in (
    _known("openai/gpt-6-astra", 922_000, 128_000, (10.0, 50.0, 1.0), "itrj", "frontier", long=_ABOVE_272K),
    _known("openai/gpt-6.1-sol", 922_000, 128_000, (2.0, 10.0, 0.1), "itrj", "frontier", long=_ABOVE_272K),
    _known("openai/gpt-6-sol", 922_000, 128_000, (2.0, 10.0, 0.2), "itrj", "strong", long=_ABOVE_272K),
    _known("openai/gpt-6.1-terra", 922_000, 128_000, (1.0, 5.0, 0.05), "itrj", "strong", long=_ABOVE_272K),
    _known("openai/gpt-6-luna", 922_000, 128_000, (0.1, 0.5, 0.01), "itrj", "quick", long=_ABOVE_272K),
    _known("openai/gpt-5.6-terra", 922_000, 128_000, (2.0, 12.0, 0.2), "itrj", "strong", long=_ABOVE_272K, auto=False),
    _known("openai/gpt-5.6-luna", 922_000, 128_000, (0.2, 1.2, 0.02), "itrj", "quick", long=_ABOVE_272K, auto=False),
    _known("openai/gpt-5.5", 1_050_000, 128_000, (5.0, 30.0, 0.5), "itrj", "strong", long=_ABOVE_272K, auto=False),
    _known("openai/gpt-5.4", 1_050_000, 128_000, (2.5, 15.0, 0.25), "itrj", "strong", long=_ABOVE_272K, auto=False),
    _known("openai/gpt-5.4-mini", 272_000, 128_000, (0.75, 4.5, 0.075), "itrj", "quick"),
    _known("openai/gpt-5.4-nano", 272_000, 128_000, (0.2, 1.25, 0.02), "itrj", "small", retired=_APRIL, auto=False),
    _known("openai/gpt-5.2", 272_000, 128_000, (1.75, 14.0, 0.175), "itrj", "strong", auto=False),
    _known("openai/gpt-5-mini", 272_000, 128_000, (0.25, 2.0, 0.025), "itrj", "quick", retired=_DEC_11, auto=False),
    _known("openai/gpt-5-nano", 272_000, 128_000, (0.05, 0.4, 0.005), "itrj", "small", retired=_DEC_11, auto=False),
    _known("openai/gpt-4.1", 1_047_576, 32_768, (2.0, 8.0, 0.5), "itj", "quick", retired=_JANUARY, auto=False),
    _known("openai/gpt-4.1-mini", 1_047_576, 32_768, (0.4, 1.6, 0.1), "itj", "quick", retired=_JANUARY, auto=False),
    _known("openai/gpt-4o", 128_000, 16_384, (2.5, 10.0, 1.25), "itj", "quick", retired=_JANUARY, auto=False),
    _known("openai/gpt-4o-mini", 128_000, 16_384, (0.15, 0.6, 0.075), "itj", "small", retired=_JANUARY, auto=False),
    _known("anthropic/claude-fable-5-1", 1_000_000, 128_000, (10.0, 50.0, 0.25), "itrj", "frontier"),
    _known("anthropic/claude-opus-5-5", 1_000_000, 128_000, (4.0, 20.0, 0.2), "itrj", "frontier"),
    _known("anthropic/claude-opus-5", 1_000_000, 128_000, (5.0, 25.0, 0.5), "itrj", "frontier", auto=False),
    _known("anthropic/claude-opus-4-8", 1_000_000, 128_000, (5.0, 25.0, 0.5), "itrj", "strong", auto=False),
    _known("anthropic/claude-sonnet-5-5", 1_000_000, 128_000, (2.0, 10.0, 0.1), "itrj", "strong"),
    _known("anthropic/claude-sonnet-5", 1_000_000, 128_000, (2.0, 10.0, 0.2), "itrj", "strong", auto=False),
    _known("anthropic/claude-sonnet-4-6", 1_000_000, 128_000, (3.0, 15.0, 0.3), "itrj", "strong", auto=False),
    _known("anthropic/claude-sonnet-4-5", 200_000, 64_000, (3.0, 15.0, 0.3), "itrj", "strong",
           retired=_NOVEMBER, auto=False),
    _known("anthropic/claude-haiku-5-5", 1_000_000, 128_000, (0.1, 0.5, 0.01), "itrj", "quick", long=_ABOVE_100K),
    _known("anthropic/claude-haiku-4-5", 200_000, 64_000, (1.0, 5.0, 0.1), "itrj", "quick"),
    _known("gemini/gemini-4-argon", 1_048_576, 1_048_576, (2.0, 10.0, 0.1), "itrj", "frontier"),
    _known("gemini/gemini-4-hydrogen", 1_048_576, 1_048_576, (1.5, 7.5, 0.075), "itrj", "strong"),
    _known("gemini/gemini-3.8-flash", 1_048_576, 65_536, (0.75, 3.75, 0.075), "itrj", "quick"),
    _known("gemini/gemini-3.5-flash-lite", 1_048_576, 65_536, (0.3, 2.5, 0.03), "itrj", "small"),
    _known("gemini/gemini-3.1-pro-preview", 1_048_576, 65_536, (2.0, 12.0, 0.2), "itrj", "strong", long=_ABOVE_200K,
           auto=False),
    _known("gemini/gemini-2.5-pro", 1_048_576, 65_536, (1.25, 10.0, 0.125), "itrj", "strong", long=_ABOVE_200K,
           retired=_DEC_1, auto=False),
    _known("gemini/gemini-2.5-flash", 1_048_576, 65_536, (0.3, 2.5, 0.03), "itrj", "quick", retired=_DEC_1, auto=False),
    _known("gemini/gemini-2.5-flash-lite", 1_048_576, 65_536, (0.1, 0.4, 0.01), "itrj", "small", auto=False),
    _known("cohere/command-a-plus-05-2026", 128_000, 64_000, None, "itrj", "strong"),
    _known("cohere/command-a-03-2025", 256_000, 8_000, (2.5, 10.0, None), "tj", "quick"),
    _known("cohere/command-r-08-2024", 128_000, 4_096, (0.15, 0.6, None), "t", "small"),
    _known("cohere/command-r7b-12-2024", 128_000, 4_096, (0.0375, 0.15, None), "t", "small", auto=False),
    _known("perplexity/sonar", 128_000, None, (1.0, 1.0, None), "s", "quick", request=0.005),
    _known("perplexity/sonar-pro", 200_000, 8_000, (3.0, 15.0, None), "s", "strong", request=0.006),
    _known("perplexity/sonar-reasoning-pro", 128_000, None, (2.0, 8.0, None), "rs", "strong", request=0.006),
    _known("perplexity/sonar-deep-research", 128_000, None, (2.0, 8.0, None), "rs", "frontier", request=0.005,
           auto=False),
)}  # fmt: skip

OLLAMA_PRICE: Final = Price(Rates(0.0, 0.0, 0.0))
"""One's own machine."""

ECHO: Final = Model(
    "demo/echo",
    "Echo (demonstration)",
    context=128_000,
    max_output=4_096,
    prices=(OLLAMA_PRICE,),
    tier="guest",
    strength=0.0,
)
"""Answers where there is no key and no Ollama, and says what it is (workers/ai/echo.py)."""
