"""A user's key is nowhere to be found: not in a log, a row, a file, Redis, an error, an event or a metric.

The canary is set, tested against a provider that takes it, one that refuses it and repeats it, and one that repeats all
headers; then everything that Atrium wrote and said is searched for it.
"""

import asyncio
import base64
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from redis.asyncio import Redis

from store.redis import connect
from tests.conftest import MakeStack
from tests.rest.ai.standin import stand_in
from tests.support.stack import Stack

PASSWORD = "a dozen blue herons"
PROVIDERS = ("openai", "openrouter", "perplexity")


class Canary:
    """A key, and whatever shows that it was somewhere."""

    def __init__(self) -> None:
        self.middle = f"CANARY{uuid4().hex}"
        self.key = f"sk-{self.middle}-wxyz"
        encoded = base64.b64encode(self.key.encode()).decode()
        self.traces = (self.middle.encode(), self.middle.lower().encode(), encoded[8:40].encode())

    def in_bytes(self, data: bytes) -> bool:
        """Whether it is there, as it is or in base64."""
        return any(trace in data for trace in self.traces)


def test_the_search_finds() -> None:
    """What is searched for would be found."""
    canary = Canary()
    assert canary.in_bytes(f"xx{canary.key}xx".encode())
    assert canary.in_bytes(base64.b64encode(canary.key.encode()))
    assert not canary.in_bytes(Canary().key.encode())


async def test_no_key_is_left_anywhere(own_stack: MakeStack) -> None:
    """Sets, uses and removes the canary, and searches everything before the removal and behind it."""
    canary, said = Canary(), list[tuple[str, bytes]]()
    async with stand_in() as takes, stand_in() as refuses, stand_in() as repeats:
        refuses.refused.add(canary.key)
        repeats.repeated.add(canary.key)
        urls = {"OPENAI_BASE_URL": takes.url, "OPENROUTER_BASE_URL": refuses.url, "PERPLEXITY_BASE_URL": repeats.url}
        stack = await asyncio.to_thread(own_stack, gateways=2, environment={**urls, "ATRIUM_LOG_LEVEL": "debug"})
        await asyncio.to_thread(use, stack, canary, said)
        assert canary.key in takes.heard
        assert canary.key in refuses.heard
        assert canary.key in repeats.heard
    assert len(said) > 10
    assert [what for what, body in said if canary.in_bytes(body)] == []
    assert rows_with(stack.database_url, canary) == []
    redis = connect(stack.redis_url)
    assert await keys_with(redis, canary) == []
    await redis.aclose()
    await asyncio.to_thread(stack.stop)
    assert files_with(stack.home, canary) == []


def use(stack: Stack, canary: Canary, said: list[tuple[str, bytes]]) -> None:
    """All that a user may do with a key, and some mistakes; what was answered."""
    token = ""

    def call(method: str, path: str, **options: Any) -> Any:
        answer = stack.call(path, method=method, token=token, **options)
        said.append((f"{method} {path}", str((answer.body, answer.headers)).encode()))
        return answer.body

    body = {"email": f"{uuid4().hex}@example.com", "username": f"a-{uuid4().hex[:12]}", "password": PASSWORD}
    token = stack.call("/api/auth/register", method="POST", json_body=body, expect=201).body["access_token"]
    for wrong in (
        {"provider": "openai", "key": f"{canary.key} "},
        {"provider": canary.key, "key": canary.key},
        {"provider": "openai", "key": canary.key, "label": canary.key * 10},
        {"openai": [canary.key]},
    ):
        call("POST", "/api/ai/keys", json_body=wrong)
    call("POST", "/api/ai/keys", json_body=dict.fromkeys(PROVIDERS, canary.key))
    listed = call("GET", "/api/ai/keys")
    assert isinstance(listed, dict)
    assert {each["last4"] for each in listed["items"]} == {"wxyz"}
    for each in listed["items"]:
        tested = call("POST", f"/api/ai/keys/{each['id']}/test")
        assert isinstance(tested, dict)
        assert tested["ok"] == (each["provider"] == "openai"), (each, tested)
    for provider in PROVIDERS:
        asked = {"model": f"{provider}/some-model", "messages": [{"role": "user", "content": "hello"}]}
        answer = call("POST", "/v1/chat/completions", json_body=asked)
        if provider == "openai":
            assert answer["choices"][0]["message"]["content"].strip() == "all is well"
        else:
            assert "[key]" in str(answer), "it came from the provider, without the key"
    lines = call("GET", "/api/ai/usage/answers")["items"]
    assert [(line["model"], line["own_key"]) for line in lines] == [("openai/some-model", True)]
    assert call("GET", "/api/ai/usage")["usd"]["used"] == 0
    for gateway in range(2):
        said.append(("metrics", str(stack.call("/metrics", gateway=gateway).body).encode()))


def rows_with(database_url: str, canary: Canary) -> list[str]:
    """Tables that have it in any column of any row."""
    found = []
    with psycopg.connect(database_url, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
            " AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        assert ("public", "user_keys") in tables
        for schema, table in tables:
            copied = sql.SQL("COPY {}.{} TO STDOUT (FORMAT binary)").format(
                sql.Identifier(schema), sql.Identifier(table)
            )
            with connection.cursor().copy(copied) as copy:
                if canary.in_bytes(b"".join(bytes(piece) for piece in copy)):
                    found.append(str(table))
    return found


async def keys_with(redis: Redis, canary: Canary) -> list[bytes]:
    """Keys of Redis that have it, in whatever they are."""
    found = []
    async for key in redis.scan_iter():
        kind = await redis.type(key)
        value: object = b""
        match kind:
            case b"string":
                value = await redis.get(key)
            case b"list":
                value = await redis.lrange(key, 0, -1)  # type: ignore[misc]
            case b"hash":
                value = await redis.hgetall(key)  # type: ignore[misc]
            case b"zset":
                value = await redis.zrange(key, 0, -1)
            case b"set":
                value = await redis.smembers(key)  # type: ignore[misc]
            case b"stream":
                value = await redis.xrange(key)
            case _:
                pytest.fail(f"a key of an unknown kind: {key!r} {kind!r}")
        if canary.in_bytes(key) or canary.in_bytes(str(value).encode()):
            found.append(key)
    return found


def files_with(home: Path, canary: Canary) -> list[str]:
    """Files below the home that have it: logs, PostgreSQL's data and its log of writes, Valkey's append-only file."""
    files = [path for path in home.rglob("*") if path.is_file() and not path.is_symlink()]
    names = {path.name for path in files}
    assert {"gateway-1.log", "ai-1.log"} <= names
    return [str(path) for path in files if canary.in_bytes(path.read_bytes())]
