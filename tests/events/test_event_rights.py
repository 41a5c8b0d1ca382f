"""`GET /events`: who may, and what is refused; on one gateway in the test's own process."""

import asyncio
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from gateway.events.limits import MESSAGE_BYTES, MESSAGES_BURST, TOPICS_PER_SOCKET
from schemas.ids import new_id
from store.event_log import EventLog
from store.happenings import add_access_change
from store.postgres import Postgres
from tests.events.client import EventClient, connected
from tests.events.conftest import Person
from tests.events.telling import Told, tell_all
from tests.rest.api import Api


def kinds(records: list[dict[str, Any]]) -> list[str]:
    return [record["event"] for record in records]


# Who may


async def test_first_message_may_authenticate(url: str, ann: Person) -> None:
    """Without a token on the URL the first message brings it; what comes before it is refused."""
    async with connected(url) as client:
        early = await client.ask("subscribe", topic=ann.topic)
        assert early["event"] == "error" and early["data"]["type"] == "/problems#forbidden"
        ready = await client.ask("auth", token=ann.token)
        assert ready["event"] == "ready" and ready["data"]["user_id"] == str(ann.id)
        await client.subscribe(ann.topic)


async def test_no_token_in_time(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not say who they are is sent away with 4408."""
    monkeypatch.setattr("gateway.events.session.AUTH_SECONDS", 0.1)
    async with connected(url) as client:
        assert await client.code() == 4408


async def test_bad_tokens(url: str, api: Api, ann: Person) -> None:
    """A token that proves nothing, or that opens documents only, closes with 4401."""
    room = (await api.call("POST", f"/api/projects/{ann.project}/token", token=ann.token)).body["token"]
    for token in ("nonsense", room):
        async with aiohttp.ClientSession() as http, http.ws_connect(f"{url}/events?token={token}") as socket:
            assert await EventClient(socket).code() == 4401


async def test_bearer_header(url: str, ann: Person) -> None:
    """Programs may send the header that REST takes."""
    async with connected(url, headers={"Authorization": f"Bearer {ann.token}"}) as client:
        assert (await client.next())["event"] == "ready"


@pytest.mark.parametrize(("origin", "outcome"), [("https://app.example", "ready"), ("https://evil.example", 4403)])
async def test_cookies_need_an_origin(url: str, ann: Person, origin: str, outcome: object) -> None:
    """The cookie counts for pages of allowed origins only: browsers send it for every page."""
    headers = {"Cookie": f"__Host-atrium={ann.token}", "Origin": origin}
    async with connected(url, headers=headers) as client:
        seen = (await client.next())["event"] if outcome == "ready" else await client.code()
        assert seen == outcome


async def test_cookie_without_origin(url: str, ann: Person) -> None:
    """A cookie without any origin does not count either."""
    async with connected(url, headers={"Cookie": f"__Host-atrium={ann.token}"}) as client:
        assert await client.code() == 4403


@pytest.mark.parametrize(
    ("topic", "kind"),
    [
        ("project:{theirs}", "forbidden"),
        ("project:{nowhere}", "not-found"),
        ("user:{them}", "forbidden"),
        ("access", "invalid"),
        ("access:{nowhere}", "invalid"),
        ("project:", "invalid"),
        ("project:UPPER", "invalid"),
        ("", "invalid"),
    ],
)
async def test_refused_topics(url: str, ann: Person, bob: Person, topic: str, kind: str) -> None:
    """A topic that is not the client's to follow is refused by a problem; the connection stays."""
    named = topic.format(theirs=bob.project, them=bob.id, nowhere=new_id())
    async with connected(url, ann.token) as client:
        answer = await client.ask("subscribe", topic=named)
        assert answer["event"] == "error" and answer["data"]["type"] == f"/problems#{kind}"
        await client.subscribe(ann.topic)


async def test_public_projects_are_open(url: str, ann: Person, bob: Person, postgres: Postgres, happen: Told) -> None:
    """Whoever may read a project may follow it."""
    await postgres.execute("UPDATE projects SET visibility = 'public' WHERE id = %(id)s", {"id": UUID(ann.project)})
    async with connected(url, bob.token) as client:
        await client.subscribe(ann.topic)
        await happen(ann.project, "test.a")
        assert kinds(await client.records(1)) == ["test.a"]


async def test_members_are_not_shown_to_others(
    url: str, ann: Person, bob: Person, postgres: Postgres, events: EventLog, happen: Told
) -> None:
    """Who only reads a public project hears nothing of members, invitations and sessions, live or later; numbers stay
    good."""
    where = {"project": UUID(ann.project), "user": bob.id}
    await postgres.execute("UPDATE projects SET visibility = 'public' WHERE id = %(project)s", where)
    happened = ["test.a", "member.added", "test.b", "invite.created", "collaboration.started", "member.removed"]
    async with connected(url, ann.token) as member, connected(url, bob.token) as client:
        await member.subscribe(ann.topic)
        begun = await client.subscribe(ann.topic)
        await happen(ann.project, *happened)
        await happen(ann.project, "test.c")
        assert kinds(await member.records(7)) == [*happened, "test.c"]
        assert kinds(await client.records(3)) == ["test.a", "test.b", "test.c"]
        assert [record["number"] for record in client.events] == [
            record["number"] for record in member.events if record["event"].startswith("test.")
        ]
        seen = client.events[1]["number"]
    async with connected(url, bob.token) as client:
        await client.subscribe(ann.topic, after=seen)
        await client.records(1)
        await client.ask("unsubscribe", topic=ann.topic)
        await client.subscribe(ann.topic, after=begun)
        assert kinds(await client.records(4)) == ["test.c", "test.a", "test.b", "test.c"]
        assert "reset" not in kinds(client.others)
        # Whoever becomes a member meanwhile hears of members from then on.
        await postgres.execute(
            "INSERT INTO project_members (project_id, user_id, role) VALUES (%(project)s, %(user)s, 'viewer')", where
        )
        await add_access_change(postgres, "member.changed", project_id=where["project"], user_id=bob.id)
        await tell_all(postgres, events)
        async with asyncio.timeout(15.0):
            while "member.added" not in kinds(client.events):
                await happen(ann.project, "member.added", "test.d")
                await client.records(len(client.events) + 1)


async def test_lost_role_ends_the_subscription(
    url: str, ann: Person, bob: Person, postgres: Postgres, events: EventLog, happen: Told
) -> None:
    """Who is removed from a project hears nothing of it any more, and is told so; other topics go on."""
    where = {"project": UUID(ann.project), "user": bob.id}
    await postgres.execute(
        "INSERT INTO project_members (project_id, user_id, role) VALUES (%(project)s, %(user)s, 'viewer')", where
    )
    async with connected(url, bob.token) as client:
        await client.subscribe(ann.topic)
        await client.subscribe(bob.topic)
        await postgres.execute(
            "DELETE FROM project_members WHERE project_id = %(project)s AND user_id = %(user)s", where
        )
        await add_access_change(postgres, "member.changed", project_id=where["project"], user_id=bob.id)
        await tell_all(postgres, events)
        ended = await client.until("unsubscribed")
        assert ended["data"]["topic"] == ann.topic
        assert ended["data"]["problem"]["type"] == "/problems#forbidden"
        await happen(ann.project, "test.secret")
        await happen(bob.project, "test.own")
        assert kinds(await client.records(1)) == ["test.own"]


async def test_ended_session_closes(url: str, ann: Person, postgres: Postgres, events: EventLog, tokens: Any) -> None:
    """A session that ends closes its connections with 4401, also such that follow nothing."""
    session = tokens.verify_access(ann.token).session_id
    async with connected(url, ann.token) as idle, connected(url, ann.token) as client:
        await client.subscribe(ann.topic)
        await postgres.execute("UPDATE sessions SET revoked_at = now() WHERE id = %(id)s", {"id": session})
        await add_access_change(postgres, "session.ended", session_id=session)
        await tell_all(postgres, events)
        assert await idle.code() == await client.code() == 4401


async def test_newer_token(url: str, api: Api, ann: Person, bob: Person) -> None:
    """A connection takes a newer token of its own user, and refuses another's without harm."""
    async with connected(url, ann.token) as client:
        await client.subscribe(ann.topic)
        assert (await client.ask("auth", token=ann.token))["event"] == "ready"
        assert (await client.ask("auth", token=bob.token))["data"]["type"] == "/problems#forbidden"
        assert (await client.ask("auth", token="nonsense"))["data"]["type"] == "/problems#unauthenticated"
        assert (await client.ask("ping"))["event"] == "pong"


# What is refused


@pytest.mark.parametrize(
    ("text", "kind", "ack"),
    [
        ("", "malformed", None),
        ("nonsense", "malformed", None),
        ("[]", "invalid", None),
        ('{"event":"dance","id":7}', "invalid", 7),
        ('{"event":"subscribe","id":"x"}', "invalid", "x"),
        ('{"event":"subscribe","data":{"topic":"a","after":-1},"id":1}', "invalid", 1),
        ('{"event":"ping","id":1.5}', "invalid", None),
        ('{"event":"ping","extra":1}', "invalid", None),
        ("[" * 10_000, "invalid", None),
    ],
)
async def test_messages_that_are_not_understood(url: str, ann: Person, text: str, kind: str, ack: object) -> None:
    """Each is answered by a problem, with its id where it has one; the connection goes on."""
    async with connected(url, ann.token) as client:
        await client.socket.send_str(text)
        answer = await client.next()
        assert answer["event"] == "error" and answer.get("ack") == ack
        assert answer["data"]["type"] == f"/problems#{kind}"
        assert (await client.ask("ping"))["event"] == "pong"


async def test_wrong_frames_close(url: str, ann: Person) -> None:
    """Binary messages, too large ones and such that are no UTF-8 close with the code that says so."""
    text, binary = aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY
    for data, kind, code in [(b"x", binary, 1003), (b"x" * (MESSAGE_BYTES + 1), text, 1009), (b'"\xff"', text, 1007)]:
        async with connected(url, ann.token) as client:
            await client.socket.send_frame(data, kind)
            assert await client.code() == code


async def test_floods_close(url: str, ann: Person) -> None:
    """More messages than anybody needs close with 4429."""
    async with connected(url, ann.token) as client:
        for _ in range(MESSAGES_BURST + 50):
            await client.say("ping")
        assert await client.code() == 4429


async def test_topics_are_bounded(url: str, ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection follows a bounded number of topics, each once."""
    monkeypatch.setattr("gateway.events.session.TOPICS_PER_SOCKET", 2)
    assert TOPICS_PER_SOCKET > 2
    async with connected(url, ann.token) as client:
        await client.subscribe(ann.topic)
        assert (await client.ask("subscribe", topic=ann.topic))["data"]["type"] == "/problems#conflict"
        await client.subscribe(f"user:{ann.id}")
        assert (await client.ask("subscribe", topic=f"project:{new_id()}"))["data"]["type"] == "/problems#conflict"
