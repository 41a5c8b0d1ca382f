"""Fixtures: people at the shared instance's gateways, and its database."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from gateway.auth.tokens import Tokens
from gateway.launch.home import Home
from tests.chats.people import Chatter
from tests.rest.people import Scene, scene
from tests.support.stack import Stack

Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(scope="session")
def connection(stack: Stack) -> Iterator[Connection]:
    with psycopg.connect(stack.database_url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def ann(stack: Stack) -> Chatter:
    """A guest at the first gateway."""
    return Chatter(stack.urls[0], stack.guest())


@pytest.fixture
def bob(stack: Stack) -> Chatter:
    """Another one at the second gateway."""
    return Chatter(stack.urls[1], stack.guest())


@pytest.fixture
def made(stack: Stack, connection: Connection) -> Callable[[str], Scene]:
    """A project of its own with somebody in it: by persona (tests/rest/people.py)."""
    tokens = Tokens(Home(stack.home).secret())
    return lambda persona: scene(connection, tokens, persona, visibility="public")
