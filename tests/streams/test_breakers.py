"""Breakers in Redis: the one request that tries again leaves none of them half-open, whatever becomes of it."""

import pytest

from ai_router.breaker import HalfOpen, Open
from ai_router.choice import Candidate
from ai_router.heard import Failed
from ai_router.models import Model
from store.redis import Redis
from store.shared_values import SharedValues
from workers.ai.circuits import Circuits, _decoded, _encoded

PROVIDER, MODEL = "tried", "tried/model"
ASKED = Candidate(Model(MODEL), "own", "it is a test")
NOW = 1_000.0


@pytest.fixture
async def values(redis: Redis) -> SharedValues:
    """Both breakers of a model were open, and may be tried."""
    key = "atrium:{tests}:breakers"
    await redis.delete(key)
    found = SharedValues(redis, key)
    for name in (PROVIDER, MODEL):
        await found.swap(name, b"", _encoded(Open(NOW - 1, 2)))
    return found


@pytest.mark.parametrize("failure", [None, Failed("filtered", "no"), Failed("server", "no")])
async def test_a_try_ends(values: SharedValues, failure: Failed | None) -> None:
    """While it tries nobody else may; afterwards somebody else can, now or later."""
    circuits, other = Circuits(values, lambda: NOW), Circuits(values, lambda: NOW)
    for each in (circuits, other):
        await each.cooling()
    assert await circuits.permit(ASKED)
    assert not await other.permit(ASKED)
    assert {type(_decoded(state)) for state in (await values.all()).values()} == {HalfOpen}
    await (circuits.failed(ASKED, failure) if failure else circuits.released(ASKED))
    assert {type(_decoded(state)) for state in (await values.all()).values()} == {Open}


async def test_a_try_that_is_not_let_through(values: SharedValues) -> None:
    """Its provider's breaker would permit it, its model's does not: so it tries neither."""
    await values.swap(MODEL, _encoded(Open(NOW - 1, 2)), _encoded(Open(NOW + 9, 3)))
    circuits = Circuits(values, lambda: NOW)
    await circuits.cooling()
    assert not await circuits.permit(ASKED)
    assert {name: _decoded(state) for name, state in (await values.all()).items()} == {
        PROVIDER: Open(NOW, 2),
        MODEL: Open(NOW + 9, 3),
    }
