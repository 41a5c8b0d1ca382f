"""`/api/notifications`, and what the teller makes them of."""

from typing import Any
from uuid import UUID

import pytest

from schemas.ids import new_id
from store import notifications, teller
from store.event_log import EventLog
from store.happenings import Happening, add_happening, user_topic
from store.notifications import Notice, add_notification
from store.postgres import Postgres
from tests.events.telling import tell_all, told
from tests.rest.api import Api


class Person:
    """Somebody with a token."""

    def __init__(self, guest: dict[str, Any]) -> None:
        self.token: str = guest["access_token"]
        self.id = UUID(guest["user"]["id"])


@pytest.fixture
async def ann(api: Api) -> Person:
    return Person(await api.guest())


@pytest.fixture
async def bob(api: Api) -> Person:
    return Person(await api.guest())


async def added(postgres: Postgres, events: EventLog, actor: Person, user: Person, kind: str = "member.added") -> None:
    project, data = new_id(), {"role": "editor", "name": "Thesis"}
    happening = Happening(topic=user_topic(user.id), kind=kind, actor_id=actor.id, project_id=project, data=data)
    await add_happening(postgres, happening)
    await tell_all(postgres, events)


async def listed(api: Api, person: Person, query: str = "") -> Any:
    reply = await api.call("GET", f"/api/notifications{query}", token=person.token)
    assert reply.status == 200, reply.body
    return reply.body


async def test_concerned_is_notified(api: Api, postgres: Postgres, events: EventLog, ann: Person, bob: Person) -> None:
    """Who is made a member has a notification, stored and live; who did it has none."""
    await added(postgres, events, ann, bob)
    body = await listed(api, bob)
    (item,) = body["items"]
    assert item["kind"] == "member.added" and item["actor_id"] == str(ann.id) and item["read_at"] is None
    assert body["unread_count"] == 1 and body["next_cursor"] is None
    _, live = await told(events, user_topic(bob.id))
    assert live["event"] == "notification" and live["data"]["id"] == item["id"]
    assert (await listed(api, ann))["items"] == []


async def test_own_acts_are_not_news(api: Api, postgres: Postgres, events: EventLog, ann: Person) -> None:
    """Who leaves by themselves is not told so."""
    await added(postgres, events, ann, ann, "member.removed")
    assert (await listed(api, ann))["items"] == []


async def test_telling_twice_notifies_once(
    postgres: Postgres, api: Api, events: EventLog, ann: Person, bob: Person
) -> None:
    """A happening that is told again, after Redis did not answer, makes no second notification."""
    await added(postgres, events, ann, bob)
    (item,) = (await listed(api, bob))["items"]
    await postgres.execute(
        "UPDATE happenings SET told = false WHERE kind = 'member.added' AND topic = %(topic)s",
        {"topic": user_topic(bob.id)},
    )
    assert await teller.tell(postgres, events) >= 1
    assert [each["id"] for each in (await listed(api, bob))["items"]] == [item["id"]]


async def test_reading(api: Api, postgres: Postgres, events: EventLog, ann: Person, bob: Person) -> None:
    """Reading one or all lowers the count, is told to the user's other tabs, and can be repeated."""
    for _ in range(3):
        await added(postgres, events, ann, bob)
    first, *_ = (await listed(api, bob))["items"]
    for _ in range(2):
        reply = await api.call("POST", f"/api/notifications/{first['id']}/read", token=bob.token)
        assert reply.status == 204
    assert (await listed(api, bob))["unread_count"] == 2
    assert len((await listed(api, bob, "?unread=true"))["items"]) == 2
    assert (await api.call("POST", "/api/notifications/read-all", token=bob.token)).status == 204
    assert (await listed(api, bob))["unread_count"] == 0
    await tell_all(postgres, events)
    kinds = [each["event"] for each in await told(events, user_topic(bob.id)) if each["event"] != "member.added"]
    assert kinds == ["notification"] * 3 + ["notification.read", "notification.read-all"]


async def test_others_cannot_be_read(api: Api, postgres: Postgres, events: EventLog, ann: Person, bob: Person) -> None:
    """Somebody else's notification is not there."""
    await added(postgres, events, ann, bob)
    (item,) = (await listed(api, bob))["items"]
    reply = await api.call("POST", f"/api/notifications/{item['id']}/read", token=ann.token)
    reply.problem(404, "not-found")
    assert (await listed(api, bob))["unread_count"] == 1


async def test_pages(api: Api, postgres: Postgres, events: EventLog, ann: Person, bob: Person) -> None:
    """Pages go from newest to oldest without a gap or repetition."""
    for _ in range(5):
        await added(postgres, events, ann, bob)
    seen, cursor = [], ""
    while True:
        body = await listed(api, bob, f"?limit=2{cursor}")
        seen += [item["id"] for item in body["items"]]
        if body["next_cursor"] is None:
            break
        cursor = f"&cursor={body['next_cursor']}"
    assert len(seen) == len(set(seen)) == 5 and seen == sorted(seen, reverse=True)


async def test_muted_kinds_are_left_out(
    api: Api, postgres: Postgres, events: EventLog, ann: Person, bob: Person
) -> None:
    """A kind that the user does not want makes no notification."""
    path = "/api/notifications/preferences"
    reply = await api.call("PUT", path, token=bob.token, json={"muted": ["member.added", "member.added"]})
    assert reply.body == {"muted": ["member.added"]}
    assert (await api.call("GET", path, token=bob.token)).body == {"muted": ["member.added"]}
    await added(postgres, events, ann, bob)
    await added(postgres, events, ann, bob, "member.changed")
    assert [item["kind"] for item in (await listed(api, bob))["items"]] == ["member.changed"]


async def test_old_ones_go(postgres: Postgres, ann: Person) -> None:
    """The chore removes what is old, and nothing else."""
    for _ in range(2):
        await postgres.transact(lambda tx: add_notification(tx, Notice(user_id=ann.id, kind="test", data={})))
    old, new = await notifications.list_notifications(postgres, ann.id, unread=False, before=None, limit=5)
    await postgres.execute(
        "UPDATE notifications SET created_at = now() - interval '200 days' WHERE id = %(id)s", {"id": old.id}
    )
    assert await notifications.remove_old(postgres, 180, 100) >= 1
    left = await notifications.list_notifications(postgres, ann.id, unread=False, before=None, limit=5)
    assert [row.id for row in left] == [new.id]


async def test_invited_and_added_over_rest(
    api: Api, postgres: Postgres, events: EventLog, ann: Person, bob: Person
) -> None:
    """Who is invited by their verified address, or made a member, finds a notification; nobody else does."""
    address = f"{bob.id.hex}@x.example"
    await postgres.execute(
        "UPDATE users SET email = %(email)s, email_verified_at = now(), is_guest = false WHERE id = %(id)s",
        {"email": address, "id": bob.id},
    )
    project = await api.project(ann.token)
    invited = await api.call(
        "POST", f"/api/projects/{project}/invites", token=ann.token, json={"email": address, "role": "viewer"}
    )
    assert invited.status == 201, invited.body
    added = await api.call(
        "POST", f"/api/projects/{project}/members", token=ann.token, json={"user_id": str(bob.id), "role": "editor"}
    )
    assert added.status == 201, added.body
    await tell_all(postgres, events)
    items = (await listed(api, bob))["items"]
    assert [item["kind"] for item in items] == ["member.added", "invite.created"]
    assert all(item["project_id"] == project for item in items) and items[0]["data"]["role"] == "editor"
    assert (await listed(api, ann))["items"] == []
