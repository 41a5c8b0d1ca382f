"""Fixtures of the projects' tests: registered people with access tokens, made by SQL."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import pytest

from gateway.auth.tokens import Tokens
from schemas.ids import new_id
from store.postgres import Postgres
from tests.rest.api import Api, Reply


@dataclass(frozen=True)
class Person:
    """Somebody with an account; calls the gateway as themselves."""

    api: Api
    id: UUID
    token: str

    async def call(self, method: str, path: str, json: object = None, etag: str = "") -> Reply:
        """A request below /api."""
        headers = {"If-Match": etag} if etag else {}
        return await self.api.call(method, f"/api{path}", token=self.token, json=json, headers=headers)

    async def ok(self, method: str, path: str, json: object = None, status: int = 200) -> Reply:
        """The same where it must succeed."""
        reply = await self.call(method, path, json)
        assert reply.status == status, reply.body
        return reply

    async def project(self, **fields: object) -> str:
        """A new project's id."""
        reply = await self.ok("POST", "/projects", {"name": "Thesis", **fields}, 201)
        return str(reply.body["id"])

    async def add(self, project: str, who: "Person", role: str) -> None:
        """Make somebody a member of one's project."""
        await self.ok("POST", f"/projects/{project}/members", {"user_id": str(who.id), "role": role}, 201)


MakePerson = Callable[..., Awaitable[Person]]


@pytest.fixture
def person(api: Api, tokens: Tokens, postgres: Postgres) -> MakePerson:
    """Makes people."""

    async def make(name: str = "Ada", email: str | None = None, verified: bool = True, guest: bool = False) -> Person:
        user, session = new_id(), new_id()
        await postgres.execute(
            """
            INSERT INTO users (id, display_name, is_guest, email, email_verified_at)
            VALUES (%(id)s, %(name)s, %(guest)s, %(email)s, CASE WHEN %(verified)s THEN now() END)
            """,
            {"id": user, "name": name, "guest": guest, "email": email, "verified": email is not None and verified},
        )
        await postgres.execute(
            "INSERT INTO sessions (id, user_id, expires_at) VALUES (%(id)s, %(user)s, now() + interval '1 hour')",
            {"id": session, "user": user},
        )
        return Person(api, user, tokens.sign_access(user, session)[0])

    return make


@pytest.fixture
async def ada(person: MakePerson) -> Person:
    return await person("Ada")


@pytest.fixture
async def bob(person: MakePerson) -> Person:
    return await person("Bob")


@pytest.fixture
async def eve(person: MakePerson) -> Person:
    return await person("Eve")
