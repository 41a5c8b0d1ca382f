"""Presence between two gateways: how soon it is there, and that nothing of it stays. On the real servers."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any, cast
from uuid import uuid4

import psycopg
import pytest
import redis

from rooms.codec import awareness, messages
from rooms.codec.awareness import State
from store import keys
from tests.live.connected import DIALECTS, Connected, Dialect, connected
from tests.live.scene import Scene
from tests.support.stack import Stack
from tests.support.waiting import wait_until

SOON = 0.25
"""Seconds, of [P1]: for most states, however busy this machine is with other things."""
ROUNDS = 25
LATE = 5.0
"""Seconds for each of them."""


async def show(connection: Connected, state: object, clock: int) -> None:
    """Presence of client 5."""
    data = json.dumps(state).encode()
    await connection.raw.send(connection.address + messages.awareness(awareness.encode([State(5, clock, data)])))


async def seen(connection: Connected, state: object) -> None:
    """Until it is shown this state of client 5."""
    wanted = json.dumps(state).encode()
    while wanted not in await connection.raw.receive(connection.address + b"\x01"):
        pass


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_p1_seen_within_a_quarter_of_a_second(stack: Stack, dialect: Dialect) -> None:
    """[P1] What somebody shows at one gateway is seen at another one, in either dialect."""
    scene, path = Scene(stack), f"moves/{uuid4()}"
    token = scene.room_token(scene.owner)
    here, there = stack.ws_urls[0], stack.ws_urls[1]
    other: Dialect = "hocuspocus" if dialect == "y-websocket" else "y-websocket"
    took = []
    async with (
        connected(dialect, here, scene.project, path, token) as mover,
        connected(other, there, scene.project, path, token) as watcher,
    ):
        for clock in range(1, ROUNDS + 1):
            began = time.monotonic()
            await show(mover, {"at": clock}, clock)
            await seen(watcher, {"at": clock})
            took.append(time.monotonic() - began)
    print(f"presence from gateway to gateway: median {statistics.median(took):.3f} s, worst {max(took):.3f} s")
    assert statistics.median(took) < SOON
    assert max(took) < LATE


async def test_p6_presence_leaves_no_trace(stack: Stack) -> None:
    """[P6] After presence only, neither Redis nor PostgreSQL has anything of it; meanwhile only what [P7] tells."""
    scene, path, mark = Scene(stack), f"shown/{uuid4()}", uuid4().hex
    token = scene.room_token(scene.owner)
    name = f"{scene.project}/{path}"
    with closing(redis.Redis.from_url(stack.redis_url)) as client:
        async with (
            connected("y-websocket", stack.ws_urls[0], scene.project, path, token) as mover,
            connected("hocuspocus", stack.ws_urls[1], scene.project, path, token) as watcher,
        ):
            for clock in range(1, 4):
                await show(mover, {"mark": mark, "clock": clock}, clock)
                await seen(watcher, {"mark": mark, "clock": clock})
            told = await wait_until(lambda: having(client, mark), "what is told of who is here")
            assert all(key.startswith(keys.life("")) for key in told), told
            assert all(0 < cast(int, client.pttl(key)) <= 1_500 for key in told)
            assert keys.number(name) in having(client, path), "this test finds what is there"
            assert client.exists(keys.log(name)) == 0, "the document has no record"
            assert client.zscore(keys.DIRTY, name) is None
            assert not rows_having(stack, mark)
        await wait_until(lambda: not having(client, mark), "it to be gone", within=10)
    assert not rows_having(stack, mark)
    assert "documents" in rows_having(stack, path), "this test finds what is there"
    with psycopg.connect(stack.database_url) as connection:
        row = connection.execute("SELECT number, state FROM documents WHERE name = %s", (name,)).fetchone()
        assert row == (0, b""), "nothing was ever written into it"
        records = connection.execute("SELECT FROM document_records WHERE document = %s", (name,)).fetchall()
        assert not records


def having(client: redis.Redis, mark: str) -> list[str]:
    """The keys of Redis whose name or value has these characters."""
    return [key.decode() for key in client.scan_iter(count=1_000) if mark.encode() in b"\0".join(parts(client, key))]


def parts(typed: redis.Redis, key: bytes) -> Iterator[bytes]:
    """All that is in a key."""
    client = cast(Any, typed)  # its types want keys to be text
    yield key
    match client.type(key):
        case b"string":
            found = [client.get(key) or b""]
        case b"hash":
            found = [part for pair in client.hgetall(key).items() for part in pair]
        case b"zset":
            found = client.zrange(key, 0, -1)
        case b"list":
            found = client.lrange(key, 0, -1)
        case b"set":
            found = client.smembers(key)
        case b"stream":
            found = [part for _, fields in client.xrange(key) for pair in fields.items() for part in pair]
        case b"none":
            found = []  # it went meanwhile
        case kind:
            raise AssertionError(f"{key!r} is a {kind!r}")
    yield from found


def rows_having(stack: Stack, mark: str) -> list[str]:
    """The tables of PostgreSQL with a row that has these characters, as text or as bytes."""
    found = []
    with psycopg.connect(stack.database_url) as connection:
        tables = connection.execute(
            "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        for (table,) in tables:
            query = f"SELECT 1 FROM {table} AS r WHERE r::text LIKE ANY(%s) LIMIT 1"
            patterns = [f"%{mark}%", f"%{mark.encode().hex()}%"]
            if connection.execute(query.encode(), (patterns,)).fetchone():
                found.append(str(table))
    return found
