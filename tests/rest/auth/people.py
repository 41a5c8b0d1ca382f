"""People who register and sign in, for the tests of accounts."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.rest.api import Api, Reply

PASSWORD = "a dozen blue herons"


@dataclass
class Person:
    """Somebody with an account, and the tokens of their latest sign-in."""

    id: str
    email: str
    username: str
    access: str
    refresh: str
    password: str = PASSWORD


def fresh_name(prefix: str = "ada") -> str:
    """A username that nobody has."""
    return f"{prefix}-{uuid4().hex[:12]}"


async def register(api: Api, *, token: str = "", **changes: Any) -> Person:
    """A new account."""
    name = fresh_name()
    body = {"email": f"{name}@example.com", "username": name, "password": PASSWORD} | changes
    reply = await api.call("POST", "/api/auth/register", token=token, json=body)
    assert reply.status == 201, reply.body
    return Person(
        reply.body["user"]["id"], body["email"], body["username"], reply.body["access_token"],
        reply.body["refresh_token"], body["password"],
    )  # fmt: skip


async def login(api: Api, person: Person, **changes: Any) -> Reply:
    """Sign in once more."""
    body = {"email": person.email, "password": person.password} | changes
    return await api.call("POST", "/api/auth/login", json=body)


async def refresh(api: Api, token: str) -> Reply:
    """Exchange a refresh token."""
    return await api.call("POST", "/api/auth/refresh", json={"refresh_token": token})


async def works(api: Api, access: str) -> bool:
    """Whether an access token opens anything."""
    return (await api.call("GET", "/api/auth/me", token=access)).status == 200
