"""`/api/ai/keys` over HTTP: set, listed, tested by a worker, removed; only an end of a key is ever shown."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp.pytest_plugin import AiohttpClient

from ai_router.formats.openai import OpenAI
from gateway.app import create_app
from gateway.settings import Settings
from schemas.user_keys import KEYS_PER_USER
from store.postgres import Postgres
from store.redis import connect
from tests.rest.ai.conftest import apart
from tests.rest.ai.standin import StandIn, stand_in
from tests.rest.api import Api
from tests.rest.auth.people import Person, register
from tests.rest.conftest import SECRET
from tests.rest.databases import execute
from workers.ai.key_ring import KeyRing
from workers.ai.key_test import KeyTester
from workers.ai.own_keys import own_keys
from workers.ai.provider import Upstream, open_client


def fresh_key(end: str = "wxyz") -> str:
    """A key that nobody has."""
    return f"sk-{uuid4().hex}{end}"


@pytest.fixture
async def api(make_settings: Callable[..., Settings], aiohttp_client: AiohttpClient) -> Api:
    """A gateway that the running AI worker, which has another database, does not hear."""
    return Api(await aiohttp_client(create_app(apart(make_settings()), live=False)))


@pytest.fixture
async def ann(api: Api) -> Person:
    """Somebody with an account."""
    return await register(api)


@pytest.fixture
async def provider() -> AsyncIterator[StandIn]:
    """Where keys are tested."""
    async with stand_in() as mine:
        yield mine


@asynccontextmanager
async def a_tester(settings: Settings, postgres: Postgres, provider: StandIn) -> AsyncIterator[None]:
    """A worker's part."""
    redis, client = connect(settings.redis_url), open_client()
    ring = KeyRing("", SECRET)

    def upstream(name: str, key: str) -> Upstream:
        return Upstream(name, OpenAI(), provider.url, key)

    tester = KeyTester(postgres, redis, settings.redis_url, ring, client, upstream)
    task = asyncio.create_task(tester.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await client.aclose()
        await redis.aclose()


async def keys_of(api: Api, person: Person) -> list[dict[str, Any]]:
    """What the list shows."""
    reply = await api.call("GET", "/api/ai/keys", token=person.access)
    assert reply.status == 200
    return list(reply.body["items"])


async def test_set_list_replace_remove(api: Api, ann: Person, postgres: Postgres) -> None:
    """One key by provider and label: the later replaces the earlier; a worker opens what was set."""
    first, second = fresh_key("1111"), fresh_key("2222")
    for key in (first, second):
        body = {"provider": "openai", "key": key, "label": "mine"}
        reply = await api.call("POST", "/api/ai/keys", token=ann.access, json=body)
        assert reply.status == 200, reply.body
        assert key not in str(reply.body)
    (shown,) = await keys_of(api, ann)
    assert (shown["provider"], shown["label"], shown["last4"]) == ("openai", "mine", "2222")
    assert (shown["verdict"], shown["tested_at"]) == (None, None)
    opened = await own_keys(postgres, KeyRing("", SECRET), UUID(ann.id))
    assert opened["openai"].key == second
    assert second not in repr(opened)
    assert (await api.call("DELETE", f"/api/ai/keys/{shown['id']}", token=ann.access)).status == 204
    assert (await api.call("DELETE", f"/api/ai/keys/{shown['id']}", token=ann.access)).status == 404
    assert await keys_of(api, ann) == []


async def test_several_at_once(api: Api, ann: Person, postgres: Postgres) -> None:
    """A map from providers to keys sets them all."""
    given = {"openai": fresh_key(), "anthropic": fresh_key(), "gemini": fresh_key()}
    assert (await api.call("POST", "/api/ai/keys", token=ann.access, json=given)).status == 200
    opened = await own_keys(postgres, KeyRing("", SECRET), UUID(ann.id))
    assert {name: each.key for name, each in opened.items()} == given


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"provider": "openai"},
        {"key": "sk-0123456789abcdef"},
        {"provider": "openai", "key": "sk-0123456789abcdef", "gemini": "sk-0123456789abcdef"},
        {"provider": "nobody", "key": "sk-0123456789abcdef"},
        {"provider": "openai", "key": "sk-0123456789abcdef with spaces"},
        {"provider": "openai", "key": "sk-0123456789abcdef\n"},
        {"provider": "openai", "key": "short"},
        {"mistral": "sk-0123456789abcdef"},
    ],
)
async def test_what_is_no_key(api: Api, ann: Person, body: dict[str, str]) -> None:
    """Refused with the field, and without repeating the key."""
    reply = await api.call("POST", "/api/ai/keys", token=ann.access, json=body)
    reply.problem(422, "invalid")
    assert "0123456789" not in str(reply.body)


async def test_not_too_many(api: Api, ann: Person) -> None:
    """An account has a bounded number of keys."""
    for number in range(KEYS_PER_USER):
        body = {"provider": "openai", "key": fresh_key(), "label": str(number)}
        assert (await api.call("POST", "/api/ai/keys", token=ann.access, json=body)).status == 200
    body = {"provider": "openai", "key": fresh_key(), "label": "one more"}
    (await api.call("POST", "/api/ai/keys", token=ann.access, json=body)).problem(409, "conflict")
    assert len(await keys_of(api, ann)) == KEYS_PER_USER


async def test_others_keys(api: Api, ann: Person) -> None:
    """Nobody sees, tests or removes somebody else's; guests and platform tokens set none."""
    await api.call("POST", "/api/ai/keys", token=ann.access, json={"openai": fresh_key()})
    (mine,) = await keys_of(api, ann)
    bob = await register(api)
    assert await keys_of(api, bob) == []
    for method, path in (("DELETE", ""), ("POST", "/test")):
        reply = await api.call(method, f"/api/ai/keys/{mine['id']}{path}", token=bob.access)
        reply.problem(404, "not-found")
    reply = await api.call("POST", "/api/ai/keys", token=await api.token(), json={"openai": fresh_key()})
    reply.problem(403, "forbidden")


async def test_testing(
    api: Api, ann: Person, postgres: Postgres, make_settings: Callable[..., Settings], provider: StandIn
) -> None:
    """A worker says whether the provider takes a key; what the provider says is not repeated."""
    good, bad, echoed = fresh_key("good"), fresh_key("bad1"), fresh_key("echo")
    provider.refused.add(bad)
    provider.repeated.add(echoed)
    body = {"openai": good, "openrouter": bad, "perplexity": echoed}
    await api.call("POST", "/api/ai/keys", token=ann.access, json=body)
    ids = {each["last4"]: each["id"] for each in await keys_of(api, ann)}
    verdicts = {}
    async with a_tester(apart(make_settings()), postgres, provider):
        for last4, key_id in ids.items():
            reply = await api.call("POST", f"/api/ai/keys/{key_id}/test", token=ann.access)
            assert reply.status == 200
            verdicts[last4] = (reply.body["ok"], reply.body["kind"])
            assert not any(key in str(reply.body) for key in body.values())
    assert verdicts == {"good": (True, None), "bad1": (False, "authentication"), "echo": (False, "invalid")}
    assert set(provider.heard) == set(body.values())
    assert {each["last4"]: each["verdict"] for each in await keys_of(api, ann)} == {
        "good": "ok", "bad1": "authentication", "echo": "invalid",
    }  # fmt: skip


async def test_testing_without_a_worker(api: Api, ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer comes within a bounded time, also where nobody tests."""
    monkeypatch.setattr("store.key_tests.ANSWER_SECONDS", 1)
    await api.call("POST", "/api/ai/keys", token=ann.access, json={"openai": fresh_key()})
    (mine,) = await keys_of(api, ann)
    async with asyncio.timeout(30):
        reply = await api.call("POST", f"/api/ai/keys/{mine['id']}/test", token=ann.access)
    assert (reply.status, reply.body["ok"], reply.body["kind"]) == (200, False, "unanswered")


async def test_keys_go_with_the_account(api: Api, ann: Person, postgres: Postgres) -> None:
    """Who deletes an account leaves no keys behind."""
    await api.call("POST", "/api/ai/keys", token=ann.access, json={"openai": fresh_key()})
    reply = await api.call("DELETE", f"/api/users/{ann.id}", token=ann.access, json={"password": ann.password})
    assert reply.status == 202, reply.body
    assert await own_keys(postgres, KeyRing("", SECRET), UUID(ann.id)) == {}


async def test_administrators_see_and_remove_all(api: Api, ann: Person, database: str) -> None:
    """Page by page, everybody's or somebody's, their ends alone; who lost one hears of it, and it is written down."""
    bob, root = await register(api), await register(api)
    execute(database, "UPDATE users SET role = 'admin' WHERE id = %s", root.id)
    keys = []
    for person, at in ((person, at) for person in (ann, bob) for at in range(3)):
        keys.append(fresh_key(f"{at}abc"))
        body = {"provider": "openai", "key": keys[-1], "label": f"no. {at}"}
        assert (await api.call("POST", "/api/ai/keys", token=person.access, json=body)).status == 200

    async def listed(query: str) -> list[dict[str, Any]]:
        found, cursor = list[dict[str, Any]](), ""
        while True:
            reply = await api.call("GET", f"/api/admin/api-keys?limit=2{query}{cursor}", token=root.access)
            assert reply.status == 200, reply.body
            found += reply.body["items"]
            if reply.body["next_cursor"] is None:
                return found
            cursor = f"&cursor={reply.body['next_cursor']}"

    mine = await listed(f"&user_id={ann.id}")
    assert [(each["label"], each["last4"]) for each in mine] == [(f"no. {at}", f"{at}abc") for at in (2, 1, 0)]
    everybodys = await listed("")
    assert {ann.id, bob.id} <= {each["user_id"] for each in everybodys}
    assert [each["id"] for each in everybodys] == sorted((each["id"] for each in everybodys), reverse=True)
    assert not any(key in str(everybodys) for key in keys)

    gone = f"/api/admin/api-keys/{mine[0]['id']}"
    assert (await api.call("DELETE", gone, token=ann.access)).status == 403
    assert [(await api.call("DELETE", gone, token=root.access)).status for _ in range(2)] == [204, 404]
    assert [each["id"] for each in await listed(f"&user_id={ann.id}")] == [each["id"] for each in mine[1:]]
    told = execute(database, "SELECT kind, data->>'key_id' FROM happenings WHERE topic = %s", f"user:{ann.id}")
    assert ("ai-key.removed", mine[0]["id"]) in told
    acts = execute(database, "SELECT act, actor_id FROM audit_log WHERE details->>'key_id' = %s", mine[0]["id"])
    assert [(act, str(actor)) for act, actor in acts] == [("ai-key.removed", root.id)]
