"""`POST /api/ai`, and `POST /api/ai/stream` in a chat: questions that are kept as chats."""

import asyncio
from typing import Any

from schemas.ids import new_id
from tests.chats.people import Chatter


async def test_a_question_makes_a_chat(ann: Chatter) -> None:
    """The pair comes whole, and the chat has it; the next question goes on in the chat."""
    pair = await ann.ok("POST", "/api/ai", {"prompt": "What is a zebra crossing?"}, 201)
    assert pair["user"]["content"] == "What is a zebra crossing?"
    assert (pair["assistant"]["status"], pair["assistant"]["parent_id"]) == ("done", pair["user"]["id"])
    chat = await ann.ok("GET", f"/api/ai/chats/{pair['user']['chat_id']}")
    assert (chat["title"], chat["mode"], chat["message_count"]) == ("What is a zebra crossing?", "auto", 2)
    second = await ann.ok("POST", "/api/ai", {"prompt": "And where?", "chat_id": chat["id"], "mode": "auto"}, 201)
    assert second["user"]["parent_id"] == pair["assistant"]["id"]


async def test_once(ann: Chatter) -> None:
    """An Idempotency-Key makes one chat and one answer of two requests."""
    ann._headers |= {"Idempotency-Key": "asked-1"}
    first = await ann.ok("POST", "/api/ai", {"prompt": "once"}, 201)
    again = await ann.ok("POST", "/api/ai", {"prompt": "once"}, 201)
    assert first == again


async def test_not_waiting(ann: Chatter) -> None:
    """With `stream` it is answered at once, and the answer followed by its stream."""
    pair = await ann.ok("POST", "/api/ai", {"prompt": "hello " * 50, "stream": True}, 202)
    assert pair["assistant"]["status"] in ("queued", "running")
    assert (await ann.heard(pair["stream_id"])).text.endswith("hello")


async def test_what_cannot_be_asked(ann: Chatter, bob: Chatter) -> None:
    """Without a prompt, in others' chats, with a mode that the model is not, with two places at once."""
    chat = (await ann.chat(title="Mine"))["id"]
    await ann.refused(422, "POST", "/api/ai", {})
    await bob.refused(404, "POST", "/api/ai", {"prompt": "x", "chat_id": chat})
    await ann.refused(422, "POST", "/api/ai", {"prompt": "x", "mode": "manual"})
    await ann.refused(422, "POST", "/api/ai", {"prompt": "x", "mode": "auto", "model": "demo/echo"})
    await ann.refused(422, "POST", "/api/ai", {"prompt": "x", "chat_id": chat, "project_id": str(new_id())})
    odd: tuple[dict[str, Any], ...] = ({"cache": True}, {"max_tokens": 5}, {"prompt": ""}, {"prompt": "x" * 100_001})
    for each in odd:
        await ann.refused(422, "POST", "/api/ai/stream", {"prompt": "x", "chat_id": chat, **each})
    await bob.refused(404, "POST", "/api/ai/stream", {"prompt": "x", "chat_id": chat})


async def test_streaming_in_a_chat(ann: Chatter) -> None:
    """The tokens come as server-sent events, and stay in the chat; repeated, it is the same stream, said once."""
    chat = (await ann.chat(title="Herons", model="demo/echo"))["id"]
    asked = {"prompt": "Where do they sleep?", "chat_id": chat, "request_id": "r-1"}
    async with ann.ask(**asked) as first, ann.ask(**asked) as second:
        readings = await asyncio.gather(first.to_end(), second.to_end())
    assert readings[0].stream_id == readings[1].stream_id
    messages = (await ann.ok("GET", f"/api/chats/{chat}/messages"))["items"]
    assert [each["content"] for each in messages] == ["Where do they sleep?", readings[0].text]
    assert (messages[0]["client_msg_id"], messages[1]["status"]) == ("r-1", "done")
