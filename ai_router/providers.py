"""Who there is to ask: each provider's format, address and the variables that name its key and address.

Another provider of a known format is one entry here; a user's own OpenAI-compatible URL is `compatible`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ai_router.formats.anthropic import Anthropic
from ai_router.formats.cohere import Cohere
from ai_router.formats.gemini import Gemini
from ai_router.formats.ollama import Ollama
from ai_router.formats.openai import OpenAI
from ai_router.formats.port import Format, Listed

FIRST_TOKEN_SECONDS: Final = 60.0
"""For a model that reads a long question before it speaks."""
LOADING_SECONDS: Final = 300.0
"""For a machine that first reads the model from its disk."""

SONAR: Final = tuple(Listed(f"sonar{kind}") for kind in ("", "-pro", "-reasoning-pro", "-deep-research"))
"""Perplexity has no list. What they cost and can do stands in known.py."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Somebody who answers in one of the formats."""

    name: str
    """As in `provider/model`."""
    title: str
    format: Format
    base_url: str
    url_variable: str = ""
    key_variables: tuple[str, ...] = ()
    """The first that is set holds the key."""
    needs_key: bool = True
    models: tuple[Listed, ...] = ()
    """Where not empty, there is no list to ask for (Format.list_models)."""
    models_variable: str = ""
    """Names to put in their place, with commas between them."""
    first_token_seconds: float = FIRST_TOKEN_SECONDS


@dataclass(frozen=True, slots=True)
class Access:
    """A provider, and how it is reached."""

    provider: Provider
    base_url: str
    key: str = field(default="", repr=False)
    models: tuple[Listed, ...] = ()
    """See Provider.models."""
    assumed: bool = False
    """Nobody named it: it may be running here (Ollama), and its absence is nothing to report."""


PROVIDERS: Final[dict[str, Provider]] = {
    provider.name: provider
    for provider in (
        Provider(
            "openai", "OpenAI", OpenAI(), "https://api.openai.com/v1", "OPENAI_BASE_URL", ("OPENAI_API_KEY",)
        ),
        Provider(
            "anthropic", "Anthropic", Anthropic(), "https://api.anthropic.com", "ANTHROPIC_BASE_URL",
            ("CLAUDE_API_KEY", "ANTHROPIC_API_KEY"),
        ),
        Provider(
            "gemini", "Gemini", Gemini(), "https://generativelanguage.googleapis.com", "GEMINI_BASE_URL",
            ("GEMINI_API_KEY",),
        ),
        Provider("cohere", "Cohere", Cohere(), "https://api.cohere.com", "COHERE_BASE_URL", ("COHERE_API_KEY",)),
        Provider(
            "openrouter", "OpenRouter", OpenAI(asks_for_usage=False, headers={"x-title": "Atrium"}),
            "https://openrouter.ai/api/v1", "OPENROUTER_BASE_URL", ("OPENROUTER_API_KEY",),
        ),
        Provider(
            "perplexity", "Perplexity", OpenAI(asks_for_usage=False), "https://api.perplexity.ai",
            "PERPLEXITY_BASE_URL", ("PERPLEXITY_API_KEY",), models=SONAR, models_variable="PERPLEXITY_MODELS",
        ),
        Provider(
            "ollama", "Ollama", Ollama(), "http://localhost:11434", "OLLAMA_API_URL", ("OLLAMA_API_KEY",),
            needs_key=False, first_token_seconds=LOADING_SECONDS,
        ),
    )
}  # fmt: skip


def compatible(name: str, base_url: str) -> Provider:
    """Whoever speaks OpenAI's format under a URL, with a key or without."""
    return Provider(name, name, OpenAI(), base_url, needs_key=False)


def named_in(environment: Mapping[str, str]) -> dict[str, Access]:
    """Those that can be asked, by name: with a key, or without where none is needed, which is also where an operator
    named an address (a proxy that holds the keys, a server of their own)."""
    found: dict[str, Access] = {}
    for provider in PROVIDERS.values():
        key = next((key for name in provider.key_variables if (key := environment.get(name, "").strip())), "")
        url = environment.get(provider.url_variable, "").strip()
        if key or url or not provider.needs_key:
            models = _named(environment.get(provider.models_variable, "")) or provider.models
            found[provider.name] = Access(provider, url or provider.base_url, key, models, assumed=not (key or url))
    return found


def _named(names: str) -> tuple[Listed, ...]:
    return tuple(Listed(name) for each in names.split(",") if (name := each.strip()))
