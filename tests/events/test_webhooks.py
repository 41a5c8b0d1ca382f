"""Outgoing webhooks: endpoints over REST, and their deliveries."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest
from aiohttp.pytest_plugin import AiohttpClient

from gateway.app import create_app
from gateway.settings import Settings
from schemas.ids import new_id
from store import deliveries
from store.event_log import EventLog
from store.happenings import Happening, add_happening, project_topic, user_topic
from store.postgres import Postgres
from store.teller import is_any_untold
from tests.events.hooks import HERE, Courier, receiver, verify
from tests.events.telling import tell_all, told
from tests.rest.api import Api
from tests.rest.databases import execute


@pytest.fixture
async def api(make_settings: Callable[..., Settings], aiohttp_client: AiohttpClient) -> Api:
    """A gateway that allows receivers on this machine."""
    return Api(await aiohttp_client(create_app(make_settings(outbound=HERE), live=False)))


@pytest.fixture
async def courier(postgres: Postgres) -> AsyncIterator[Courier]:
    async with Courier(postgres) as mine:
        yield mine


class Owner:
    """A registered user with a project."""

    def __init__(self, api: Api, token: str, user: UUID) -> None:
        self.api, self.token, self.user = api, token, user
        self.project = ""

    async def call(self, method: str, path: str, json: object = None) -> Any:
        return await self.api.call(method, path, token=self.token, json=json)

    async def hook(self, url: str, **body: object) -> tuple[str, str]:
        """A new endpoint: (id, secret)."""
        reply = await self.call("POST", "/api/webhooks", {"url": url, **body})
        assert reply.status == 201, reply.body
        return reply.body["webhook"]["id"], reply.body["secret"]

    async def deliveries(self, endpoint: str) -> list[dict[str, Any]]:
        reply = await self.call("GET", f"/api/webhooks/{endpoint}/deliveries")
        assert reply.status == 200, reply.body
        return list(reply.body["items"])


async def registered(api: Api, postgres: Postgres) -> Owner:
    guest = await api.guest()
    user = UUID(guest["user"]["id"])
    await postgres.execute("UPDATE users SET is_guest = false, tier = 'free' WHERE id = %(id)s", {"id": user})
    owner = Owner(api, guest["access_token"], user)
    owner.project = await api.project(owner.token)
    # That the project was made is told by now, and to no endpoint.
    async with asyncio.timeout(10.0):
        while await is_any_untold(postgres):  # noqa: ASYNC110  PostgreSQL has no event for it
            await asyncio.sleep(0.01)
    return owner


@pytest.fixture
async def owner(api: Api, postgres: Postgres) -> Owner:
    return await registered(api, postgres)


async def happen(postgres: Postgres, events: EventLog, project: str, *kinds: str) -> None:
    for kind in kinds:
        project_id = UUID(project)
        happening = Happening(
            topic=project_topic(project_id), kind=kind, actor_id=new_id(), project_id=project_id, data={"name": "ü"}
        )
        await add_happening(postgres, happening)
    await tell_all(postgres, events)


async def test_delivered_and_signed(owner: Owner, postgres: Postgres, events: EventLog, courier: Courier) -> None:
    """What happens in a project arrives at its owner's endpoint, signed so that the receiver can check it."""
    async with receiver() as there:
        endpoint, secret = await owner.hook(there.url)
        await happen(postgres, events, owner.project, "file.created")
        assert await courier.round(endpoint) == 1
        (got,) = there.requests
        assert verify(secret, got) and not verify("whsec_AAAA", got)
        body = json.loads(got.body)
        assert body["type"] == "file.created" and body["data"] == {"name": "ü"} and body["timestamp"]
        assert body["project_id"] == owner.project and body["id"] > 0
        (delivery,) = await owner.deliveries(endpoint)
        assert (delivery["status"], delivery["attempts"], delivery["response_status"]) == ("delivered", 1, 200)
        assert got.headers["webhook-id"] == f"msg_{UUID(delivery['id']).hex}"
        assert await courier.round(endpoint) == 0


async def test_only_wanted_kinds(owner: Owner, postgres: Postgres, events: EventLog, courier: Courier) -> None:
    """A filter names kinds, or all of a noun; an endpoint of one project hears nothing of another."""
    async with receiver() as there:
        other = await owner.api.project(owner.token)
        exact, _ = await owner.hook(there.url, events=["file.created"])
        noun, _ = await owner.hook(there.url, events=["file.*"], project_id=owner.project)
        await happen(postgres, events, owner.project, "file.created", "file.deleted", "member.added")
        await happen(postgres, events, other, "file.created")
        assert [each["event"] for each in await owner.deliveries(exact)] == ["file.created"] * 2
        assert {each["event"] for each in await owner.deliveries(noun)} == {"file.deleted", "file.created"}


async def test_strangers_hear_nothing(api: Api, owner: Owner, postgres: Postgres, events: EventLog) -> None:
    """Who is no admin of a project gets nothing of it, and cannot name it."""
    stranger = await registered(api, postgres)
    endpoint, _ = await stranger.hook("http://127.0.0.1:9/")
    await happen(postgres, events, owner.project, "file.created")
    assert await stranger.deliveries(endpoint) == []
    reply = await stranger.call("POST", "/api/webhooks", {"url": "http://127.0.0.1:9/", "project_id": owner.project})
    reply.problem(403, "forbidden")
    reply = await stranger.call("POST", "/api/webhooks", {"url": "http://127.0.0.1:9/", "project_id": str(new_id())})
    assert reply.problem(422, "invalid")["errors"][0]["pointer"] == "/project_id"


async def test_right_is_checked_at_delivery(
    owner: Owner, postgres: Postgres, events: EventLog, courier: Courier
) -> None:
    """Who lost the role between the happening and the attempt gets nothing any more."""
    async with receiver() as there:
        endpoint, _ = await owner.hook(there.url)
        await happen(postgres, events, owner.project, "file.created")
        await postgres.execute(
            "UPDATE project_members SET role = 'editor' WHERE project_id = %(p)s AND user_id = %(u)s",
            {"p": UUID(owner.project), "u": owner.user},
        )
        await courier.round(endpoint)
        assert there.requests == []
        (delivery,) = await owner.deliveries(endpoint)
        assert delivery["status"] == "failed" and "no longer an admin" in delivery["error"]


async def test_tried_again_by_schedule(owner: Owner, postgres: Postgres, events: EventLog, courier: Courier) -> None:
    """A failed attempt is repeated with the same id and body, a fresh signature, until the schedule is over."""
    async with receiver(status=500) as there:
        endpoint, secret = await owner.hook(there.url)
        await happen(postgres, events, owner.project, "file.created")
        for attempt in (1, 2, 3):
            assert await courier.round(endpoint) == 1
            (delivery,) = await owner.deliveries(endpoint)
            assert (delivery["attempts"], delivery["response_status"]) == (attempt, 500)
        assert delivery["status"] == "failed" and delivery["next_attempt_at"] is None
        assert await courier.round(endpoint) == 0
        assert len({(each.headers["webhook-id"], each.body) for each in there.requests}) == 1
        assert all(verify(secret, each) for each in there.requests)
        reply = await owner.call("GET", f"/api/webhooks/{endpoint}")
        assert reply.body["enabled"] and reply.body["failing_since"]


async def test_recovers(owner: Owner, postgres: Postgres, events: EventLog, courier: Courier) -> None:
    """A receiver that works again gets what it missed, and counts as sound."""
    async with receiver(status=503) as there:
        endpoint, _ = await owner.hook(there.url)
        await happen(postgres, events, owner.project, "file.created")
        await courier.round(endpoint)
        there.status = 204
        await courier.round(endpoint)
        (delivery,) = await owner.deliveries(endpoint)
        assert (delivery["status"], delivery["attempts"]) == ("delivered", 2)
        assert (await owner.call("GET", f"/api/webhooks/{endpoint}")).body["failing_since"] is None


async def test_redirects_are_not_followed(owner: Owner, postgres: Postgres, events: EventLog, courier: Courier) -> None:
    """A redirect is a failure; what it names is never asked."""
    async with receiver() as secret_place, receiver(status=302, headers={"Location": secret_place.url}) as there:
        endpoint, _ = await owner.hook(there.url)
        await happen(postgres, events, owner.project, "file.created")
        await courier.round(endpoint)
        assert len(there.requests) == 1 and secret_place.requests == []
        assert (await owner.deliveries(endpoint))[0]["response_status"] == 302


async def test_gone_disables(owner: Owner, postgres: Postgres, events: EventLog, courier: Courier) -> None:
    """An endpoint that answers 410 is disabled, its owner notified, and nothing more is made for it."""
    async with receiver(status=410) as there:
        endpoint, _ = await owner.hook(there.url)
        await happen(postgres, events, owner.project, "file.created")
        await courier.round(endpoint)
        reply = await owner.call("GET", f"/api/webhooks/{endpoint}")
        assert not reply.body["enabled"] and "410" in reply.body["disabled_reason"]
        await happen(postgres, events, owner.project, "file.created")
        assert len(await owner.deliveries(endpoint)) == 1
        (notice,) = (await owner.call("GET", "/api/notifications")).body["items"]
        assert notice["kind"] == "webhook.disabled" and notice["data"]["webhook_id"] == endpoint
        assert [each["event"] for each in await told(events, user_topic(owner.user))] == ["notification"]
        again = await owner.call("PATCH", f"/api/webhooks/{endpoint}", {"enabled": True})
        assert again.body["enabled"] and again.body["disabled_reason"] == ""


async def test_long_failure_disables(owner: Owner, postgres: Postgres, events: EventLog, courier: Courier) -> None:
    """An endpoint that failed for days without a success is disabled; one failure less than that changes nothing."""
    async with receiver(status=500) as there:
        endpoint, _ = await owner.hook(there.url)
        for days, enabled in ((4, True), (6, False)):
            await postgres.execute(
                "UPDATE webhook_endpoints SET failing_since = now() - make_interval(days => %(d)s) WHERE id = %(id)s",
                {"d": days, "id": UUID(endpoint)},
            )
            await happen(postgres, events, owner.project, "file.created")
            await courier.round(endpoint)
            assert (await owner.call("GET", f"/api/webhooks/{endpoint}")).body["enabled"] is enabled


async def test_rotation_keeps_the_old_secret_for_a_day(
    owner: Owner, postgres: Postgres, events: EventLog, courier: Courier
) -> None:
    """After a rotation both secrets sign; a day later only the new one does."""
    async with receiver() as there:
        endpoint, old = await owner.hook(there.url)
        new = (await owner.call("POST", f"/api/webhooks/{endpoint}/rotate")).body["secret"]
        await happen(postgres, events, owner.project, "file.created")
        await courier.round(endpoint)
        assert verify(new, there.requests[0]) and verify(old, there.requests[0])
        await postgres.execute(
            "UPDATE webhook_endpoints SET old_secret_until = now() - interval '1 second' WHERE id = %(id)s",
            {"id": UUID(endpoint)},
        )
        await happen(postgres, events, owner.project, "file.created")
        await courier.round(endpoint)
        assert verify(new, there.requests[1]) and not verify(old, there.requests[1])


async def test_secrets_are_sealed(owner: Owner, postgres: Postgres, courier: Courier, database: str) -> None:
    """The database holds no secret in the clear, and one that is copied to another row does not sign."""
    async with receiver() as there:
        one, secret = await owner.hook(there.url)
        two, _ = await owner.hook(there.url)
        ((stored,),) = execute(database, "SELECT secret FROM webhook_endpoints WHERE id = %s", one)
        assert isinstance(stored, bytes) and secret.encode() not in stored
        execute(database, "UPDATE webhook_endpoints SET secret = %s WHERE id = %s", stored, two)
        assert (await owner.call("POST", f"/api/webhooks/{two}/test")).status == 202
        await courier.round(two)
        assert there.requests == []
        assert "does not open" in (await owner.deliveries(two))[0]["error"]
        shown = await owner.call("GET", "/api/webhooks")
        assert "secret" not in str(shown.body) and len(shown.body["items"]) == 2


async def test_two_workers_attempt_once(owner: Owner, postgres: Postgres, events: EventLog, courier: Courier) -> None:
    """The same job run twice at once makes one attempt."""
    async with receiver() as there:
        endpoint, _ = await owner.hook(there.url)
        await happen(postgres, events, owner.project, "file.created")
        (delivery,) = await owner.deliveries(endpoint)
        await asyncio.gather(*(courier.deliver(UUID(delivery["id"])) for _ in range(8)))
        assert len(there.requests) == 1


async def test_dead_worker_loses_nothing(owner: Owner, postgres: Postgres, events: EventLog, courier: Courier) -> None:
    """What a worker claimed and never finished is due again when its claim ends."""
    async with receiver() as there:
        endpoint, _ = await owner.hook(there.url)
        await happen(postgres, events, owner.project, "file.created")
        (delivery,) = await owner.deliveries(endpoint)
        assert await deliveries.claim(postgres, UUID(delivery["id"])) is not None
        assert await courier.round(endpoint) == 0
        await postgres.execute(
            """
            UPDATE webhook_deliveries SET next_attempt_at = now(), claimed_until = now() WHERE id = %(id)s
            """,
            {"id": UUID(delivery["id"])},
        )
        assert await courier.round(endpoint) == 1
        assert len(there.requests) == 1


async def test_hanging_receiver_holds_up_nobody(
    owner: Owner, postgres: Postgres, events: EventLog, courier: Courier
) -> None:
    """Of one endpoint only few attempts are made at once; the others of it wait, those of others do not."""
    async with receiver(hang=asyncio.Event()) as slow, receiver() as quick:
        hanging, _ = await owner.hook(slow.url)
        sound, _ = await owner.hook(quick.url)
        await happen(postgres, events, owner.project, *["file.created"] * 10)
        attempts = asyncio.create_task(courier.round(hanging))
        await asyncio.wait_for(slow.arrived.wait(), 10.0)
        while len(slow.requests) < 4:
            slow.arrived.clear()
            await asyncio.wait_for(slow.arrived.wait(), 10.0)
        mine = {UUID(each["id"]) for each in await owner.deliveries(hanging)}
        assert mine.isdisjoint(await deliveries.due(postgres, 10_000))
        while await courier.round(sound):
            pass
        assert len(quick.requests) == 10 and len(slow.requests) == 4
        assert slow.hang is not None
        slow.hang.set()
        assert await attempts == 4


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"url": "ftp://example.com/"}, "/url"),
        ({"url": "http://10.0.0.1/"}, "/url"),
        ({"url": "https://user:pass@example.com/"}, "/url"),
        ({"url": "https://example.com/", "events": ["everything"]}, "/events/0"),
        ({"url": "https://example.com/", "secret": "whsec_mine"}, "/secret"),
    ],
)
async def test_wrong_endpoints_are_refused(owner: Owner, body: object, pointer: str) -> None:
    """What cannot be an endpoint is a problem that points at the field."""
    reply = await owner.call("POST", "/api/webhooks", body)
    assert reply.problem(422, "invalid")["errors"][0]["pointer"] == pointer


async def test_guests_and_strangers_may_not(api: Api, owner: Owner, postgres: Postgres) -> None:
    """Guests have no webhooks; another's endpoint is not there."""
    token = await api.token()
    (await api.call("POST", "/api/webhooks", token=token, json={"url": "https://a.example/"})).problem(403, "forbidden")
    endpoint, _ = await owner.hook("https://a.example/")
    other = await registered(api, postgres)
    for method, path in [
        ("GET", ""), ("DELETE", ""), ("PATCH", ""), ("POST", "/rotate"), ("POST", "/test"), ("GET", "/deliveries"),
    ]:  # fmt: skip
        reply = await other.call(method, f"/api/webhooks/{endpoint}{path}", {} if method == "PATCH" else None)
        reply.problem(404, "not-found")


async def test_changed_and_deleted(owner: Owner, postgres: Postgres, events: EventLog) -> None:
    """PATCH changes what it names, If-Match guards it; after DELETE nothing is left."""
    endpoint, _ = await owner.hook("https://a.example/", description="one")
    reply = await owner.call("PATCH", f"/api/webhooks/{endpoint}", {"events": ["file.*"], "enabled": False})
    assert reply.body["events"] == ["file.*"] and reply.body["description"] == "one" and not reply.body["enabled"]
    headers = {"Authorization": f"Bearer {owner.token}", "If-Match": '"1"'}
    async with owner.api.client.patch(f"/api/webhooks/{endpoint}", json={}, headers=headers) as stale:
        assert stale.status == 412
    await happen(postgres, events, owner.project, "file.created")
    assert await owner.deliveries(endpoint) == []
    assert (await owner.call("DELETE", f"/api/webhooks/{endpoint}")).status == 204
    (await owner.call("GET", f"/api/webhooks/{endpoint}")).problem(404, "not-found")


async def test_number_is_bounded(owner: Owner) -> None:
    """An account has a bounded number of endpoints."""
    for _ in range(20):
        await owner.hook("https://a.example/")
    (await owner.call("POST", "/api/webhooks", {"url": "https://a.example/"})).problem(409, "conflict")
