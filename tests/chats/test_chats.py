"""Chats over REST: made, found, renamed and deleted."""

import asyncio
from typing import Any

import pytest

from tests.chats.conftest import Connection
from tests.chats.people import Chatter
from tests.support.stack import Stack
from tests.support.waiting import wait_until

LONG = "one two three four five six seven eight nine ten " * 8


async def test_a_chat_begins_with_a_message(ann: Chatter, stack: Stack) -> None:
    """The first message makes the title and is answered; the answer stands in the chat once its stream has ended."""
    chat = await ann.chat(message="What is a zebra crossing?\nTell me.")
    assert chat["title"] == "What is a zebra crossing?"
    assert (chat["model"], chat["mode"], chat["role"], chat["message_count"]) == ("auto", "auto", "owner", 2)
    user, answer = chat["messages"]["items"]
    assert (user["role"], user["content"], user["status"]) == (
        "user",
        "What is a zebra crossing?\nTell me.",
        "done",
    )
    assert (answer["role"], answer["parent_id"], answer["stream_id"]) == ("assistant", user["id"], chat["stream_id"])
    heard = await ann.heard(chat["stream_id"])
    for path in ("/api/chats", "/api/ai/chats"):
        there = Chatter(stack.urls[1], ann.token)
        later = (await there.ok("GET", f"{path}/{chat['id']}"))["messages"]["items"][1]
        assert (later["status"], later["content"], later["model"]) == ("done", heard.text, "demo/echo")
    assert heard.text.endswith("Tell me.")


async def test_models_and_modes(ann: Chatter) -> None:
    """`mode` says who chooses the model, and must agree with it."""
    assert (await ann.chat(model="demo/echo"))["mode"] == "manual"
    assert (await ann.chat(mode="auto"))["title"] == "New chat"
    await ann.refused(422, "POST", "/api/chats", {"mode": "manual"})
    await ann.refused(422, "POST", "/api/chats", {"mode": "auto", "model": "demo/echo"})
    await ann.refused(422, "POST", "/api/chats", {"model": "no such thing"})


async def test_chats_are_renamed(ann: Chatter) -> None:
    """Title and model change; what is not given stays."""
    chat = await ann.chat(title="Before", model="demo/echo")
    renamed = await ann.ok("PATCH", f"/api/chats/{chat['id']}", {"title": "After"})
    assert (renamed["title"], renamed["model"]) == ("After", "demo/echo")
    changed = await ann.ok("PATCH", f"/api/chats/{chat['id']}", {"model": "auto"})
    assert (changed["title"], changed["mode"]) == ("After", "auto")


async def test_chats_are_listed_by_their_last_use(ann: Chatter) -> None:
    """Pages by keyset: all chats once, the last used first."""
    ids = [(await ann.chat(title=f"Chat {number}"))["id"] for number in range(5)]
    await ann.say(ids[0], "hello")
    found, cursor = [], ""
    while True:
        page = await ann.ok("GET", f"/api/chats?limit=2{cursor}")
        found += [each["id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == [ids[0], *reversed(ids[1:])]


async def test_chats_are_searched(ann: Chatter, bob: Chatter) -> None:
    """By words and their beginnings in titles, in what users said and in what models answered; only one's own."""
    tea = await ann.chat(title="Darjeeling or Assam")
    code = await ann.chat(title="Code", message="How do I read main.py in Übersicht?")
    await ann.heard(code["stream_id"])

    async def found(q: str, who: Chatter = ann) -> list[Any]:
        return [each["id"] for each in (await who.ok("GET", f"/api/chats?q={q}"))["items"]]

    assert await found("darj") == [tea["id"]]
    assert await found("assam darjeeling") == [tea["id"]]
    assert await found("main") == [code["id"]]
    assert await found("main.py") == [code["id"]]
    assert await found("übersicht") == [code["id"]]
    assert await found("language model") == [code["id"]], "the demo says that it is none"
    assert await found("assam main") == []
    assert await found("?!") == []
    assert await found("darj", bob) == []


async def test_others_do_not_see_it(ann: Chatter, bob: Chatter) -> None:
    """Somebody else's chat is not there, whatever is asked of it."""
    chat = await ann.chat(message="secret")
    path, message = f"/api/chats/{chat['id']}", chat["messages"]["items"][1]["id"]
    for method, rest, body in (
        ("GET", "", None),
        ("PATCH", "", {"title": "Mine"}),
        ("DELETE", "", None),
        ("GET", "/messages", None),
        ("POST", "/messages", {"content": "hello"}),
        ("GET", f"/messages/{message}", None),
        ("POST", f"/messages/{message}/regenerate", {}),
        ("POST", f"/messages/{message}/cancel", None),
        ("POST", f"/messages/{message}/feedback", {"rating": 1}),
    ):
        await bob.refused(404, method, path + rest, body)
    other = await bob.chat(title="Other")
    await bob.refused(404, "GET", f"/api/chats/{other['id']}/messages/{message}")


async def test_deleting_forgets_what_was_said(ann: Chatter, connection: Connection) -> None:
    """The chat is gone; of its answers, also of one that went on, only what they cost is kept."""
    chat = await ann.chat(message="the first secret")
    await ann.heard(chat["stream_id"])
    said = await ann.ok("POST", f"/api/chats/{chat['id']}/messages", {"content": f"secret {LONG}", "stream": True}, 202)
    async with ann.read(said["stream_id"]) as events:
        await events.until(5)
        await ann.ok("DELETE", f"/api/chats/{chat['id']}", status=204)
        done = (await events.to_end()).done or {}
        assert (done["status"], set(done)) == ("cancelled", {"status", "usage"})
    await ann.refused(404, "GET", f"/api/chats/{chat['id']}")

    def rows() -> list[tuple[object, ...]]:
        return connection.execute(
            "SELECT status, text, asked::text, usage IS NOT NULL FROM streams WHERE id = ANY(%s) ORDER BY id",
            ([chat["stream_id"], said["stream_id"]],),
        ).fetchall()

    nothing = '{"turns": []}'
    await wait_until(lambda: rows()[1][0] == "cancelled", "the end of the second")
    assert rows() == [("done", "", nothing, True), ("cancelled", "", nothing, True)]


async def test_making_one_twice(ann: Chatter) -> None:
    """An Idempotency-Key makes one chat and one stream of two requests."""
    headers = {"Idempotency-Key": "chat-1"}
    ann._headers |= headers
    first, second = await asyncio.gather(ann.chat(message="once"), ann.chat(message="once"))
    assert first["id"] == second["id"]
    assert first["stream_id"] == second["stream_id"]


@pytest.mark.parametrize("body", [{"pictures": [{"type": "image", "media_type": "image/png", "data": "AAAA"}]}])
async def test_pictures_need_words(ann: Chatter, body: dict[str, Any]) -> None:
    """What a chat begins with is a message."""
    await ann.refused(422, "POST", "/api/chats", body)
