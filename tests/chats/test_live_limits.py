"""Saying something over a socket is bound by the same limits, budgets and rights as over REST, and counts with it."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ai_router.allowances import ALLOWANCES
from tests.chats.conftest import Connection
from tests.chats.scene import make_room
from tests.chats.site import Site, open_site
from tests.chats.test_socketio_limits import Raw, raw
from tests.events.client import EventClient, connected
from tests.rest.people import Scene
from tests.support.stack import Stack

GUEST = ALLOWANCES["guest"]
Say = Callable[[Any], Awaitable[dict[str, Any]]]
"""Says something; the problem, or what answers it."""


@pytest.fixture
async def strict(stack: Stack, tmp_path: Path) -> AsyncIterator[Site]:
    """A gateway with the limits as they are outside of tests."""
    async with open_site(stack, tmp_path, rate_factor=1.0) as site:
        yield site


def dialects(site: Site, socket_io: Raw, events: EventClient) -> list[Say]:
    """REST, Socket.IO and `GET /events`; each says, as root, and waits for nothing."""

    async def over_rest(more: Any) -> dict[str, Any]:
        body = {"content": "hello", "parent_id": None, "stream": True, **more}
        _, answer = await site.ann.call("POST", f"/api/chats/{site.chat}/messages", body)
        return dict(answer)

    async def over_socket_io(more: Any) -> dict[str, Any]:
        await socket_io.say("chat-message", {"chat_id": site.chat, "content": "hello", "parent_id": None, **more})
        answer = json.loads((await socket_io.until("431"))[3:])[0]
        return dict(answer.get("error", answer))

    async def over_events(more: Any) -> dict[str, Any]:
        answer = await events.ask("chat-message", chat_id=site.chat, content="hello", parent_id=None, **more)
        return dict(answer["data"])

    return [over_rest, over_socket_io, over_events]


async def test_one_rate_for_all(strict: Site) -> None:
    """What a guest says in a minute over any of them is counted together; and each says when to come again."""
    began, passed = time.monotonic(), 1  # the chat was the first
    async with raw(strict) as socket_io, connected(strict.url.replace("http", "ws", 1), strict.ann.token) as events:
        for say in dialects(strict, socket_io, events):
            for _ in range(GUEST.requests_per_minute + 1):
                answer = await say({})  # refused with 429, too, when two answers go on
                if "in 60 s" in answer.get("detail", ""):
                    break
                passed += 1
            assert answer["status"] == 429, answer
            assert 0 < answer["retry_after"] <= 60
    refilled = (time.monotonic() - began) * GUEST.requests_per_minute / 60
    assert passed <= GUEST.requests_per_minute + refilled + 1


async def test_one_budget_for_all(strict: Site, connection: Connection) -> None:
    """Nothing is left of the day's requests: nobody answers, and nothing is said."""
    connection.execute(
        """
        INSERT INTO ai_days (subject, day, requests)
        SELECT user_id, (now() AT TIME ZONE 'utc')::date, %s FROM chats WHERE id = %s
        """,
        (GUEST.requests_per_day, strict.chat),
    )
    async with raw(strict) as socket_io, connected(strict.url.replace("http", "ws", 1), strict.ann.token) as events:
        for say in dialects(strict, socket_io, events):
            refused = await say({})
            assert refused["status"] == 429, refused
            assert refused["retry_after"] > 0
            assert "times a day" in refused["detail"]
    assert (await strict.ann.ok("GET", f"/api/chats/{strict.chat}"))["message_count"] == 0


async def test_said_once_over_all(strict: Site, connection: Connection) -> None:
    """The same `client_msg_id` is one message and one bill, whichever way it is repeated."""
    async with raw(strict) as socket_io, connected(strict.url.replace("http", "ws", 1), strict.ann.token) as events:
        over_rest, over_socket_io, over_events = dialects(strict, socket_io, events)
        first = await over_socket_io({"client_msg_id": "once"})
        again = await over_events({"client_msg_id": "once"})
        third = await over_rest({"client_msg_id": "once"})
        assert first["message_id"] == again["message_id"] == third["user"]["id"]
        assert first["stream_id"] == again["stream_id"] == third["stream_id"]
        await ended(strict, connection)
    streams = connection.execute(
        "SELECT count(*) FROM streams JOIN chats ON chats.user_id = streams.user_id WHERE chats.id = %s", (strict.chat,)
    ).fetchone()
    assert streams == (1,)


async def test_who_may_only_read(stack: Stack, connection: Connection, made: Callable[[str], Scene]) -> None:
    """A viewer of a project says nothing in its chats, by any way."""
    room = await make_room(stack, connection, made)
    connection.execute(
        "UPDATE project_members SET role = 'viewer' WHERE project_id = %s AND user_id = %s",
        (room.project, room.other_id),
    )
    site = Site(room.other.url, room.other, None, room.chat)  # type: ignore[arg-type]  # nobody signs here
    async with raw(site) as socket_io, connected(stack.ws_urls[1], room.other.token) as events:
        for say in dialects(site, socket_io, events):
            assert (await say({}))["status"] == 403
    assert (await room.owner.ok("GET", f"/api/chats/{room.chat}"))["message_count"] == 0


async def ended(site: Site, connection: Connection) -> None:
    """Until no answer of the chat goes on: guests have two at once."""
    for row in connection.execute("SELECT stream_id FROM chat_messages WHERE chat_id = %s", (site.chat,)).fetchall():
        if isinstance(row[0], UUID):
            await site.ann.heard(str(row[0]))
