"""Two gateways of one deployment, as the tests of quotas use them."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestServer

from gateway.app import create_app
from gateway.models import Models
from gateway.parts import PARTS, Parts
from gateway.settings import Settings
from store.model_lists import ModelLists
from tests.rest.ai.desk import MODELS, Desk, make_user, strict


def apart(settings: Settings) -> Settings:
    """The same with a Redis database of its own: the running AI worker, which has another database, shall not hear."""
    assert settings.redis_url.endswith("?db=0")
    return replace(settings, redis_url=settings.redis_url.removesuffix("0") + "7")


@pytest.fixture
async def gateways(make_settings: Callable[..., Settings]) -> AsyncIterator[list[Parts]]:
    """Their parts; both know one model with a price."""
    servers = [TestServer(create_app(apart(make_settings(name=f"quota-{at}")), live=False)) for at in range(2)]
    for server in servers:
        await server.start_server()
    found = []
    for server in servers:
        parts = server.app[PARTS]
        models = Models(ModelLists(parts.redis))  # nobody looks for others
        models.catalogue = MODELS
        found.append(replace(parts, models=models))
    yield found
    for server in servers:
        await server.close()


@pytest.fixture
async def make_desk(gateways: list[Parts]) -> Callable[..., object]:
    """Makes users of a tier; with `as_outside` all limits are those of outside of tests."""

    async def make(tier: str = "free", *, as_outside: bool = False) -> Desk:
        parts = [strict(each) for each in gateways] if as_outside else gateways
        return Desk(parts, await make_user(parts[0].postgres, tier))

    return make
