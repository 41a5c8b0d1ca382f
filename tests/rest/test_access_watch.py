"""Who is told when rights change (gateway/access_watch.py), on a real PostgreSQL behind a cable."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field, replace
from uuid import UUID

import pytest

from gateway import access_watch
from gateway.access import NOBODY, Access, Denied, Gate
from gateway.access_watch import AccessWatch
from gateway.auth.tokens import Tokens
from gateway.limits import RECHECK_BATCH
from gateway.paths import Paths
from schemas.close_codes import CloseCode
from schemas.documents import DocumentName
from schemas.ids import new_id
from schemas.roles import Role
from store.postgres import Postgres, open_pool
from tests.rest.cable import Cable, cable_to
from tests.rest.databases import execute
from tests.support.waiting import wait_until


@dataclass(eq=False)
class Thing:
    """Something live that writes down what it is told."""

    access: Access
    document_name: DocumentName | None = None
    roles: list[Role] = field(default_factory=list)
    denied: Denied | None = None

    def access_changed(self, access: Access) -> None:
        self.access = access
        self.roles.append(access.role)

    def access_ended(self, denied: Denied) -> None:
        self.denied = denied

    @property
    def code(self) -> CloseCode | None:
        return None if self.denied is None else self.denied.code


class Counted(Gate):
    """Counts the questions."""

    sizes: list[int]

    async def again_each(self, accesses: object) -> list[Access | Denied]:
        self.sizes.append(len(accesses))  # type: ignore[arg-type]
        return await super().again_each(accesses)  # type: ignore[arg-type]


@dataclass
class Scene:
    """A watch that runs; it reaches PostgreSQL by the cable, the test by `database`."""

    watch: AccessWatch
    gate: Counted
    cable: Cable
    database: str
    deleted: set[DocumentName] = field(default_factory=set)
    project: UUID = field(default_factory=new_id)

    def user(self) -> tuple[UUID, UUID]:
        """A new user and a session."""
        user, session = new_id(), new_id()
        execute(self.database, "INSERT INTO users (id, display_name) VALUES (%s, 'U')", user)
        execute(
            self.database,
            "INSERT INTO sessions (id, user_id, expires_at) VALUES (%s, %s, now() + '1 h')",
            session,
            user,
        )
        return user, session

    def member(self, role: str = "editor", document: str | None = None) -> Thing:
        """A new member's connection, watched."""
        user, session = self.user()
        execute(
            self.database,
            "INSERT INTO project_members (project_id, user_id, role) VALUES (%s, %s, %s)",
            self.project,
            user,
            role,
        )
        name = None if document is None else DocumentName(f"{self.project}/{document}")
        return self.add(Thing(Access(user, session, self.project, Role(role), "U", 2e9), name))

    def add(self, thing: Thing) -> Thing:
        self.watch.add(thing, self.watch.mark())
        return thing

    def expel(self, thing: Thing) -> None:
        execute(self.database, "DELETE FROM project_members WHERE user_id = %s", thing.access.user_id)

    def hear(self, kind: str, **ids: object) -> None:
        self.watch.hear_access(json.dumps({"kind": kind, **{key: str(value) for key, value in ids.items()}}).encode())

    def hear_of(self, thing: Thing) -> None:
        self.hear("member.changed", project_id=self.project, user_id=thing.access.user_id)

    async def asked(self, times: int) -> None:
        await wait_until(lambda: len(self.gate.sizes) >= times, f"{times} questions")


@pytest.fixture
async def scene(database: str, postgres: Postgres, tokens: Tokens) -> AsyncIterator[Scene]:
    async with cable_to(database) as cable, open_pool(cable.url) as pool:
        gate = Counted(tokens, pool)
        gate.sizes = []
        deleted: set[DocumentName] = set()

        async def gone(documents: Collection[DocumentName]) -> set[DocumentName]:
            return deleted & set(documents)

        made = Scene(AccessWatch(gate, Paths(pool), gone), gate, cable, database, deleted)
        owner, _ = made.user()
        execute(database, "INSERT INTO projects (id, owner_id, name) VALUES (%s, %s, 'P')", made.project, owner)
        task = asyncio.create_task(made.watch.run())
        yield made
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_only_whom_it_concerns_is_asked_about(scene: Scene) -> None:
    """A change of one member asks about that member's connections and no others."""
    ada, _bob = scene.member(), scene.member()
    also_ada = scene.add(replace(ada))
    scene.expel(ada)
    scene.hear_of(ada)
    await wait_until(lambda: ada.denied and also_ada.denied, "both to be told")
    assert scene.gate.sizes == [2]
    assert ada.code is also_ada.code is CloseCode.FORBIDDEN


async def test_a_change_that_changes_nothing_is_not_told(scene: Scene) -> None:
    """Whoever's right is what it was hears nothing; a changed role is told once."""
    ada, bob = scene.member(), scene.member()
    execute(scene.database, "UPDATE project_members SET role = 'viewer' WHERE user_id = %s", bob.access.user_id)
    scene.hear("project.changed", project_id=scene.project)
    scene.hear("project.changed", project_id=scene.project)
    await wait_until(lambda: bob.roles, "the new role")
    scene.hear("project.changed", project_id=scene.project)
    await scene.asked(2)
    assert (ada.roles, ada.denied, bob.roles) == ([], None, [Role.VIEWER])


async def test_postgresql_away_throws_nobody_out(scene: Scene) -> None:
    """While PostgreSQL is away nobody is told anything; when it is back, what changed is."""
    ada, bob = scene.member(), scene.member()
    await scene.cable.cut()
    scene.expel(ada)
    scene.hear("project.changed", project_id=scene.project)
    await scene.asked(2)
    assert ada.denied is None and bob.denied is None
    await scene.cable.mend()
    await wait_until(lambda: ada.denied, "the end")
    assert bob.denied is None


async def test_let_in_while_something_changed(scene: Scene) -> None:
    """What changes between the question and the seat is noticed when the seat is taken."""
    ada = scene.member()
    scene.watch.remove(ada)
    mark = scene.watch.mark()
    scene.expel(ada)
    scene.hear_of(ada)
    assert scene.gate.sizes == []
    scene.watch.add(ada, mark)
    await wait_until(lambda: ada.denied, "the end")


async def test_another_token_meanwhile(scene: Scene) -> None:
    """An answer about a token that was replaced meanwhile is not used; the new one is asked about."""
    ada = scene.member()
    other_user, other_session = scene.user()
    scene.expel(ada)
    scene.cable.freeze()
    scene.hear_of(ada)
    await scene.asked(1)
    scene.watch.remove(ada)
    ada.access = replace(ada.access, user_id=other_user, session_id=other_session)
    execute(scene.database, "INSERT INTO project_members VALUES (%s, %s, 'viewer')", scene.project, other_user)
    scene.watch.add(ada, scene.watch.mark())
    scene.cable.thaw()
    await wait_until(lambda: ada.roles, "the other user's role")
    assert ada.denied is None and ada.roles == [Role.VIEWER]


async def test_sessions_and_users(scene: Scene) -> None:
    """An ended session and a banned user are over, in whatever project; nobody else is."""
    ada, bob, eve = scene.member(), scene.member(), scene.member()
    execute(scene.database, "UPDATE sessions SET revoked_at = now() WHERE id = %s", ada.access.session_id)
    execute(scene.database, "UPDATE users SET status = 'banned' WHERE id = %s", bob.access.user_id)
    scene.hear("session.ended", session_id=ada.access.session_id)
    scene.hear("user.changed", user_id=bob.access.user_id)
    await wait_until(lambda: ada.denied and bob.denied, "both ends")
    assert ada.code is bob.code is CloseCode.UNAUTHENTICATED
    assert eve.denied is None


async def test_a_deleted_file(scene: Scene) -> None:
    """Whoever has a deleted file open is told; other documents of the project stay."""
    ada, bob = scene.member(document="a.txt"), scene.member(document="b.txt")
    assert ada.document_name is not None
    scene.deleted.add(ada.document_name)
    scene.hear("file.deleted", project_id=scene.project, document=ada.document_name)
    await wait_until(lambda: ada.denied, "the end")
    assert ada.code is CloseCode.NOT_FOUND and bob.denied is None


async def test_nobody_reads_a_public_project(scene: Scene) -> None:
    """Who came without a token has no session that could end, but leaves when the project turns private."""
    execute(scene.database, "UPDATE projects SET visibility = 'public' WHERE id = %s", scene.project)
    reader = scene.add(Thing(Access(NOBODY, NOBODY, scene.project, Role.VIEWER, "", 2e9, is_member=False)))
    scene.hear("project.changed", project_id=scene.project)
    await scene.asked(1)
    execute(scene.database, "UPDATE projects SET visibility = 'private' WHERE id = %s", scene.project)
    scene.hear("project.changed", project_id=scene.project)
    await wait_until(lambda: reader.denied, "the end")
    assert reader.code is CloseCode.FORBIDDEN and reader.roles == []


async def test_missed_announcements(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an interruption everybody is asked about, in bounded questions; so is everybody once in a while."""
    ada = scene.member()
    crowd = [scene.add(replace(ada)) for _ in range(2 * RECHECK_BATCH)]
    scene.expel(ada)
    scene.watch.missed_announcements()
    await wait_until(lambda: all(each.denied for each in [ada, *crowd]), "all to be told")
    assert max(scene.gate.sizes) == RECHECK_BATCH and sum(scene.gate.sizes) == len(crowd) + 1


async def test_what_is_no_announcement(scene: Scene) -> None:
    """Announcements of another version, or of nothing, are passed over."""
    ada = scene.member()
    for garbage in (b"{", b"{}", b'{"kind":1}', b'{"kind":"moon.phase","of":"x"}', b'{"kind":"member.changed"}'):
        scene.watch.hear_access(garbage)
    scene.expel(ada)
    scene.hear_of(ada)
    await wait_until(lambda: ada.denied, "the end")


async def test_once_in_a_while(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also without any announcement everybody is looked at from time to time."""
    monkeypatch.setattr(access_watch, "RECHECK_SECONDS", 0.05)
    ada = scene.member()
    scene.expel(ada)
    scene.hear("project.changed", project_id=new_id())
    task = asyncio.create_task(scene.watch.run())
    await wait_until(lambda: ada.denied, "the end")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
