"""What a gateway tells Redis of who is here (gateway/sockets/attendance.py): when, how much, and again when needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID, uuid4

import pytest

from gateway.access import NOWHERE, Access, Denied, Gate
from gateway.access_watch import AccessWatch
from gateway.paths import Paths
from gateway.sockets import attendance
from gateway.sockets.attendance import AttendanceTeller
from gateway.sockets.limits import HERE_SEATS
from rooms.open_documents import OpenDocuments
from schemas.documents import DocumentName
from schemas.here import Attendance, decode
from schemas.roles import Role
from store import keys
from store.errors import StoreUnavailable
from store.here import Here
from store.redis import Redis, connect
from tests.support.stack import Stack
from tests.support.waiting import wait_until


@dataclass(eq=False)
class Thing:
    """A connection."""

    access: Access
    document_name: DocumentName | None

    def access_changed(self, access: Access) -> None:
        raise AssertionError("nothing changes here")

    def access_ended(self, denied: Denied) -> None:
        raise AssertionError("nothing ends here")


class Counted(Here):
    """Writes down what is told, and can be away."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis)
        self.told: list[Mapping[str, bytes]] = []
        self.life = ""
        self.away = False
        self.refused = 0

    async def tell(self, life: str, changed: Mapping[str, bytes]) -> bool:
        if self.away:
            self.refused += 1
            raise StoreUnavailable("Redis", "the test says so")
        self.life = life
        self.told.append(dict(changed))
        return await super().tell(life, changed)


class Nothing:
    """No document is open: nobody shows anything."""

    def find(self, name: DocumentName) -> None:
        return None


@dataclass
class Desk:
    """A teller that runs on the stack's Redis, and whom it watches."""

    here: Counted
    redis: Redis
    watch: AccessWatch
    gone: list[tuple[UUID, UUID]] = field(default_factory=list)

    def seat(self, project: UUID, user: UUID | None = None) -> Thing:
        access = Access(user or uuid4(), uuid4(), project, Role.EDITOR, "Ada", 2e9)
        thing = Thing(access, DocumentName(f"{project}/main"))
        self.watch.add(thing, self.watch.mark())
        return thing

    async def ask(self, project: UUID) -> list[Attendance]:
        return [decode(each) for each in await self.here.ask(str(project))]

    async def has(self, project: UUID, seats: int) -> None:
        for _ in range(1_000):
            if [each.total for each in await self.ask(project)] == ([seats] if seats else []):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"waited for {seats} connections in {project}")


@pytest.fixture
async def desk(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr(attendance, "HERE_TICK", 0.02)
    async with opened(stack) as made:
        yield made


@asynccontextmanager
async def opened(stack: Stack) -> AsyncIterator[Desk]:
    async def none_gone(documents: Collection[DocumentName]) -> set[DocumentName]:
        return set()

    async def note(gone: Collection[tuple[UUID, UUID]]) -> None:
        made.gone.extend(gone)

    redis = connect(stack.redis_url)
    made = Desk(Counted(redis), redis, AccessWatch(cast(Gate, None), cast(Paths, None), none_gone))
    teller = AttendanceTeller(made.here, made.watch, cast(OpenDocuments, Nothing()), set(), note)
    task = asyncio.create_task(teller.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await teller.leave()
        await redis.aclose(close_connection_pool=True)


async def test_only_what_changed_is_told(desk: Desk) -> None:
    """Whoever stays costs nothing but the sign of life; what came and went between two ticks is not told."""
    project, other = uuid4(), uuid4()
    staying, going = desk.seat(project), desk.seat(other)
    await wait_until(lambda: len(desk.here.told) > 5, "signs of life")
    desk.here.told.clear()
    await wait_until(lambda: len(desk.here.told) > 5, "more of them")
    assert not any(desk.here.told)
    desk.watch.remove(desk.seat(project))
    desk.watch.remove(going)
    await desk.has(other, 0)
    assert [each for each in desk.here.told if each] == [{str(other): b""}]
    assert desk.gone == [(other, going.access.user_id)]
    assert staying.access.user_id == (await desk.ask(project))[0].seats[0].user_id


async def test_forgotten_by_redis(desk: Desk) -> None:
    """Where Redis lost what it was told, everything is told again."""
    projects = [uuid4() for _ in range(5)]
    for project in projects:
        desk.seat(project)
    for project in projects:
        await desk.has(project, 1)
    await desk.redis.delete(keys.life(desk.here.life))
    for project in projects:
        await desk.has(project, 1)


async def test_redis_away(desk: Desk) -> None:
    """What could not be told is told when Redis is back."""
    project = uuid4()
    leaves = desk.seat(project)
    await desk.has(project, 1)
    desk.here.away = True
    desk.watch.remove(leaves)
    desk.seat(project), desk.seat(project)
    await wait_until(lambda: desk.here.refused > 2, "vain attempts")
    desk.here.away = False
    await desk.has(project, 2)


async def test_a_person_with_two_tabs(desk: Desk) -> None:
    """Somebody has gone when the last of their connections has."""
    project, user = uuid4(), uuid4()
    one, two = desk.seat(project, user), desk.seat(project, user)
    await desk.has(project, 2)
    desk.watch.remove(one)
    await desk.has(project, 1)
    assert desk.gone == []
    desk.watch.remove(two)
    await wait_until(lambda: desk.gone == [(project, user)], "the note")


async def test_too_many_to_list(desk: Desk) -> None:
    """HERE_SEATS: more connections than that are counted, and not listed."""
    project = uuid4()
    for _ in range(HERE_SEATS + 1):
        desk.seat(project)
    await desk.has(project, HERE_SEATS + 1)
    [told] = await desk.ask(project)
    assert len(told.seats) == HERE_SEATS


async def test_what_is_in_no_document(desk: Desk) -> None:
    """Subscriptions to events are nobody's presence."""
    project, marker = uuid4(), uuid4()
    for where in (project, NOWHERE):
        thing = desk.seat(where)
        thing.document_name = None
    desk.seat(marker)
    await desk.has(marker, 1)
    assert await desk.ask(project) == await desk.ask(NOWHERE) == []


async def test_leaving(stack: Stack) -> None:
    """A gateway that stops takes its people along."""
    project = uuid4()
    async with opened(stack) as desk:
        desk.seat(project)
        await desk.has(project, 1)
    async with opened(stack) as other:
        assert await other.ask(project) == []
