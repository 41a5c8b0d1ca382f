"""Fixtures of the REST tests: a real PostgreSQL, and a gateway without live documents in the test's own process.

ATRIUM_TEST_POSTGRES may name a server (its user makes and drops databases there); otherwise the one of
`stack` is used.
"""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from aiohttp.pytest_plugin import AiohttpClient

from gateway.app import create_app
from gateway.auth.settings import AccountSettings
from gateway.auth.tokens import Tokens
from gateway.settings import Settings
from store.migrate import migrate
from store.postgres import Postgres, open_pool
from tests.rest.api import Api
from tests.rest.databases import new_database
from tests.rest.explain import connection, watched
from tests.support.stack import Stack

__all__ = ["connection", "watched"]
SECRET = "a secret for tests that has more than 32 bytes"


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> str:
    """The URL of a PostgreSQL server on which tests may make databases."""
    given = os.environ.get("ATRIUM_TEST_POSTGRES")
    return given or str(request.getfixturevalue("stack").database_url)


@pytest.fixture(scope="session")
def database(server: str) -> Iterator[str]:
    """A migrated database, shared by tests that leave its schema alone."""
    with new_database(server) as url:
        migrate(url)
        yield url


@pytest.fixture
def empty_database(server: str) -> Iterator[str]:
    """A database of one test, with nothing in it."""
    with new_database(server) as url:
        yield url


@pytest.fixture
async def postgres(database: str) -> AsyncIterator[Postgres]:
    """The store's pool on `database`."""
    async with open_pool(database) as pool:
        yield pool


@pytest.fixture
def make_settings(database: str, stack: Stack, tmp_path: Path) -> Callable[..., Settings]:
    """Settings on `database` and the shared instance's Redis, with changes."""

    def make(**changes: object) -> Settings:
        basic: dict[str, object] = {"database_url": database, "redis_url": stack.redis_url, "secret": SECRET}
        basic["rate_factor"] = 100_000.0
        basic["accounts"] = AccountSettings(mail_folder=tmp_path / "mail")
        return Settings(**(basic | changes))  # type: ignore[arg-type]  # the caller's keywords are checked by Settings

    return make


@pytest.fixture
def tokens() -> Tokens:
    """Signs as the gateway of `api` does."""
    return Tokens(SECRET)


@pytest.fixture
async def api(make_settings: Callable[..., Settings], aiohttp_client: AiohttpClient) -> Api:
    """A gateway without live documents."""
    return Api(await aiohttp_client(create_app(make_settings(), live=False)))
