"""A project with a member and a visitor, and what a test changes about them behind the API's back.

    change in PostgreSQL ──► the announcement that the teller makes of it ──► every gateway

Used by the tests of this folder. What there is an API for is tried through it in test_by_api.py.
"""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg
import redis

from store import keys
from tests.support.stack import Stack


@dataclass(frozen=True)
class Person:
    """A guest account with one session."""

    id: str
    session: str
    token: str


class Scene:
    """One project of its owner's. All methods block for a moment."""

    def __init__(self, stack: Stack, *, role: str = "editor", visibility: str = "private") -> None:
        self.stack = stack
        self.owner = self.person()
        self.project = stack.project(self.owner.token)
        self.sql("UPDATE projects SET visibility = %s WHERE id = %s", visibility, self.project)
        self.member = self.join(role)

    def person(self) -> Person:
        """Somebody new."""
        token = self.stack.guest()
        session, user = self.sql(
            "SELECT id::text, user_id::text FROM sessions ORDER BY created_at DESC, id DESC LIMIT 1"
        )
        return Person(user, session, token)

    def join(self, role: str = "editor") -> Person:
        """A new member."""
        person = self.person()
        self.sql(
            "INSERT INTO project_members (project_id, user_id, role) VALUES (%s, %s, %s)", self.project, person.id, role
        )
        return person

    def room_token(self, person: Person, role: str | None = None) -> str:
        """A room token of the person's role, or a lower one."""
        return self.stack.room_token(person.token, self.project, role).token

    def call(
        self, method: str, path: str, body: object = None, *, token: str = "", expect: int = 200
    ) -> dict[str, Any]:
        """A request of the owner's, or somebody else's, to the first gateway."""
        answer = self.stack.call(path, method=method, json_body=body, token=token or self.owner.token, expect=expect)
        return dict(answer.body or {})

    # What changes

    def role_changes(self, person: Person, role: str) -> None:
        self.sql(
            "UPDATE project_members SET role = %s WHERE project_id = %s AND user_id = %s", role, self.project, person.id
        )
        self.announce("member.changed", project_id=self.project, user_id=person.id)

    def member_goes(self, person: Person) -> None:
        self.sql("DELETE FROM project_members WHERE project_id = %s AND user_id = %s", self.project, person.id)
        self.announce("member.changed", project_id=self.project, user_id=person.id)

    def user_is_banned(self, person: Person) -> None:
        self.sql("UPDATE users SET status = 'banned' WHERE id = %s", person.id)
        self.announce("user.changed", user_id=person.id)

    def session_ends(self, person: Person) -> None:
        self.sql("UPDATE sessions SET revoked_at = now() WHERE id = %s", person.session)
        self.announce("session.ended", session_id=person.session)

    def project_turns_private(self) -> None:
        self.sql("UPDATE projects SET visibility = 'private' WHERE id = %s", self.project)
        self.announce("project.changed", project_id=self.project)

    def project_goes(self) -> None:
        self.sql("UPDATE projects SET deleted_at = now() WHERE id = %s", self.project)
        self.announce("project.changed", project_id=self.project)

    # By which means

    def announce(self, kind: str, **ids: str) -> None:
        """Say it to all gateways, as the teller does."""
        with closing(redis.Redis.from_url(self.stack.redis_url)) as client:
            client.publish(keys.GATEWAYS, json.dumps({"kind": kind, **ids}))

    def sql(self, statement: str, *params: object) -> tuple[str, ...]:
        """Run a statement; its first row, if it gives any."""
        with psycopg.connect(self.stack.database_url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), params)
            row = cursor.fetchone() if cursor.description else None
            return tuple(map(str, row)) if row else ()
