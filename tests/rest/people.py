"""Everybody whom the authorisation matrix sends: made by SQL, so that a thousand of them take a second."""

import hashlib
import os
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg

from gateway.auth.tokens import PLATFORM_SECRET_BYTES, Tokens, write_platform_token
from schemas.ids import new_id

MEMBERS = ("viewer", "commenter", "editor", "admin", "owner")
PERSONAS = ("nobody", "guest", "stranger", *MEMBERS, "site admin")


@dataclass(frozen=True)
class Person:
    """One persona, with what it presents."""

    persona: str
    id: UUID
    token: str


@dataclass(frozen=True)
class Scene:
    """A project of its own for one request: whatever the request does to it, nobody else minds."""

    person: Person
    project: UUID
    somebody: UUID
    """Another member, an editor."""
    file: UUID
    collaboration: UUID


def scene(
    connection: "psycopg.Connection[tuple[object, ...]]",
    tokens: Tokens,
    persona: str,
    *,
    visibility: str = "private",
    scopes: list[str] | None = None,
) -> Scene:
    """Make it; with `scopes` the person presents a platform token."""
    user, session, owner, somebody, project = (new_id() for _ in range(5))
    file, collaboration = new_id(), new_id()
    secret = os.urandom(PLATFORM_SECRET_BYTES)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO users (id, display_name, is_guest, role, tier) VALUES (%s, %s, %s, %s, %s)",
            [
                (user, persona, persona == "guest", "admin" if persona == "site admin" else "user", "enterprise"),
                (owner, "Owner", False, "user", "free"),
                (somebody, "Somebody", False, "user", "free"),
            ],
        )
        cursor.execute(
            "INSERT INTO sessions (id, user_id, kind, scopes, secret_hash, expires_at)"
            " VALUES (%s, %s, %s, %s, %s, now() + interval '1 hour')",
            (session, user, "login" if scopes is None else "token", scopes, hashlib.sha256(secret).digest()),
        )
        cursor.execute(
            "INSERT INTO projects (id, owner_id, name, visibility) VALUES (%s, %s, 'Matrix', %s)",
            (project, owner, visibility),
        )
        members = [(project, owner, "owner"), (project, somebody, "editor")]
        members += [(project, user, persona)] if persona in MEMBERS else []
        cursor.executemany("INSERT INTO project_members (project_id, user_id, role) VALUES (%s, %s, %s)", members)
        document = f"{project}/{uuid4()}"
        cursor.execute("INSERT INTO documents (name, project_id) VALUES (%s, %s)", (document, project))
        cursor.execute(
            "INSERT INTO files (id, project_id, path, kind, document, media_type)"
            " VALUES (%s, %s, 'a', 'text', %s, 'text/plain')",
            (file, project, document),
        )
        cursor.execute(
            "INSERT INTO collab_sessions (id, project_id, name, started_by) VALUES (%s, %s, 'x', %s)",
            (collaboration, project, owner),
        )
    token = tokens.sign_access(user, session)[0] if scopes is None else write_platform_token(session, secret)
    return Scene(Person(persona, user, "" if persona == "nobody" else token), project, somebody, file, collaboration)
