"""Chats on `GET /events`, with two people at two gateways."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from schemas.ids import new_id
from tests.chats.conftest import Connection
from tests.chats.people import Chatter
from tests.chats.scene import Room, make_room
from tests.events.client import EventClient, connected
from tests.rest.people import Scene
from tests.support.stack import Stack


@dataclass
class Shared:
    """Two people in one chat, and their connections."""

    room: Room
    one: EventClient
    two: EventClient

    @property
    def chat(self) -> str:
        return self.room.chat


@pytest.fixture
async def shared(stack: Stack, connection: Connection, made: Callable[[str], Scene]) -> AsyncIterator[Shared]:
    room = await make_room(stack, connection, made)
    async with (
        connected(stack.ws_urls[0], room.owner.token) as one,
        connected(stack.ws_urls[1], room.other.token) as two,
    ):
        yield Shared(room, one, two)


async def join(client: EventClient, chat: str) -> dict[str, Any]:
    answer = await client.ask("join-chat", chat_id=chat)
    assert answer["event"] == "joined-chat", answer
    return dict(answer["data"])


async def kinds(client: EventClient, amount: int) -> list[str]:
    return [each["event"] for each in (await client.records(amount))[:amount]]


async def test_a_message_reaches_everybody_in_the_chat(shared: Shared) -> None:
    """Said at one gateway, acknowledged with its ids, heard at the other; the answer ends there too."""
    joined = await join(shared.two, shared.chat)
    assert joined["topic"] == f"chat:{shared.chat}"
    sent = await shared.one.ask("chat-message", chat_id=shared.chat, content="hello", client_msg_id="c-1")
    assert sent["event"] == "sent", sent
    assert await kinds(shared.two, 3) == ["message.created", "message.created", "message.updated"]
    user, answer, ended = (each["data"] for each in shared.two.events)
    assert (user["message"]["id"], user["message"]["content"]) == (sent["data"]["message_id"], "hello")
    assert answer["message"]["id"] == sent["data"]["answer_id"]
    assert (ended["message_id"], ended["status"]) == (sent["data"]["answer_id"], "done")
    again = await shared.one.ask("message", chat_id=shared.chat, content="hello", client_msg_id="c-1")
    assert again["data"] == sent["data"], "said once"
    whole = await shared.room.other.ok("GET", f"/api/chats/{shared.chat}/messages")
    assert [each["status"] for each in whole["items"]] == ["done", "done"]


async def test_typing_is_passed_on(shared: Shared) -> None:
    """To whoever is in the chat now, at any gateway; it stands in no log."""
    place = await join(shared.one, shared.chat)
    await join(shared.two, shared.chat)
    await shared.two.say("typing", chat_id=shared.chat)
    told = await shared.one.until("typing")
    assert told["topic"] == place["topic"]
    assert told["data"] == {
        "chat_id": shared.chat,
        "user_id": shared.room.other_id,
        "display_name": "Other",
        "is_typing": True,
    }
    assert "number" not in told
    await shared.one.ask("leave-chat", chat_id=shared.chat)
    joined = await shared.one.ask("join-chat", chat_id=shared.chat, after=place["number"])
    assert joined["data"]["number"] == place["number"], "nothing was recorded"
    refused = await shared.one.ask("typing", chat_id=str(new_id()))
    assert (refused["event"], refused["data"]["status"]) == ("error", 409)


async def test_leaving(shared: Shared) -> None:
    """After `leave-chat` nothing more comes; joined again behind a number, what was missed does."""
    place = await join(shared.two, shared.chat)
    assert (await shared.two.ask("leave-chat", chat_id=shared.chat))["event"] == "left-chat"
    await shared.room.owner.say(shared.chat, "missed")
    assert (await shared.two.ask("ping"))["event"] == "pong"
    assert shared.two.events == []
    await shared.two.ask("join-chat", chat_id=shared.chat, after=place["number"])
    assert await kinds(shared.two, 2) == ["message.created", "message.created"]


async def test_renaming_and_deleting_is_told(shared: Shared) -> None:
    """In the chat, and in the project where it is listed."""
    await join(shared.one, shared.chat)
    await shared.two.subscribe(f"project:{shared.room.project}")
    await shared.room.owner.ok("PATCH", f"/api/chats/{shared.chat}", {"title": "Other plan"})
    for client in (shared.one, shared.two):  # what is not told by then is forgotten with the chat
        assert await kinds(client, 1) == ["chat.updated"]
    await shared.room.owner.ok("DELETE", f"/api/chats/{shared.chat}", status=204)
    for client in (shared.one, shared.two):
        assert await kinds(client, 2) == ["chat.updated", "chat.deleted"]
    assert shared.one.events[0]["data"]["title"] == "Other plan"


async def test_refusals(shared: Shared, ann: Chatter) -> None:
    """What may not be is an error with a problem; the connection stays."""
    private = (await ann.chat(title="Mine"))["id"]
    for event, data, status in (
        ("join-chat", {"chat_id": private}, 404),
        ("chat-message", {"chat_id": private, "content": "x"}, 404),
        ("chat-message", {"chat_id": shared.chat, "content": ""}, 422),
        ("chat-message", {"chat_id": shared.chat, "content": "x", "model": "nothing"}, 422),
        ("join-chat", {"chat_id": "x"}, 422),
    ):
        refused = await shared.one.ask(event, **data)
        assert (refused["event"], refused["data"]["status"]) == ("error", status), (event, refused)


async def test_changed_rights_reach_the_chat(shared: Shared) -> None:
    """A member who is removed leaves the chat within a moment, though the project is public; a viewer only reads."""
    await join(shared.two, shared.chat)
    path = f"/api/projects/{shared.room.project}/members/{shared.room.other_id}"
    await shared.room.owner.ok("PATCH", path, {"role": "viewer"})
    async with asyncio.timeout(15.0):
        while not any(each["event"] == "error" for each in shared.two.others):
            await shared.two.say("typing", chat_id=shared.chat)  # answered only when refused
            await shared.two.ask("ping")
    refused = await shared.two.ask("chat-message", chat_id=shared.chat, content="x")
    assert (refused["event"], refused["data"]["status"]) == ("error", 403)
    await shared.room.owner.ok("DELETE", path, status=204)
    gone = await shared.two.until("unsubscribed")
    assert gone["data"]["topic"] == f"chat:{shared.chat}"
    assert gone["data"]["problem"]["status"] == 403
