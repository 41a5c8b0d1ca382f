"""Who there is to ask, as an environment says it (ai_router/providers.py)."""

import pytest

from ai_router.formats.openai import OpenAI
from ai_router.formats.port import Listed
from ai_router.known import KNOWN
from ai_router.providers import PROVIDERS, compatible, named_in

VARIABLES = {
    "openai": ("OPENAI_API_KEY", "OPENAI_BASE_URL"),
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
    "gemini": ("GEMINI_API_KEY", "GEMINI_BASE_URL"),
    "cohere": ("COHERE_API_KEY", "COHERE_BASE_URL"),
    "openrouter": ("OPENROUTER_API_KEY", "OPENROUTER_BASE_URL"),
    "perplexity": ("PERPLEXITY_API_KEY", "PERPLEXITY_BASE_URL"),
    "ollama": ("OLLAMA_API_KEY", "OLLAMA_API_URL"),
}


def test_nobody_is_named() -> None:
    """Without variables there may be an Ollama on this machine, and nobody else."""
    found = named_in({"PATH": "/bin", "OPENAI_API_KEY": " "})
    assert [access.provider.name for access in found.values()] == ["ollama"]
    assert found["ollama"].assumed


@pytest.mark.parametrize("name", list(PROVIDERS))
def test_variables(name: str) -> None:
    """Each provider is named by its key, found at its own address or another one."""
    key, url = VARIABLES[name]
    found = named_in({key: " secret-4711\n"})[name]
    assert (found.key, found.base_url, found.assumed) == ("secret-4711", PROVIDERS[name].base_url, False)
    assert "secret-4711" not in repr(found)
    found = named_in({key: "secret-4711", url: "http://proxy:1/x "})[name]
    assert (found.key, found.base_url) == ("secret-4711", "http://proxy:1/x")
    found = named_in({url: "http://proxy:1"})[name]  # a proxy that holds the keys
    assert (found.key, found.assumed) == ("", False)


def test_two_names_for_one_key() -> None:
    """CLAUDE_API_KEY goes before ANTHROPIC_API_KEY, unless it is empty."""
    assert named_in({"CLAUDE_API_KEY": "a", "ANTHROPIC_API_KEY": "b"})["anthropic"].key == "a"
    assert named_in({"CLAUDE_API_KEY": "", "ANTHROPIC_API_KEY": "b"})["anthropic"].key == "b"


def test_who_has_no_list() -> None:
    """Perplexity's models are known, or named by the operator."""
    models = named_in({"PERPLEXITY_API_KEY": "x"})["perplexity"].models
    assert {f"perplexity/{model.name}" for model in models} <= KNOWN.keys()
    named = named_in({"PERPLEXITY_API_KEY": "x", "PERPLEXITY_MODELS": "sonar, sonar-next,"})["perplexity"].models
    assert named == (Listed("sonar"), Listed("sonar-next"))
    assert named_in({"OPENAI_API_KEY": "x"})["openai"].models == ()


def test_a_url_of_ones_own() -> None:
    """Whoever speaks OpenAI's format is a provider, with a key or without."""
    provider = compatible("lab", "http://10.0.0.7:8000/v1")
    assert provider.format == OpenAI()
    assert not provider.needs_key
