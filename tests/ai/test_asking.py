"""What is sent to providers: one conversation in every format."""

import json
from typing import Any

import pytest

from ai_router.formats import anthropic
from ai_router.formats.ollama import CONTEXT_MAX
from ai_router.formats.port import Ask, Format, Sending
from ai_router.providers import PROVIDERS
from schemas.conversation import Image, Text, Turn, said

KEY = "key-canary-4711"
PICTURE = Image("image/png", b"\x89PNG")
TURNS = [
    said("system", "Be brief."),
    said("user", "What is this?"),
    Turn("user", (PICTURE, Text("And this?"))),
    said("assistant", "A cat."),
    said("system", "Be polite."),
    said("assistant", ""),
    said("user", "Sure?"),
]
WHOLE = Ask("model-1", TURNS, max_tokens=100, temperature=0.5, stop=("END",))
URL = "data:image/png;base64,iVBORw=="
each_provider = pytest.mark.parametrize("name", list(PROVIDERS))


def sent(name: str, ask: Ask) -> tuple[Sending, Any]:
    """What a provider is sent, and its body."""
    provider = PROVIDERS[name]
    sending = provider.format.ask(provider.base_url, KEY, ask)
    return sending, json.loads(sending.body)


@each_provider
def test_keys_stand_in_one_header(name: str) -> None:
    """The key is in one header, never in the URL or the body, and not in what is printed."""
    form: Format = PROVIDERS[name].format
    for sending in (sent(name, WHOLE)[0], form.list_models(PROVIDERS[name].base_url, KEY, "")):
        assert len([value for value in sending.headers.values() if KEY in value]) == 1
        assert KEY not in sending.url + sending.body.decode() + repr(sending)
    assert not any(KEY in value or value.endswith(" ") for value in form.ask("http://x", "", WHOLE).headers.values())


ADDRESSES = {
    "openai": "https://api.openai.com/v1/chat/completions",
    "anthropic": "https://api.anthropic.com/v1/messages",
    "gemini": "https://generativelanguage.googleapis.com/v1beta/models/model-1:streamGenerateContent?alt=sse",
    "cohere": "https://api.cohere.com/v2/chat",
    "openrouter": "https://openrouter.ai/api/v1/chat/completions",
    "perplexity": "https://api.perplexity.ai/chat/completions",
    "ollama": "http://localhost:11434/api/chat",
}
KEY_HEADERS = {"anthropic": "x-api-key", "gemini": "x-goog-api-key"}


@each_provider
def test_addresses(name: str) -> None:
    """Each provider is asked where it listens, with the key where it looks for it."""
    sending, _ = sent(name, WHOLE)
    assert (sending.method, sending.url) == ("POST", ADDRESSES[name])
    header = KEY_HEADERS.get(name, "authorization")
    assert sending.headers[header] == (KEY if name in KEY_HEADERS else f"Bearer {KEY}")
    assert sending.headers["content-type"] == "application/json"


def test_openai() -> None:
    """The system in front, neighbours of one side merged, pictures as URLs, usage asked for."""
    _, body = sent("openai", WHOLE)
    picture = {"type": "image_url", "image_url": {"url": URL}}
    question = [{"type": "text", "text": "What is this?"}, picture, {"type": "text", "text": "And this?"}]
    assert body == {
        "model": "model-1",
        "messages": [
            {"role": "system", "content": "Be brief.\n\nBe polite."},
            {"role": "user", "content": question},
            {"role": "assistant", "content": "A cat."},
            {"role": "user", "content": "Sure?"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 100,
        "temperature": 0.5,
        "stop": ["END"],
    }


@pytest.mark.parametrize("model", ["o3-mini", "gpt-5.2", "gpt-6-astra", "openai/o4-mini", "gpt-10"])
def test_openai_models_that_reason(model: str) -> None:
    """They refuse `max_tokens`, temperatures and stop sequences."""
    _, body = sent("openai", Ask(model, TURNS, max_tokens=100, temperature=0.5, stop=("END",)))
    assert body["max_completion_tokens"] == 100
    assert not {"max_tokens", "temperature", "stop"} & body.keys()


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4.1-nano", "gpt-5-chat-latest", "olmo-3", "llama-3-o1"])
def test_openai_models_that_do_not(model: str) -> None:
    """The others take them."""
    _, body = sent("openai", Ask(model, TURNS, max_tokens=100, temperature=0.5))
    assert body["max_tokens"] == 100
    assert body["temperature"] == 0.5


@pytest.mark.parametrize("name", ["openrouter", "perplexity"])
def test_openai_relatives(name: str) -> None:
    """They always tell the usage, and are not asked for it."""
    sending, body = sent(name, WHOLE)
    assert "stream_options" not in body
    assert (sending.headers.get("x-title") == "Atrium") == (name == "openrouter")


def test_stop_sequences_are_cut() -> None:
    """OpenAI takes four."""
    assert sent("openai", Ask("m", TURNS, stop=tuple("abcdef")))[1]["stop"] == ["a", "b", "c", "d"]


def test_anthropic() -> None:
    """The system apart, a limit always, pictures as sources."""
    sending, body = sent("anthropic", Ask("claude-sonnet-4-5", TURNS, max_tokens=100, temperature=1.5, stop=("END",)))
    assert sending.headers["anthropic-version"] == "2023-06-01"
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="}}
    question = [{"type": "text", "text": "What is this?"}, picture, {"type": "text", "text": "And this?"}]
    assert body == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 100,
        "system": "Be brief.\n\nBe polite.",
        "messages": [
            {"role": "user", "content": question},
            {"role": "assistant", "content": [{"type": "text", "text": "A cat."}]},
            {"role": "user", "content": [{"type": "text", "text": "Sure?"}]},
        ],
        "stream": True,
        "temperature": 1.0,
        "stop_sequences": ["END"],
    }
    assert sent("anthropic", Ask("claude-x", TURNS))[1]["max_tokens"] == anthropic.MAX_TOKENS


@pytest.mark.parametrize(
    ("model", "takes"),
    [
        *(("claude-sonnet-4-20250514", True), ("claude-opus-4-6", True), ("claude-3-5-haiku-latest", True)),
        *(
            ("claude-opus-4-7", False),
            ("claude-opus-4-10", False),
            ("claude-sonnet-5", False),
            ("claude-fable-5", False),
        ),
    ],
)
def test_claudes_that_take_a_temperature(model: str, takes: bool) -> None:
    """Those since 4.7 refuse it."""
    assert ("temperature" in sent("anthropic", Ask(model, TURNS, temperature=0.5))[1]) is takes


def test_gemini() -> None:
    """The system apart, the assistant is the model, options in a place of their own."""
    _, body = sent("gemini", WHOLE)
    picture = {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}
    assert body == {
        "contents": [
            {"role": "user", "parts": [{"text": "What is this?"}, picture, {"text": "And this?"}]},
            {"role": "model", "parts": [{"text": "A cat."}]},
            {"role": "user", "parts": [{"text": "Sure?"}]},
        ],
        "systemInstruction": {"parts": [{"text": "Be brief.\n\nBe polite."}]},
        "generationConfig": {"maxOutputTokens": 100, "temperature": 0.5, "stopSequences": ["END"]},
    }


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("../../v1/files?x=#", "..%2F..%2Fv1%2Ffiles%3Fx%3D%23"),
        ("a:deleteAll", "a%3AdeleteAll"),
    ],
)
def test_gemini_model_in_the_path(model: str, path: str) -> None:
    """Whatever a model is called, it stays one piece of the path."""
    sending, _ = sent("gemini", Ask(model, TURNS))
    assert sending.url.endswith(f"/v1beta/models/{path}:streamGenerateContent?alt=sse")


def test_cohere() -> None:
    """The system in front, options under names of its own."""
    _, body = sent("cohere", WHOLE)
    picture = {"type": "image_url", "image_url": {"url": URL}}
    question = [{"type": "text", "text": "What is this?"}, picture, {"type": "text", "text": "And this?"}]
    assert body == {
        "model": "model-1",
        "messages": [
            {"role": "system", "content": "Be brief.\n\nBe polite."},
            {"role": "user", "content": question},
            {"role": "assistant", "content": "A cat."},
            {"role": "user", "content": "Sure?"},
        ],
        "stream": True,
        "max_tokens": 100,
        "temperature": 0.5,
        "stop_sequences": ["END"],
    }


def test_ollama() -> None:
    """Pictures beside the words, options in a place of their own."""
    _, body = sent("ollama", WHOLE)
    assert body == {
        "model": "model-1",
        "messages": [
            {"role": "system", "content": "Be brief.\n\nBe polite."},
            {"role": "user", "content": "What is this?\n\nAnd this?", "images": ["iVBORw=="]},
            {"role": "assistant", "content": "A cat."},
            {"role": "user", "content": "Sure?"},
        ],
        "stream": True,
        "options": {"num_predict": 100, "temperature": 0.5, "stop": ["END"]},
    }


def test_ollama_context() -> None:
    """A long question asks for room, as Ollama cuts it off in silence; in few steps, and not without end."""
    options = [sent("ollama", Ask("m", [said("user", "x" * size)]))[1]["options"] for size in (5_000, 30_000, 10**7)]
    assert options == [{}, {"num_ctx": 16_384}, {"num_ctx": CONTEXT_MAX}]


@each_provider
@pytest.mark.parametrize("written", ["http://10.0.0.1:8080/x{version}", "http://10.0.0.1:8080/x{version}/"])
def test_base_urls(name: str, written: str) -> None:
    """A base URL may end in a slash, and with or without the version where a format has one."""
    form = PROVIDERS[name].format
    version = {"anthropic": "/v1", "gemini": "/v1beta", "cohere": "/v2", "ollama": "/api"}.get(name, "")
    found = {form.ask(written.format(version=each), "", WHOLE).url for each in {"", version}}
    assert len(found) == 1
    assert found.pop().startswith(f"http://10.0.0.1:8080/x{version}/")
    lists = {form.list_models(written.format(version=each), "", "").url for each in {"", version}}
    assert len(lists) == 1
