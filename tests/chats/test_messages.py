"""What is said in chats over REST, and what models are given of it."""

import asyncio
import base64
from typing import Any
from uuid import UUID

from schemas.conversation import Image, said
from schemas.ids import new_id
from store.chat_history import HISTORY_CHARACTERS, fitting, history, turns
from store.chat_messages import SaidRow
from store.postgres import open_pool
from tests.chats.conftest import Connection
from tests.chats.people import Chatter
from tests.support.stack import Stack

LONG = "one two three four five six seven eight nine ten " * 8


async def asked(stack: Stack, message: dict[str, Any]) -> list[tuple[str, str]]:
    """Who said what, as the model gets it for this answer: its stream names the message, and says nothing itself."""
    async with open_pool(stack.database_url) as postgres:
        found = await history(postgres, UUID(message["parent_id"]))
    assert found is not None
    return [(turn.speaker, turn.text) for turn in found.turns]


async def test_saying_waits_for_the_answer(ann: Chatter, connection: Connection, stack: Stack) -> None:
    """Without `stream` the answer comes whole; each message goes on from the latest answer, and the model gets both."""
    chat = await ann.chat()
    first = await ann.say(chat["id"], "first")
    assert first["assistant"]["status"] == "done"
    assert first["assistant"]["content"].endswith("You said: first")
    second = await ann.say(chat["id"], "second")
    assert second["user"]["parent_id"] == first["assistant"]["id"]
    assert await asked(stack, second["assistant"]) == [
        ("user", "first"),
        ("assistant", first["assistant"]["content"]),
        ("user", "second"),
    ]
    row = connection.execute("SELECT asked FROM streams WHERE id = %s", (second["stream_id"],)).fetchone()
    assert row is not None
    stored: Any = row[0]
    assert stored["answered_by"] == "demo/echo", "with which `auto` stays"
    assert (stored["message"], stored.get("turns")) == (second["user"]["id"], None), "no copy of what was said"


async def test_streaming_answers_at_once(ann: Chatter) -> None:
    """With `stream` it is 202, and the answer is followed; meanwhile nothing goes on from it."""
    chat = await ann.chat()
    path = f"/api/ai/chats/{chat['id']}/messages"
    said = await ann.ok("POST", path, {"content": LONG, "stream": True}, 202)
    assert said["assistant"]["status"] in ("queued", "running")
    await ann.refused(409, "POST", path, {"content": "and?"})
    aside = await ann.say(chat["id"], "another thread", parent_id=None)
    assert aside["user"]["parent_id"] is None
    await ann.heard(said["stream_id"])
    after = await ann.say(chat["id"], "and?", parent_id=said["assistant"]["id"])
    assert after["user"]["parent_id"] == said["assistant"]["id"]


async def test_a_repeated_message_is_said_once(ann: Chatter, stack: Stack) -> None:
    """One client_msg_id, one message, one answer, whichever gateway hears it; another text is refused."""
    chat = await ann.chat()
    there = Chatter(stack.urls[1], ann.token)
    said = await asyncio.gather(
        *(each.say(chat["id"], "once", client_msg_id="m-1") for each in (ann, there, ann, there))
    )
    assert len({(each["user"]["id"], each["stream_id"]) for each in said}) == 1
    path = f"/api/chats/{chat['id']}/messages"
    await ann.refused(409, "POST", path, {"content": "else", "client_msg_id": "m-1"})
    assert (await ann.ok("GET", f"/api/chats/{chat['id']}"))["message_count"] == 2


async def test_siblings(ann: Chatter, stack: Stack) -> None:
    """An edit is a sibling of a message, a regeneration one of an answer; each thread is its own path."""
    chat = await ann.chat()
    first = await ann.say(chat["id"], "first")
    second = await ann.say(chat["id"], "second")
    path = f"/api/chats/{chat['id']}/messages"
    again = await ann.ok("POST", f"{path}/{second['assistant']['id']}/regenerate", status=201)
    assert again["user"]["id"] == second["user"]["id"]
    assert again["assistant"]["parent_id"] == second["user"]["id"]
    assert again["assistant"]["id"] != second["assistant"]["id"]
    assert again["assistant"]["parent_id"] == second["assistant"]["parent_id"]
    edited = await ann.ok("POST", f"{path}/{second['user']['id']}/edit", {"content": "other"}, 201)
    assert edited["user"]["parent_id"] == first["assistant"]["id"]
    assert [text for _, text in await asked(stack, edited["assistant"])][0::2] == ["first", "other"]
    root = await ann.ok("POST", f"{path}/{first['user']['id']}/edit", {"content": "anew"}, 201)
    assert root["user"]["parent_id"] is None
    assert await asked(stack, root["assistant"]) == [("user", "anew")]
    await ann.refused(409, "POST", f"{path}/{second['user']['id']}/regenerate", {})
    await ann.refused(409, "POST", f"{path}/{second['assistant']['id']}/edit", {"content": "x"})
    await ann.refused(422, "POST", path, {"content": "x", "parent_id": second["user"]["id"]})
    everything = await ann.ok("GET", path)
    assert len(everything["items"]) == 9


async def test_pages_of_messages(ann: Chatter) -> None:
    """From the latest page back; oldest first within a page; nothing twice."""
    chat = await ann.chat()
    for number in range(3):
        await ann.say(chat["id"], f"message {number}")
    path, pages, cursor = f"/api/chats/{chat['id']}/messages?limit=2", [], ""
    while True:
        page = await ann.ok("GET", path + cursor)
        pages.append([each["content"] for each in page["items"] if each["role"] == "user"])
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert pages == [["message 2"], ["message 1"], ["message 0"]]
    whole = await ann.ok("GET", f"/api/chats/{chat['id']}?messages_limit=4")
    assert [each["role"] for each in whole["messages"]["items"]] == ["user", "assistant", "user", "assistant"]
    await ann.ok("GET", f"/api/chats/{chat['id']}?messages_cursor={whole['messages']['next_cursor']}")


async def test_cancelling(ann: Chatter) -> None:
    """What was said stays, in the chat too; the next message goes on from it."""
    chat = await ann.chat(message=LONG)
    answer = chat["messages"]["items"][1]
    path = f"/api/chats/{chat['id']}/messages/{answer['id']}"
    async with ann.read(chat["stream_id"]) as events:
        await events.until(5)
        await ann.ok("POST", f"{path}/cancel")
        reading = await events.to_end()
    message = (await ann.ok("GET", path))["message"]
    assert (message["status"], message["content"]) == ("cancelled", reading.text)
    assert 0 < len(reading.text) < len(LONG)
    await ann.say(chat["id"], "go on")
    await ann.refused(409, "POST", f"/api/chats/{chat['id']}/messages/{answer['parent_id']}/cancel")


async def test_feedback(ann: Chatter) -> None:
    """One opinion of each reader, replaced and taken back; only of answers."""
    chat = await ann.chat()
    said = await ann.say(chat["id"], "hello")
    path = f"/api/chats/{chat['id']}/messages/{said['assistant']['id']}"
    await ann.ok("POST", f"{path}/feedback", {"rating": 1})
    given = await ann.ok("POST", f"{path}/feedback", {"rating": -1, "comment": "too short"})
    assert given == {"message_id": said["assistant"]["id"], "rating": -1, "comment": "too short"}
    assert (await ann.ok("GET", path))["message"]["rating"] == -1
    await ann.ok("DELETE", f"{path}/feedback", status=204)
    await ann.refused(404, "DELETE", f"{path}/feedback")
    await ann.refused(422, "POST", f"{path}/feedback", {"rating": 0})
    await ann.refused(409, "POST", f"/api/chats/{chat['id']}/messages/{said['user']['id']}/feedback", {"rating": 1})


async def test_pictures(ann: Chatter, stack: Stack) -> None:
    """The model gets them with the words; lists say how many there are, the message itself brings them."""
    picture = {"type": "image", "media_type": "image/png", "data": base64.b64encode(b"not much").decode()}
    chat = await ann.chat()
    said = await ann.say(chat["id"], "what is it?", pictures=[picture])
    assert said["user"]["pictures"] == 1
    whole = await ann.ok("GET", f"/api/chats/{chat['id']}/messages/{said['user']['id']}")
    assert whole["pictures"] == [picture]
    async with open_pool(stack.database_url) as postgres:
        found = await history(postgres, UUID(said["user"]["id"]))
    assert found is not None
    assert found.turns[0].parts[0] == Image("image/png", b"not much")


def said_row(role: str, content: str, depth: int) -> SaidRow:
    return SaidRow(new_id(), role, content, None, depth)


def test_long_histories_lose_their_beginning() -> None:
    """The latest that fit; what is given begins with a user."""
    half = "x" * (HISTORY_CHARACTERS // 2)
    path = [
        said_row("user", "now", 5),
        said_row("assistant", "b", 4),
        said_row("user", half, 3),
        said_row("assistant", half, 2),
        said_row("user", "a", 1),
    ]
    assert [each.depth for each in fitting(path)] == [5, 4, 3]
    large: list[Any] = [said_row("user", half * 3, 3), said_row("assistant", "b", 2)]
    assert [each.depth for each in fitting(large)] == [3], "the question itself is always given"
    begins = [said_row("user", half, 5), said_row("assistant", "b", 4), said_row("user", half, 3)]
    assert [each.depth for each in fitting(begins)] == [5], "not with an answer"


def test_failed_answers_are_no_turns() -> None:
    """Each side speaks in turn, also where an answer failed before it said anything."""
    rows = [said_row("user", "a", 1), said_row("assistant", "", 2), said_row("user", "b", 3)]
    (turn,), (end,) = turns(rows)
    assert (turn.speaker, turn.text) == ("user", "a\n\nb")
    assert (end.id, end.depth) == (rows[2].id, 3)
    assert turns([said_row("user", "a", 1), said_row("assistant", "b", 2)])[0] == (
        said("user", "a"),
        said("assistant", "b"),
    )
