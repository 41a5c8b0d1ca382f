"""`/events` through the real processes, while gateways and Redis die: what happened reaches everybody, in order."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest

from tests.conftest import MakeStack
from tests.events.client import Closed, EventClient
from tests.faults.stores import valkey
from tests.rest.databases import execute
from tests.support.stack import Stack
from tests.support.waiting import wait_until

CAME_BACK = (aiohttp.ClientError, Closed, OSError, TimeoutError)


@pytest.fixture(scope="module")
def battered() -> Iterator[Stack]:
    """Two gateways and a worker, which these tests break."""
    stack = Stack(gateways=2, workers=1)
    try:
        stack.start()
        yield stack
    finally:
        stack.remove()


class Follower:
    """Follows one topic as a client should: comes back with its last number, and drops repetitions by id."""

    def __init__(self, urls: list[str], token: str, topic: str) -> None:
        self.urls, self.token, self.topic = urls, token, topic
        self.number: int | None = None
        self.ids: list[int] = []
        self.kinds: list[str] = []
        self.repeated = 0
        self.resets = 0
        self.cuts = 0
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """For ever; cancel to stop."""
        while True:
            url = self.urls[self.cuts % len(self.urls)]
            with suppress(*CAME_BACK):
                async with (
                    aiohttp.ClientSession() as http,
                    http.ws_connect(f"{url}/events?token={self.token}") as socket,
                ):
                    await self._follow(EventClient(socket))
            self.ready.clear()
            self.cuts += 1
            await asyncio.sleep(0.1)

    async def _follow(self, client: EventClient) -> None:
        while (await client.next(30.0))["event"] != "ready":
            pass
        place: dict[str, Any] = {"topic": self.topic} | ({} if self.number is None else {"after": self.number})
        await client.say("subscribe", **place)
        while True:
            message = await client.next(60.0)
            match message["event"]:
                case "error":
                    raise Closed(None, str(message))  # Redis is away: later
                case "subscribed":
                    if self.number is None:
                        self.number = message["data"]["number"]
                    self.ready.set()
                case "reset":
                    self.resets += 1
                    self.number = message["data"]["number"]
                case "heartbeat":
                    pass
                case kind:
                    assert self.number is not None and message["number"] > self.number, "out of order"
                    self.number = message["number"]
                    if message["id"] in self.ids:
                        self.repeated += 1
                    else:
                        self.ids.append(message["id"])
                        self.kinds.append(kind)


@asynccontextmanager
async def following(stack: Stack, token: str, project: str) -> AsyncIterator[list[Follower]]:
    """One follower at each gateway, which goes to the other one after a cut."""
    urls = stack.ws_urls
    followers = [Follower(order, token, f"project:{project}") for order in (urls, urls[::-1])]
    tasks = [asyncio.create_task(each.run()) for each in followers]
    try:
        for each in followers:
            await asyncio.wait_for(each.ready.wait(), 30.0)
        yield followers
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def heard(follower: Follower, last: int) -> None:
    """Until the follower has this event."""
    await wait_until(lambda: follower.ids[-1:] == [last], "the last event", within=60)


class Renaming:
    """Renames a project again and again, at whichever gateway answers; the names that were acknowledged."""

    def __init__(self, stack: Stack, token: str, project: str) -> None:
        self.stack, self.token, self.path = stack, token, f"/api/projects/{project}"
        self.done: list[int] = []
        self.tried = 0

    async def run(self) -> None:
        """For ever; cancel to stop."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(5.0)) as http:
            while True:
                self.tried += 1
                url = self.stack.urls[self.tried % self.stack.gateways]
                with suppress(*CAME_BACK):
                    async with http.patch(url + self.path, json={"name": f"n{self.tried}"}) as reply:
                        if reply.status == 200:
                            self.done.append(self.tried)
                await asyncio.sleep(0.02)


def happened_in(stack: Stack, project: str) -> list[int]:
    """The ids of what happened in the project, by PostgreSQL."""
    rows = execute(stack.database_url, "SELECT id FROM happenings WHERE topic = %s ORDER BY id", f"project:{project}")
    return [int(str(row[0])) for row in rows]


@pytest.mark.parametrize("victim", ["gateway-1", "valkey"])
async def test_deaths_lose_nothing(battered: Stack, victim: str) -> None:
    """While a gateway or Redis is killed, everything that happens reaches every follower once (by its id), in order."""
    stack = battered
    await asyncio.to_thread(stack.wait_ready)
    token = stack.guest()
    project = stack.project(token)
    async with following(stack, token, project) as followers:
        renaming = Renaming(stack, token, project)
        task = asyncio.create_task(renaming.run())
        await wait_until(lambda: len(followers[0].ids) > 20, "events", within=60)
        pid = stack.kill(victim, signal.SIGKILL)
        await asyncio.to_thread(stack.wait_restarted, victim, pid)
        before = len(renaming.done)
        await wait_until(lambda: len(renaming.done) > before + 20, "more changes", within=60)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        happened = happened_in(stack, project)
        for each in followers:
            await heard(each, happened[-1])
            assert each.resets == 0
            assert each.ids == [one for one in happened if one >= each.ids[0]]
            print(f"{victim}: {len(each.ids)} events, {each.repeated} repeated, {each.cuts} cuts")
        assert len(happened) > len(renaming.done)


async def test_emptied_redis_is_said(battered: Stack) -> None:
    """After FLUSHALL every follower is told to read anew, and what happens from then on arrives."""
    stack = battered
    await asyncio.to_thread(stack.wait_ready)
    token = stack.guest()
    project = stack.project(token)
    async with following(stack, token, project) as followers:
        renaming = Renaming(stack, token, project)
        task = asyncio.create_task(renaming.run())
        await wait_until(lambda: len(followers[0].ids) > 5, "events", within=60)
        with valkey(stack) as client:
            client.flushall()
        await wait_until(lambda: all(each.resets for each in followers), "resets", within=60)
        seen = max(len(each.ids) for each in followers)
        await wait_until(lambda: all(len(each.ids) > seen + 5 for each in followers), "events again", within=60)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        happened = happened_in(stack, project)
        for each in followers:
            await heard(each, happened[-1])


async def test_killed_between_commit_and_telling(own_stack: MakeStack) -> None:
    """What a gateway committed and did not tell before it was killed is told by a worker."""
    stack = await asyncio.to_thread(own_stack, gateways=2, workers=1)
    token = stack.guest()
    project = stack.project(token)
    async with following(stack, token, project) as followers:
        # As such a gateway leaves it: a row that is not told.
        execute(
            stack.database_url,
            "INSERT INTO happenings (topic, kind, project_id) VALUES (%s, 'test.left', %s)",
            f"project:{project}",
            project,
        )
        await wait_until(lambda: all("test.left" in each.kinds for each in followers), "what was left", within=30)
