"""Providers' lists of models, page by page."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_router.formats.limits import MODELS_MAX
from ai_router.formats.port import Listed
from ai_router.providers import PROVIDERS


def read(name: str, content: Any) -> tuple[list[Listed], str]:
    """What a list says."""
    return PROVIDERS[name].format.read_models(json.dumps(content).encode())


def page_url(name: str, page: str) -> str:
    """Where a page is asked for."""
    return PROVIDERS[name].format.list_models(PROVIDERS[name].base_url, "", page).url


def test_openai() -> None:
    """Models that chat, and nothing but their names."""
    names = ["gpt-4o", "text-embedding-3-small", "whisper-1", "gpt-4o-mini-tts", "dall-e-3", "omni-moderation-latest"]
    names += ["gpt-realtime", "gpt-image-1", "sora-2", "davinci-002", "gpt-3.5-turbo-instruct", "o3"]
    listed = read("openai", {"object": "list", "data": [{"id": name, "object": "model"} for name in names]})
    assert listed == ([Listed("gpt-4o"), Listed("o3")], "")
    assert page_url("openai", "") == "https://api.openai.com/v1/models"


def test_openrouter() -> None:
    """Prices per token as text, abilities in words; what depends has no price."""
    model = {
        "id": "google/gemini-2.5-pro",
        "name": "Google: Gemini 2.5 Pro",
        "context_length": 1_048_576,
        "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
        "pricing": {"prompt": "0.00000125", "completion": "0.00001", "request": "0"},
        "top_provider": {"max_completion_tokens": 65_536},
        "supported_parameters": ["tools", "reasoning", "seed"],
    }
    auto = {"id": "openrouter/auto", "pricing": {"prompt": "-1", "completion": "-1"}}
    painter = {"id": "x/painter", "architecture": {"output_modalities": ["image"]}}
    assert read("openrouter", {"data": [model, auto, painter]})[0] == [
        Listed(
            *("google/gemini-2.5-pro", "Google: Gemini 2.5 Pro", 1_048_576, 65_536, 1.25, 10.0),
            frozenset({"image", "tools", "reasoning"}),
        ),
        Listed("openrouter/auto"),
    ]


def test_anthropic() -> None:
    """Pages by the last name."""
    models = [
        {"type": "model", "id": "claude-1", "display_name": "Claude 1", "created_at": "2026-01-01T00:00:00Z"},
        {
            "id": "claude-2",
            "display_name": "Claude 2",
            "max_input_tokens": 200_000,
            "max_tokens": 64_000,
            "capabilities": {"image_input": {"supported": True}, "thinking": {"supported": True}, "batch": {}},
        },
    ]
    content = {"data": models, "has_more": True, "first_id": "claude-1", "last_id": "claude-2"}
    two = Listed("claude-2", "Claude 2", 200_000, 64_000, abilities=frozenset({"image", "reasoning"}))
    assert read("anthropic", content) == ([Listed("claude-1", "Claude 1"), two], "claude-2")
    assert read("anthropic", {**content, "has_more": False})[1] == ""
    assert page_url("anthropic", "") == "https://api.anthropic.com/v1/models?limit=1000"
    assert page_url("anthropic", "a&b") == "https://api.anthropic.com/v1/models?limit=1000&after_id=a%26b"


def test_gemini() -> None:
    """Models that generate content, under the names they are asked by."""
    models = [
        {
            "name": "models/gemini-2.5-pro",
            "displayName": "Gemini 2.5 Pro",
            "thinking": True,
            "inputTokenLimit": 1_048_576,
            "outputTokenLimit": 65_536,
            "supportedGenerationMethods": ["generateContent", "countTokens"],
        },
        {"name": "models/embedding-001", "supportedGenerationMethods": ["embedContent"]},
        {"name": "models/nothing"},
    ]
    pro = Listed("gemini-2.5-pro", "Gemini 2.5 Pro", 1_048_576, 65_536, abilities=frozenset({"reasoning"}))
    assert read("gemini", {"models": models, "nextPageToken": "next="}) == ([pro], "next=")
    assert page_url("gemini", "next=").endswith("/v1beta/models?pageSize=1000&pageToken=next%3D")


def test_cohere() -> None:
    """Models that chat and will go on doing so; the list is v1, also where the URL says v2."""
    models = [
        {"name": "command-a", "endpoints": ["chat"], "context_length": 256_000, "features": ["tools", "vision", "x"]},
        {"name": "command-old", "endpoints": ["chat"], "is_deprecated": True},
        {"name": "embed-v4", "endpoints": ["embed"], "features": None},
        {"name": "command-r", "endpoints": ["chat", "generate"], "context_length": 128_000.0, "features": None},
    ]
    assert read("cohere", {"models": models, "next_page_token": "t"}) == (
        [
            Listed("command-a", context=256_000, abilities=frozenset({"tools", "image"})),
            Listed("command-r", context=128_000),
        ],
        "t",
    )
    form = PROVIDERS["cohere"].format
    assert (
        form.list_models("http://x/v2", "", "t").url == "http://x/v1/models?page_size=1000&endpoint=chat&page_token=t"
    )


def test_ollama() -> None:
    """Models that can chat, as far as it says."""
    models = [
        {"name": "llama3.2:latest", "model": "llama3.2:latest", "details": {"family": "llama"}},
        {"name": "nomic-embed-text", "details": {"family": "nomic-bert"}},
        {"name": "qwen3", "capabilities": ["completion", "tools"]},
        {"name": "qwen3-embedding", "capabilities": ["embedding"], "details": {"family": "qwen3"}},
    ]
    assert read("ollama", {"models": models}) == ([Listed("llama3.2:latest"), Listed("qwen3")], "")
    assert page_url("ollama", "") == "http://localhost:11434/api/tags"


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    (
        *("id", "name", "context_length", "architecture", "pricing", "top_provider", "supported_parameters"),
        *("endpoints", "features", "capabilities", "details", "supportedGenerationMethods", "inputTokenLimit"),
        *("displayName", "display_name"),
    )
)


@pytest.mark.parametrize("name", list(PROVIDERS))
@given(models=st.lists(st.dictionaries(FIELDS, ODD, max_size=6) | ODD, max_size=3), more=ODD)
def test_any_list(name: str, models: list[Any], more: Any) -> None:
    """Whatever models claim, the list is read."""
    page = {"nextPageToken": more, "next_page_token": more, "has_more": True, "last_id": more}
    found, following = read(name, {"data": models, "models": models, **page})
    assert all(isinstance(each.name, str) for each in found)
    assert isinstance(following, str)


@pytest.mark.parametrize("name", list(PROVIDERS))
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"data":{},"models":{}}', b"\xff", b"[" * 100_000])
def test_what_is_no_list(name: str, body: bytes) -> None:
    """Anything else raises ValueError, and nothing else."""
    with pytest.raises(ValueError):
        PROVIDERS[name].format.read_models(body)


def test_lists_and_names_are_bounded() -> None:
    """Not all is taken."""
    models = [{"id": name} for name in ("", "x" * 201, "a\nb", 7, *(f"m{number}" for number in range(MODELS_MAX + 5)))]
    assert len(read("openai", {"data": models})[0]) == MODELS_MAX - 4
