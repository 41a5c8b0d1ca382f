"""`/readyz` of a running gateway follows what it needs: not ready while Redis is away, and ready again by itself."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tests.faults.stores import freeze
from tests.support.http import Answer
from tests.support.stack import Stack
from tests.support.waiting import wait_until


async def becomes(stack: Stack, status: int, what: str) -> Answer:
    """What it says once it answers so."""

    def look() -> Answer | None:
        answer = stack.call("/readyz")
        return answer if answer.status == status else None

    return await wait_until(look, f"/readyz to answer {status} {what}")


@pytest.mark.parametrize("server", ["valkey", "postgres"])
async def test_a_frozen_server(atrium: Stack, server: str) -> None:
    """503 while Redis or PostgreSQL does not answer, naming it and nothing else; 200 when it answers again."""
    checks = (await becomes(atrium, 200, "at the beginning")).body["checks"]
    assert checks == {"postgresql": "ok", "redis": "ok"}
    frozen = freeze(atrium.pid(server))
    try:
        said = (await becomes(atrium, 503, "while it is frozen")).body
    finally:
        for process in frozen:
            process.resume()
    name = "redis" if server == "valkey" else "postgresql"
    other = {"redis", "postgresql"} - {name}
    assert not said["ready"], said
    assert said["checks"][name] != "ok" and said["checks"][other.pop()] == "ok"
    assert (await becomes(atrium, 200, "afterwards")).body["ready"]


async def test_redis_killed(atrium: Stack) -> None:
    """503 while Redis does not exist, with Retry-After; 200 once it was started again."""
    atrium.pause_restarts()
    old = atrium.kill("valkey", signal.SIGKILL)
    answer = await becomes(atrium, 503, "without Redis")
    assert answer.body["checks"]["redis"] != "ok"
    assert int(answer.headers["Retry-After"]) >= 1
    assert atrium.call("/healthz", expect=200).body["status"] == "ok", "it lives all the same"
    atrium.resume_restarts()
    await asyncio.to_thread(atrium.wait_restarted, "valkey", old)
    await becomes(atrium, 200, "with Redis")
