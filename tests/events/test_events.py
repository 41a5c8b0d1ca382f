"""`GET /events`: following and resuming, slow and leaving clients; on one gateway in the test's own process."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from gateway.app import create_app
from store import keys
from store.limits import EVENT_RECORDS_KEPT
from store.redis import Redis
from tests.events.client import connected
from tests.events.conftest import Person
from tests.events.telling import Told
from tests.rest.api import Api


def kinds(records: list[dict[str, Any]]) -> list[str]:
    return [record["event"] for record in records]


# Following


async def test_thin_path(url: str, api: Api, ann: Person) -> None:
    """What a request changes reaches whoever follows the project, with its topic, number and id."""
    async with connected(url, ann.token) as client:
        number = await client.subscribe(ann.topic)
        reply = await api.call("PATCH", f"/api/projects/{ann.project}", token=ann.token, json={"name": "Renamed"})
        assert reply.status == 200, reply.body
        (record,) = await client.records(1)
        assert record["topic"] == ann.topic and record["event"] == "project.updated"
        assert record["number"] > number and record["id"] > 0 and record["at"] and record["actor_id"] == str(ann.id)


async def test_order_without_gap_or_repetition(url: str, ann: Person, happen: Told) -> None:
    """Several clients get every record once and in order, whenever they came."""
    names = [f"test.n{n}" for n in range(30)]
    async with connected(url, ann.token) as early, connected(url, ann.token) as late:
        begun = await early.subscribe(ann.topic)
        for name in names[:10]:
            await happen(ann.project, name)
        await late.subscribe(ann.topic, after=begun)
        await happen(ann.project, *names[10:])
        for client in (early, late):
            assert kinds(await client.records(30)) == names
            numbers = [record["number"] for record in client.events]
            assert numbers == sorted(set(numbers))


async def test_resumes_after_a_cut(url: str, ann: Person, happen: Told) -> None:
    """Who comes back with the last number gets exactly what it missed, then what comes."""
    async with connected(url, ann.token) as client:
        await client.subscribe(ann.topic)
        await happen(ann.project, "test.a")
        (seen,) = await client.records(1)
    await happen(ann.project, *(f"test.missed{n}" for n in range(250)))
    async with connected(url, ann.token) as client:
        end = await client.subscribe(ann.topic, after=seen["number"])
        await client.records(250)
        await happen(ann.project, "test.z")
        records = await client.records(251)
        assert kinds(records) == [f"test.missed{n}" for n in range(250)] + ["test.z"]
        assert records[249]["number"] == end


async def test_number_of_now(url: str, ann: Person, happen: Told) -> None:
    """A subscription without `after` begins now; its number is good for a later `after`, also before any record."""
    await happen(ann.project, "test.old")
    async with connected(url, ann.token) as client:
        number = await client.subscribe(f"user:{ann.id}")
        assert number > 0
    async with connected(url, ann.token) as client:
        assert await client.subscribe(f"user:{ann.id}", after=number) == number
        await happen(ann.project, "test.new")
        assert (await client.ask("ping"))["event"] == "pong"
        assert client.events == [] and "reset" not in kinds(client.others)


async def test_unsubscribed_hears_nothing(url: str, ann: Person, happen: Told) -> None:
    """After `unsubscribe` nothing of the topic comes, and it can be followed again."""
    async with connected(url, ann.token) as client:
        await client.subscribe(ann.topic)
        assert (await client.ask("unsubscribe", topic=ann.topic))["event"] == "unsubscribed"
        await happen(ann.project, "test.unheard")
        number = await client.subscribe(ann.topic)
        await happen(ann.project, "test.heard")
        (record,) = await client.records(1)
        assert record["event"] == "test.heard" and record["number"] > number


async def test_own_topic(url: str, api: Api, ann: Person, bob: Person) -> None:
    """A notification arrives live on `user:{id}`."""
    async with connected(url, bob.token) as client:
        await client.subscribe(f"user:{bob.id}")
        path, body = f"/api/projects/{ann.project}/members", {"user_id": str(bob.id), "role": "editor"}
        reply = await api.call("POST", path, token=ann.token, json=body)
        assert reply.status == 201, reply.body
        _, record = await client.records(2)
        assert record["event"] == "notification" and record["data"]["kind"] == "member.added"


async def test_ids_answer_messages(url: str, ann: Person) -> None:
    """Whatever a client sends is answered with its own id as `ack`, a number or a text; without one, without."""
    async with connected(url, ann.token) as client:
        await client.socket.send_json({"event": "ping", "id": "a-1"})
        assert await client.next() == {"event": "pong", "ack": "a-1", "data": {}}
        await client.socket.send_json({"event": "ping"})
        assert await client.next() == {"event": "pong", "data": {}}


# Resets


async def test_too_old_is_reset(url: str, ann: Person, happen: Told) -> None:
    """Who was away for longer than the log is kept is told to read anew, and goes on from there."""
    async with connected(url, ann.token) as client:
        begun = await client.subscribe(ann.topic)
    await happen(ann.project, *["test.a"] * (EVENT_RECORDS_KEPT + 1))
    async with connected(url, ann.token) as client:
        end = await client.subscribe(ann.topic, after=begun)
        assert (await client.until("reset"))["data"] == {"topic": ann.topic, "number": end}
        await happen(ann.project, "test.z")
        assert kinds(await client.records(1)) == ["test.z"]


async def test_lost_log_is_reset(url: str, ann: Person, happen: Told, redis: Redis) -> None:
    """When Redis lost the log, those connected and those who come back are told, and what comes then arrives."""
    async with connected(url, ann.token) as client:
        await client.subscribe(ann.topic)
        await happen(ann.project, "test.a")
        (seen,) = await client.records(1)
        await redis.delete(keys.event_log(ann.topic), keys.event_number(ann.topic))
        await happen(ann.project, "test.b")
        reset = await client.until("reset")
        assert reset["data"]["number"] > seen["number"]
        await happen(ann.project, "test.c")
        assert kinds(await client.records(2)) == ["test.a", "test.c"]
    async with connected(url, ann.token) as client:
        await client.subscribe(ann.topic, after=seen["number"])
        await client.until("reset")


# Slow and leaving


async def test_slow_reader_gets_everything(url: str, live: TestServer, ann: Person, happen: Told) -> None:
    """A client that does not read for a while costs no memory beyond its socket, and then reads on where it stood."""
    async with connected(url, ann.token) as slow, connected(url, ann.token) as quick:
        await slow.subscribe(ann.topic)
        await quick.subscribe(ann.topic)
        transport = slow.transport
        transport.pause_reading()
        text = "x" * 30_000
        for _ in range(10):
            await happen(ann.project, *["test.big"] * 60, text=text)
        await quick.records(600, within=60.0)
        transport.resume_reading()
        await slow.records(600, within=60.0)
        assert [each["number"] for each in slow.events] == [each["number"] for each in quick.events]
        assert "reset" not in kinds(slow.others)


async def test_heartbeats(make_settings: Callable[..., Any], ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who hears nothing else gets a sign of life."""
    monkeypatch.setattr("gateway.sockets.wheel.TICK", 1.0)
    server = TestServer(create_app(make_settings(name="ticking")))
    await server.start_server()
    async with connected(f"ws://{server.host}:{server.port}", ann.token) as client:
        assert (await client.until("heartbeat"))["data"] == {}
    await server.close()


async def test_leaving_server_says_so(make_settings: Callable[..., Any], ann: Person) -> None:
    """A gateway that stops sends its clients away with 1012: come back."""
    server = TestServer(create_app(make_settings(name="leaving")))
    await server.start_server()
    async with connected(f"ws://{server.host}:{server.port}", ann.token) as client:
        await client.subscribe(ann.topic)
        closing = asyncio.create_task(server.close())
        assert await client.code() == 1012
        await closing
