"""OpenAI's own clients, for Python and Node.js, unchanged against `/v1`."""

import asyncio
import json
from collections.abc import AsyncIterator

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from tests.conftest import JS_CLIENTS
from tests.support.stack import Stack

MESSAGES: list[ChatCompletionMessageParam] = [
    {"role": "developer", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "Hello from Python"}]},
]
SAID = "You said: Hello from Python"


@pytest.fixture
async def client(stack: Stack) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{stack.urls[0]}/v1", api_key=stack.guest(), max_retries=0) as client:
        yield client


async def test_streamed(client: openai.AsyncOpenAI) -> None:
    """Chunks as they come; the last ones have why it ended, and what it took."""
    stream = await client.chat.completions.create(
        model="auto", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text.endswith(SAID)
    assert {chunk.model for chunk in chunks} == {"demo/echo"}
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens > 5
    assert all(chunk.usage is None for chunk in chunks[:-1])


async def test_whole(client: openai.AsyncOpenAI) -> None:
    """One answer, when it has ended."""
    answer = await client.chat.completions.create(model="demo/echo", messages=MESSAGES)
    assert (answer.choices[0].message.content or "").endswith(SAID)
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


async def test_refusals(client: openai.AsyncOpenAI, stack: Stack) -> None:
    """Errors are those that its users catch, with our reason."""
    with pytest.raises(openai.AuthenticationError):
        await client.with_options(api_key="atr_wrong").models.list()
    with pytest.raises(openai.UnprocessableEntityError, match="not supported"):
        await client.chat.completions.create(model="auto", messages=MESSAGES, n=2)
    with pytest.raises(openai.UnprocessableEntityError, match="data: URL"):
        picture = {"type": "image_url", "image_url": {"url": "http://127.0.0.1/secret.png"}}
        await client.chat.completions.create(model="auto", messages=[{"role": "user", "content": [picture]}])  # type: ignore[list-item,misc]


async def test_models(client: openai.AsyncOpenAI) -> None:
    """`auto` and all that may be asked."""
    assert {"auto", "demo/echo"} <= {model.id async for model in client.models.list()}


@pytest.mark.js
async def test_node(stack: Stack) -> None:
    """The same with the client for Node.js."""
    node = await asyncio.create_subprocess_exec(
        "node", "openai.mjs", stack.urls[1], stack.guest(), cwd=JS_CLIENTS, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        output, _ = await node.communicate()
    said = json.loads(output)
    assert said["streamed"] == said["whole"]
    assert said["whole"].endswith("You said: Hello from Node")
    assert said["finish"] == "stop"
    assert said["usage"]["total_tokens"] > 5
    assert "auto" in said["models"]
    assert said["refused"] == [401, "unauthenticated"]
