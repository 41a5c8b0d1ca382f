"""The teller (store/teller.py)."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from schemas.ids import new_id
from store import keys, teller
from store.errors import StoreUnavailable
from store.event_log import EventLog
from store.happenings import Happening, add_access_change, add_happening, project_topic
from store.limits import TELL_BATCH
from store.postgres import Postgres
from store.redis import Redis
from tests.events.telling import tell_all, told
from tests.rest.api import Api


async def happen(postgres: Postgres, project: UUID, *kinds: str) -> None:
    for kind in kinds:
        await add_happening(postgres, Happening(topic=project_topic(project), kind=kind, data={"name": "x"}))


async def test_told_once_and_in_order(postgres: Postgres, events: EventLog) -> None:
    """Everything that was committed is told, in order, and not again."""
    project = new_id()
    kinds = [f"test.{number}" for number in range(TELL_BATCH + 5)]
    await happen(postgres, project, *kinds)
    assert await tell_all(postgres, events) >= len(kinds)
    assert await tell_all(postgres, events) == 0
    seen = await told(events, project_topic(project))
    assert [each["event"] for each in seen] == kinds
    assert len({each["id"] for each in seen}) == len(kinds)
    assert seen[0]["data"] == {"name": "x"} and seen[0]["at"]


async def test_tellers_take_turns(postgres: Postgres, events: EventLog) -> None:
    """Many tellers at once tell everything once, in order."""
    project = new_id()
    kinds = [f"test.{number}" for number in range(40)]

    async def busy() -> None:
        for _ in range(10):
            await tell_all(postgres, events)

    tellers = [asyncio.create_task(busy()) for _ in range(4)]
    for kind in kinds:
        await happen(postgres, project, kind)
    await asyncio.gather(*tellers)
    await tell_all(postgres, events)
    assert [each["event"] for each in await told(events, project_topic(project))] == kinds


async def test_nothing_untold_is_lost_while_redis_is_away(postgres: Postgres, events: EventLog, redis: Redis) -> None:
    """A Redis that does not answer leaves everything untold, and the next run tells it."""

    class Away(EventLog):
        async def append_all(self, *args: Any, **options: Any) -> Any:
            raise StoreUnavailable("Redis", "away")

    project = new_id()
    await happen(postgres, project, "test.a", "test.b")
    with pytest.raises(StoreUnavailable):
        await teller.tell(postgres, Away(redis))
    await tell_all(postgres, events)
    assert [each["event"] for each in await told(events, project_topic(project))] == ["test.a", "test.b"]


async def test_access_changes_are_published(postgres: Postgres, events: EventLog, redis: Redis) -> None:
    """A change of access reaches whoever listens on the gateways' channel, as its kind and ids."""
    project, user = uuid4(), uuid4()
    listener = redis.pubsub()
    await listener.subscribe(keys.GATEWAYS)
    assert (await listener.get_message(timeout=5.0) or {})["type"] == "subscribe"
    await add_access_change(postgres, "member.changed", project_id=project, user_id=user)
    await tell_all(postgres, events)
    expected = {"kind": "member.changed", "project_id": str(project), "user_id": str(user)}
    async with asyncio.timeout(10.0):
        while True:
            message = await listener.get_message(timeout=5.0)
            if message and message["type"] == "message" and msgspec.json.decode(message["data"]) == expected:
                break
    await listener.aclose()  # type: ignore[no-untyped-call]


async def test_requests_nudge(api: Api, postgres: Postgres, events: EventLog) -> None:
    """What a request changed is told within moments, without any worker, also when the request failed half-way."""
    project = new_id()
    await happen(postgres, project, "test.a")
    await api.call("POST", "/api/projects", token=await api.token(), json={"name": "x"})
    async with asyncio.timeout(10.0):
        while not (await events.read(project_topic(project), 0)).records:  # noqa: ASYNC110  Redis has no event for it
            await asyncio.sleep(0.01)


async def test_large_happening_holds_nothing_up(postgres: Postgres, events: EventLog) -> None:
    """Data that is too large to tell is left out, and what comes after it is told."""
    project = new_id()
    large = Happening(topic=project_topic(project), kind="test.large", data={"name": "x" * 1_000_000})
    await add_happening(postgres, large)
    await happen(postgres, project, "test.small")
    await tell_all(postgres, events)
    assert [each["data"] for each in await told(events, project_topic(project))] == [{"too_large": True}, {"name": "x"}]
