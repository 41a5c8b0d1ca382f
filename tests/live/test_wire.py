"""The bare connection to Redis (store/wire.py), against the real one."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ResponseError

from store.wire import Wire
from tests.support.stack import Stack
from tests.support.waiting import wait_until


@pytest.fixture
def pool(stack: Stack) -> ConnectionPool:
    return ConnectionPool.from_url(stack.redis_url)


async def test_replies_come_to_who_asked(pool: ConnectionPool) -> None:
    """Many at once: each gets its own answer or error, also behind one that was given up."""
    wire = await Wire.open(pool)
    given_up = wire.ask("ECHO", "nobody waits")
    given_up.cancel()
    asked = [wire.ask("ECHO", f"{number}") for number in range(500)]
    wrong, unknown = wire.ask("GET"), wire.ask("EVALSHA", "0" * 40, 0)
    large = wire.ask("ECHO", bytes(3_000_000))
    assert await asyncio.gather(*asked) == [b"%d" % number for number in range(500)]
    assert len(await large) == 3_000_000
    with pytest.raises(NoScriptError):
        await unknown
    with pytest.raises(ResponseError):
        await wrong
    await wire.close()


async def test_what_was_asked_of_a_lost_connection_fails(pool: ConnectionPool) -> None:
    """Whoever waits for an answer learns that it does not come; whoever asks later, too."""
    wire, killer = await Wire.open(pool), await Wire.open(pool)
    own = await wire.ask("CLIENT", "ID")
    waits = wire.ask("BLPOP", "atrium:test:nothing", 60)
    await killer.ask("CLIENT", "KILL", "ID", own)
    with pytest.raises(RedisConnectionError):
        await waits
    await wire.ended
    with pytest.raises(RedisConnectionError):
        await wire.ask("PING")
    await wire.close()
    await killer.close()


async def test_a_listener_hears_all_and_its_error_is_told(pool: ConnectionPool) -> None:
    """Announcements arrive in order; what the listener raises ends the connection, and is not lost."""
    heard: list[Any] = []

    def hear(message: list[Any]) -> None:
        if message[2] == b"stop":
            raise ZeroDivisionError
        heard.append(message[2])

    listener, teller = await Wire.open(pool, hear), await Wire.open(pool)
    listener.say("SUBSCRIBE", "atrium:test:wire")
    await wait_until(lambda: heard == [1], "the confirmation")
    for number in range(1_000):
        await teller.ask("PUBLISH", "atrium:test:wire", number)
    await wait_until(lambda: len(heard) == 1_001, "all announcements")
    assert heard[1:] == [b"%d" % number for number in range(1_000)]
    await teller.ask("PUBLISH", "atrium:test:wire", "stop")
    with pytest.raises(ZeroDivisionError):
        await listener.ended
    await listener.close()
    await teller.close()


async def test_a_refused_subscription_is_an_error_of_redis(pool: ConnectionPool) -> None:
    """So whoever follows tries again, instead of ending the process."""
    wire = await Wire.open(pool, lambda _: None)
    wire.say("SUBSCRIBE")
    with pytest.raises(ResponseError):
        await wire.ended
    await wire.close()
