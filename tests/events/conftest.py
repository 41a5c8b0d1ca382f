"""Fixtures of these tests: those of the REST tests, and the logs of topics on the shared instance's Redis."""

from collections.abc import AsyncIterator

import pytest

from store.event_log import EventLog
from store.redis import Redis, connect
from tests.rest.conftest import api, database, make_settings, postgres, server, tokens
from tests.support.stack import Stack

__all__ = ["api", "database", "make_settings", "postgres", "server", "tokens"]


@pytest.fixture
async def redis(stack: Stack) -> AsyncIterator[Redis]:
    """The shared instance's Redis: use topics of your own, and never empty it."""
    client = connect(stack.redis_url)
    yield client
    await client.aclose(close_connection_pool=True)


@pytest.fixture
def events(redis: Redis) -> EventLog:
    """The logs of topics."""
    return EventLog(redis)
