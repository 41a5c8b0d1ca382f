"""Chats for the stock `socket.io-client` 4: two clients at two gateways."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from tests.chats.conftest import Connection
from tests.chats.people import Chatter
from tests.chats.scene import Room, make_room
from tests.clients.peer import Peer, node_peer
from tests.rest.people import Scene
from tests.support.stack import Stack

pytestmark = pytest.mark.js
LONG = "one two three four five six seven eight nine ten " * 4


class Client:
    """One socket.io-client in a Node process."""

    def __init__(self, peer: Peer, name: str) -> None:
        self._peer = peer
        self.name = name

    async def open(self, url: str, token: str) -> dict[str, Any]:
        """Connect; how that went."""
        return dict(await self._peer.call("io-open", client=self.name, url=url, token=token))

    async def ask(self, event: str, data: Any) -> dict[str, Any]:
        """Emit, and wait for the acknowledgement."""
        return dict(await self._peer.call("io-ask", client=self.name, event=event, data=data))

    async def ok(self, event: str, data: Any) -> dict[str, Any]:
        """The same, where it must succeed."""
        answer = await self.ask(event, data)
        assert answer["ok"] is True, answer
        return answer

    async def until(self, event: str, **data: Any) -> dict[str, Any]:
        """The first such event, heard or yet to come."""
        return dict(await self._peer.call("io-until", client=self.name, event=event, data=data))

    async def heard(self) -> list[dict[str, Any]]:
        """All events so far."""
        return list(await self._peer.call("io-heard", client=self.name))

    async def answer(self, message_id: str) -> str:
        """What the deltas of an answer say, once it is done."""
        await self.until("message", type="done", message_id=message_id)
        return "".join(
            each["data"]["text"]
            for each in await self.heard()
            if each["event"] == "message"
            and each["data"].get("message_id") == message_id
            and each["data"]["type"] == "delta"
        )


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with node_peer() as peer:
        yield peer


@pytest.fixture
async def room(stack: Stack, connection: Connection, made: Callable[[str], Scene]) -> Room:
    return await make_room(stack, connection, made)


@pytest.fixture
async def both(peer: Peer, room: Room) -> tuple[Client, Client]:
    """The room's two people, connected."""
    one, two = Client(peer, "one"), Client(peer, "two")
    for client, person in ((one, room.owner), (two, room.other)):
        assert (await client.open(person.url, person.token))["connected"] is True
    return one, two


async def test_a_bad_token_is_rejected(peer: Peer, stack: Stack) -> None:
    """With connect_error, which says why; no token is one, too."""
    for token in ("nonsense", ""):
        refused = await Client(peer, f"bad {token}").open(stack.urls[0], token)
        assert refused["connected"] is False
        assert refused["data"]["status"] == 401


async def test_a_message_and_its_answer_reach_both(room: Room, both: tuple[Client, Client]) -> None:
    """Said at one gateway, heard at the other, and the answer's tokens at both, each once and in order."""
    one, two = both
    assert (await one.ok("join-chat", {"chat_id": room.chat}))["topic"] == f"chat:{room.chat}"
    await two.ok("join-chat", room.chat)
    sent = await one.ok("chat-message", {"chatId": room.chat, "content": LONG, "clientMsgId": "s-1"})
    said = await two.until("message", type="created", message={"id": sent["message_id"]})
    assert said["message"]["content"] == LONG
    answers = [*await asyncio.gather(one.answer(sent["answer_id"]), two.answer(sent["answer_id"]))]
    whole = (await room.owner.ok("GET", f"/api/chats/{room.chat}/messages/{sent['answer_id']}"))["message"]
    assert answers == [whole["content"], whole["content"]]
    deltas = [each for each in await two.heard() if each["data"].get("type") == "delta"]
    assert len(deltas) > 5, "word by word"
    assert (await two.until("message.updated", message_id=sent["answer_id"]))["status"] == "done"
    again = await one.ok("message", {"chat_id": room.chat, "content": LONG, "client_msg_id": "s-1"})
    assert again == sent, "said once"


async def test_joining_in_the_middle(room: Room, both: tuple[Client, Client]) -> None:
    """Whoever joins while an answer goes on gets it from its beginning, also when REST asked for it."""
    one, _ = both
    path = f"/api/chats/{room.chat}/messages"
    said = await room.other.ok("POST", path, {"content": LONG, "stream": True}, 202)
    async with room.other.read(said["stream_id"]) as events:
        await events.until(5)
        await one.ok("join-chat", {"chat_id": room.chat})
        reading = await events.to_end()
    assert await one.answer(said["assistant"]["id"]) == reading.text


async def test_leaving_and_joining_again(room: Room, both: tuple[Client, Client]) -> None:
    """Nothing comes after `leave-chat`; joined behind a number, what was missed does."""
    one, two = both
    place = await two.ok("join-chat", {"chat_id": room.chat})
    await two.ok("leave-chat", {"chat_id": room.chat})
    said = await room.owner.say(room.chat, "missed")
    await one.ok("join-chat", {"chat_id": room.chat, "after": place["number"]})
    await one.until("message", type="created", message={"id": said["user"]["id"]})
    await one.until("message.updated", message_id=said["assistant"]["id"])
    assert [each["event"] for each in await two.heard()] == ["connect"]


async def test_typing(room: Room, both: tuple[Client, Client]) -> None:
    """Reaches whoever is in the chat at any gateway; one must be in it."""
    one, two = both
    refused = await two.ask("typing", {"chat_id": room.chat})
    assert (refused["ok"], refused["error"]["status"]) == (False, 409)
    for client in both:
        await client.ok("join-chat", {"chat_id": room.chat})
    await two.ok("typing", {"chat_id": room.chat, "is_typing": True})
    assert (await one.until("typing", user_id=room.other_id))["is_typing"] is True


async def test_refusals(room: Room, both: tuple[Client, Client], ann: Chatter) -> None:
    """What may not be is acknowledged with a problem; the connection stays."""
    one, _ = both
    private = (await ann.chat(title="Mine"))["id"]
    for event, data, status in (
        ("join-chat", private, 404),
        ("join-chat", None, 422),
        ("join-chat", {"chat_id": 7}, 422),
        ("chat-message", {"chat_id": private, "content": "x"}, 404),
        ("chat-message", {"chat_id": room.chat, "content": ""}, 422),
        ("chat-message", "hello", 422),
    ):
        refused = await one.ask(event, data)
        assert (refused["ok"], refused["error"]["status"]) == (False, status), (event, refused)
    await one.ok("join-chat", room.chat)


async def test_changed_rights(room: Room, both: tuple[Client, Client], connection: Connection) -> None:
    """A member who is removed leaves the chat, and one whose session ends the connection, within a moment."""
    one, two = both
    await two.ok("join-chat", room.chat)
    await room.owner.ok("DELETE", f"/api/projects/{room.project}/members/{room.other_id}", status=204)
    gone = await two.until("left-chat", chat_id=room.chat)
    assert gone["problem"]["status"] == 403
    assert (await two.ask("join-chat", room.chat))["error"]["status"] == 403
    assert (await room.other.call("POST", "/api/auth/logout"))[0] == 204
    assert (await two.until("disconnect"))["reason"] == "io server disconnect"
    await one.ok("join-chat", room.chat)


async def test_tokens_are_renewed(room: Room, both: tuple[Client, Client]) -> None:
    """`auth` takes a newer token of the same person, and nobody else's."""
    one, _ = both
    assert (await one.ok("auth", {"token": room.owner.token}))["expires_at"] > 0
    assert (await one.ask("auth", {"token": room.other.token}))["error"]["status"] == 403


async def test_attachments_end_the_connection(room: Room, peer: Peer) -> None:
    """Binary messages would be gathered without bound; nobody needs them."""
    client = Client(peer, "binary")
    assert (await client.open(room.owner.url, room.owner.token))["connected"] is True
    await peer.call("io-binary", client="binary")
    await client.until("disconnect")


async def test_a_stopping_gateway_sends_its_clients_elsewhere(own_stack: Callable[..., Stack], peer: Peer) -> None:
    """They connect anew by themselves, and go on in their chat behind the last number that they had."""
    stack = own_stack(gateways=1)
    person = Chatter(stack.urls[0], stack.guest())
    chat, client = (await person.chat(title="Plan"))["id"], Client(peer, "moving")
    assert (await client.open(person.url, person.token))["connected"] is True
    place = await client.ok("join-chat", chat)
    old = stack.kill("gateway-1", signal.SIGTERM)
    assert (await client.until("disconnect"))["reason"] == "transport close"
    await asyncio.to_thread(stack.wait_restarted, "gateway-1", old)
    said = await person.say(chat, "missed")
    await peer.call("io-connected", client="moving")
    await client.ok("join-chat", {"chat_id": chat, "after": place["number"]})
    await client.until("message", type="created", message={"id": said["user"]["id"]})


async def test_strangers_do_not_stay(stack: Stack) -> None:
    """A connection that never says who it is ends, without any harm to others."""
    url = f"{stack.ws_urls[0]}/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as http, http.ws_connect(url) as socket:
        assert (await socket.receive_str()).startswith("0{")
        async with asyncio.timeout(30.0):
            while (message := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING)


async def test_polling_is_refused(stack: Stack) -> None:
    """Only WebSockets: polling would need requests that return to their gateway."""
    url = f"{stack.urls[0]}/socket.io/?EIO=4&transport=polling"
    async with aiohttp.ClientSession() as http, http.get(url) as response:
        assert response.status == 400


MALFORMED = (
    *("", "x", "9", "2probe", "4", "4x", "4{}", "40{", "bAA", "44", "4" + "[" * 20_000, "42" + "[" * 20_000),
    *('42["join-chat"', "42[]", "42{}", '42["connect"]', '42["disconnect"]', '42["typing",1,2,3]', '43["x"]'),
)


@pytest.mark.parametrize("known", [False, True])
async def test_malformed_packets_harm_nobody(stack: Stack, known: bool) -> None:
    """Whatever a client sends, the gateway answers the next one, and logs no error of its own."""
    url = f"{stack.ws_urls[0]}/socket.io/?EIO=4&transport=websocket"
    log = stack.home / "logs" / "gateway-1.log"
    before, hello = log.stat().st_size, "40" + json.dumps({"token": stack.guest()})
    async with aiohttp.ClientSession() as http:
        for text in MALFORMED:
            async with http.ws_connect(url) as socket:
                assert (await socket.receive_str()).startswith("0{")
                if known:
                    await socket.send_str(hello)
                    assert (await socket.receive_str()).startswith("40{")
                await socket.send_str(text)
    written = log.read_bytes()[before:].decode()
    assert "Traceback" not in written, written
    assert '"level": "error"' not in written, written
