"""What people say stands in their chats and nowhere else: in no log and no figure; once deleted, in no row either."""

import asyncio

import aiohttp
import psycopg

from tests.chats.people import Chatter
from tests.conftest import MakeStack
from tests.rest.ai.standin import stand_in
from tests.rest.ai.test_canary import Canary, files_with, rows_with

BROKEN = (
    '42["chat-message", {"content": "%s"',
    '42["nobody-knows-this", "%s"]',
    '42["chat-message", {"chat_id": "%s"}]',
)


async def test_what_is_said_is_told_to_no_log(own_stack: MakeStack) -> None:
    """Said over REST, as an answer's question, over a socket, in searches and in what is refused; then deleted."""
    canary = Canary()
    async with stand_in() as answers, stand_in() as refuses:
        refuses.repeated.add("key")
        urls = {"OPENAI_BASE_URL": answers.url, "OPENROUTER_BASE_URL": refuses.url, "OPENROUTER_API_KEY": "key"}
        stack = await asyncio.to_thread(own_stack, gateways=1, environment={**urls, "ATRIUM_LOG_LEVEL": "debug"})
        ann = Chatter(stack.urls[0], stack.guest())
        with psycopg.connect(stack.database_url) as connection:
            connection.execute("UPDATE users SET is_guest = false, tier = 'enterprise'")
        chat = (await ann.chat(message=f"Where is {canary.middle}?", title=canary.middle))["id"]
        for model in ("openai/some-model", "openrouter/some-model", "demo/echo"):
            asked = {"content": canary.middle, "model": model, "parent_id": None}
            await ann.call("POST", f"/api/chats/{chat}/messages", asked)
        await ann.call("GET", f"/api/chats?q={canary.middle}")
        await ann.refused(422, "POST", f"/api/chats/{chat}/messages", {"content": canary.middle, canary.middle: 1})
        said = await ann.ok("GET", f"/api/chats/{chat}/messages")
        answer = next(each["id"] for each in said["items"] if each["role"] == "assistant")
        await ann.ok("POST", f"/api/chats/{chat}/messages/{answer}/feedback", {"rating": 1, "comment": canary.middle})
        await on_sockets(stack.ws_urls[0], ann.token, canary.middle)
        async with aiohttp.ClientSession() as http, http.get(f"{stack.urls[0]}/metrics") as response:
            assert not canary.in_bytes(await response.read())
    assert "chat_messages" in rows_with(stack.database_url, canary), "the search finds"
    await ann.ok("DELETE", f"/api/chats/{chat}", status=204)
    assert rows_with(stack.database_url, canary) == []
    await asyncio.to_thread(stack.stop)
    assert files_with(stack.home / "logs", canary) == []


async def on_sockets(url: str, token: str, secret: str) -> None:
    """What cannot be read, as that of a client with a fault of its own."""
    for broken in BROKEN:
        at = f"{url}/socket.io/?EIO=4&transport=websocket"
        async with aiohttp.ClientSession() as http, http.ws_connect(at) as socket:
            await socket.send_str(f'40{{"token": "{token}"}}')
            await socket.send_str(broken % secret)
            await asyncio.wait_for(socket.receive(), 30.0)
