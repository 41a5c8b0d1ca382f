"""Who may open a project's documents (gateway/access.py), on a real PostgreSQL behind a cable."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from gateway.access import Denied, Gate
from gateway.auth.tokens import Tokens
from schemas.close_codes import CloseCode
from schemas.ids import new_id
from schemas.roles import Role
from store.errors import StoreUnavailable
from store.postgres import Postgres, open_pool
from store.projects import create_project
from store.sessions import end_session, note_seen
from store.users import create_guest
from tests.rest.cable import Cable, cable_to
from tests.rest.databases import execute


@dataclass
class Scene:
    """Ada owns a project; the gate reaches PostgreSQL by the cable, the test by `postgres`."""

    tokens: Tokens
    gate: Gate
    cable: Cable
    postgres: Postgres
    ada: UUID
    session: UUID
    project: UUID

    @property
    def access_token(self) -> str:
        """Ada's."""
        return self.tokens.sign_access(self.ada, self.session)[0]

    def room_token(self, role: Role = Role.EDITOR, project: UUID | None = None) -> str:
        """Ada's, for a tool that calls itself Bob."""
        later = time.time() + 600
        place = project or self.project
        return self.tokens.sign_room(self.ada, self.session, place, role, "Bob", not_after=later)[0]

    async def refusal(self, token: str, project: object = None) -> Denied:
        """What the gate says to a token that does not open the project."""
        with pytest.raises(Denied) as caught:
            await self.gate.authorise(token, str(project or self.project))
        assert len(caught.value.reason.encode()) <= 123  # what a close frame holds
        return caught.value


@pytest.fixture
async def scene(database: str, postgres: Postgres, tokens: Tokens) -> AsyncIterator[Scene]:
    ada, session, project = new_id(), new_id(), new_id()
    await create_guest(postgres, ada, session, "Ada", session_seconds=60)
    await create_project(postgres, project, ada, "Thesis")
    async with cable_to(database) as cable, open_pool(cable.url) as pool:
        yield Scene(tokens, Gate(tokens, pool), cable, postgres, ada, session, project)


async def test_access_token_brings_the_role_of_its_account(scene: Scene) -> None:
    """An access token opens a project with the role that its account has there now."""
    access = await scene.gate.authorise(scene.access_token, str(scene.project))
    assert (access.user_id, access.project_id) == (scene.ada, scene.project)
    assert (access.role, access.display_name) == (Role.OWNER, "Ada")
    assert access.expires_at > time.time()


async def test_room_token_brings_its_own_role(scene: Scene) -> None:
    """A room token opens its project with the role and the name that it carries."""
    access = await scene.gate.authorise(scene.room_token(Role.VIEWER), str(scene.project))
    assert (access.role, access.display_name) == (Role.VIEWER, "Bob")


@pytest.mark.parametrize("project", ["", "x", "..", "0" * 36, "{00000000-0000-0000-0000-000000000000}"])
async def test_malformed_project_is_4400(scene: Scene, project: str) -> None:
    """What is no id is malformed, before the token is looked at."""
    with pytest.raises(Denied) as caught:
        await scene.gate.authorise("nonsense", project)
    assert caught.value.code is CloseCode.MALFORMED


async def test_missing_forged_and_expired_tokens_are_4401(scene: Scene) -> None:
    """A token that proves nothing is unauthenticated."""
    old = Tokens("a secret for tests that has more than 32 bytes", now=lambda: 1e9)
    for token in ("", "forged", old.sign_access(scene.ada, scene.session)[0]):
        assert (await scene.refusal(token)).code is CloseCode.UNAUTHENTICATED


async def test_ended_session_and_banned_account_are_4401(scene: Scene, database: str) -> None:
    """An access token is worth nothing once its session has ended or its account is banned."""
    assert await end_session(scene.postgres, scene.ada, scene.session, "login", "logout")
    assert (await scene.refusal(scene.access_token)).code is CloseCode.UNAUTHENTICATED
    execute(database, "UPDATE sessions SET revoked_at = NULL WHERE id = %s", scene.session)
    execute(database, "UPDATE users SET status = 'banned' WHERE id = %s", scene.ada)
    assert (await scene.refusal(scene.access_token)).code is CloseCode.UNAUTHENTICATED


async def test_no_role_is_4403(scene: Scene) -> None:
    """An account without a role in the project, and a room token of another project, are forbidden."""
    stranger, session = new_id(), new_id()
    await create_guest(scene.postgres, stranger, session, "Eve", session_seconds=60)
    assert (await scene.refusal(scene.tokens.sign_access(stranger, session)[0])).code is CloseCode.FORBIDDEN
    assert (await scene.refusal(scene.room_token(project=new_id()))).code is CloseCode.FORBIDDEN


async def test_unknown_and_deleted_projects_are_4404(scene: Scene, database: str) -> None:
    """A project that is not there, or was deleted, is not found, by either token."""
    other = new_id()
    assert (await scene.refusal(scene.access_token, other)).code is CloseCode.NOT_FOUND
    assert (await scene.refusal(scene.room_token(project=other), other)).code is CloseCode.NOT_FOUND
    execute(database, "UPDATE projects SET deleted_at = now() WHERE id = %s", scene.project)
    assert (await scene.refusal(scene.access_token)).code is CloseCode.NOT_FOUND
    assert (await scene.refusal(scene.room_token())).code is CloseCode.NOT_FOUND


async def test_three_hundred_joins_ask_once(scene: Scene) -> None:
    """Those who come at the same time, or soon after, share one question to PostgreSQL."""
    await note_seen(scene.postgres, scene.session, 0)  # the first use would be written down, and asked about again
    tokens = [scene.room_token() for _ in range(150)] + [scene.access_token] * 150
    project = str(scene.project)
    await asyncio.gather(*(scene.gate.authorise(token, project) for token in tokens))
    await scene.cable.cut()
    await asyncio.gather(*(scene.gate.authorise(token, project) for token in tokens))
    assert scene.cable.connections <= 3  # a pool that was asked 300 times at once would have grown


async def test_invitation_works_at_once(scene: Scene, database: str) -> None:
    """A refusal is not remembered: who was just invited comes in."""
    guest, session = new_id(), new_id()
    await create_guest(scene.postgres, guest, session, "Eve", session_seconds=60)
    token = scene.tokens.sign_access(guest, session)[0]
    assert (await scene.refusal(token)).code is CloseCode.FORBIDDEN
    execute(
        database,
        "INSERT INTO project_members (project_id, user_id, role) VALUES (%s, %s, 'commenter')",
        scene.project,
        guest,
    )
    assert (await scene.gate.authorise(token, str(scene.project))).role is Role.COMMENTER


async def test_forgotten_project_is_asked_again(scene: Scene, database: str) -> None:
    """`forget_project` makes a change known at once in this process."""
    await scene.gate.authorise(scene.access_token, str(scene.project))
    await scene.gate.authorise(scene.room_token(), str(scene.project))
    execute(database, "UPDATE projects SET deleted_at = now() WHERE id = %s", scene.project)
    scene.gate.forget_project(scene.project)
    assert (await scene.refusal(scene.access_token)).code is CloseCode.NOT_FOUND
    assert (await scene.refusal(scene.room_token())).code is CloseCode.NOT_FOUND


async def test_known_project_opens_without_postgresql(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """While PostgreSQL is away, or frozen, a room token opens a project that was seen lately."""
    await scene.gate.authorise(scene.room_token(), str(scene.project))
    monkeypatch.setattr(scene.gate._members, "_seconds", 0.0)  # as if the cache's seconds had passed
    scene.cable.freeze()
    assert (await scene.gate.authorise(scene.room_token(), str(scene.project))).role is Role.EDITOR
    await scene.cable.cut()
    assert (await scene.gate.authorise(scene.room_token(), str(scene.project))).role is Role.EDITOR


async def test_unknown_project_waits_for_postgresql(scene: Scene) -> None:
    """While PostgreSQL is away nobody can tell about a project never seen: unavailable, not denied."""
    await scene.cable.cut()
    for token in (scene.room_token(), scene.access_token):
        with pytest.raises(StoreUnavailable):
            await scene.gate.authorise(token, str(scene.project))
