"""Hostile messages on real sockets, in both dialects, while honest stock clients type in the same document."""

from __future__ import annotations

import asyncio
import random

import pytest

from rooms.codec.lib0 import var_bytes, var_uint
from rooms.limits import (
    PRESENCE_CLIENTS_PER_PEER,
    PRESENCE_MESSAGE_MAX,
    PRESENCE_STATE_MAX,
    PRESENCE_STATES_MAX,
    UPDATE_MAX,
)
from schemas.documents import parse_document_name
from store.document_log import DocumentLog
from store.lane import Lane
from store.redis import connect
from tests.hostile.attacker import (
    Dialect,
    YWebsocket,
    awareness,
    connected,
    step_1,
    step_2,
    update,
    upgrade,
    upgraded,
)
from tests.hostile.conftest import Honest
from tests.hostile.test_frames import BROKEN, frame
from tests.rooms.test_replica import HOSTILE, text
from tests.rooms.updates import ABORTS_Y_PY, PANICS, PANICS_AFTER, damaged
from tests.support.stack import Stack

pytestmark = pytest.mark.js

MARK = "INTRUDER"
BAD_UPDATES = {**HOSTILE, "what panics pycrdt": PANICS, "garbage": bytes(range(256))}
BAD_STATE_VECTORS = {
    "empty": b"",
    "a byte too many": b"\x00\x00",
    "a clock too few": b"\x02\x01\x05\x02",
    "a clock too many": b"\x01\x01\x05\x02",
    "a clock without an end": b"\x01\x01\x85",
    "what ends y-py": ABORTS_Y_PY,
    "a count that lies": var_uint(1 << 28),
    "an endless integer": b"\xff" * 30,
}
BAD_PRESENCE = {
    "empty": b"",
    "what ends y-py": ABORTS_Y_PY,
    "not JSON": b"\x01\x01\x01" + var_bytes(b"{"),
    "not UTF-8": b"\x01\x01\x01" + var_bytes(b'"\xff"'),
    "a clock near the end of JavaScript's numbers": b"\x01\x01" + var_uint((1 << 53) - 1) + var_bytes(b"{}"),
    "a client beyond it": b"\x01" + var_uint(1 << 53) + b"\x01" + var_bytes(b"{}"),
    "too many states": var_uint(PRESENCE_STATES_MAX + 1) + b"\x01\x01\x02{}" * (PRESENCE_STATES_MAX + 1),
    "too many clients": var_uint(17) + b"".join(var_uint(i) + b"\x01" + var_bytes(b"{}") for i in range(100, 117)),
}
assert len(range(100, 117)) > PRESENCE_CLIENTS_PER_PEER


def messages(dialect: Dialect) -> dict[str, tuple[bytes, int]]:
    """Every hostile message, and the code that answers it."""
    cases = {
        **{f"update: {name}": (update(data), 4400) for name, data in BAD_UPDATES.items()},
        **{f"step 2: {name}": (step_2(data), 4400) for name, data in BAD_UPDATES.items()},
        **{f"step 1: {name}": (step_1(data), 4400) for name, data in BAD_STATE_VECTORS.items()},
        **{f"awareness: {name}": (awareness(data), 4400) for name, data in BAD_PRESENCE.items()},
        "a length that lies": (b"\x00\x02\xff\xff\xff\x7f" + text(1, 0, MARK), 4400),
        "an unknown sync message": (b"\x00\x07\x00", 4400),
        "an endless type": (b"\xff" * 20, 4400),
        "a cut message": (b"\x00\x02", 4400),
        "a large presence message": (awareness(b"\x01\x01\x01" + var_bytes(bytes(PRESENCE_MESSAGE_MAX))), 1009),
        "a large state vector": (step_1(var_uint(300_000) + b"\x81\x80\x01\x01" * 300_000), 1009),
        "a large presence": (awareness(b"\x01\x01\x01" + var_bytes(b'"' + b"x" * PRESENCE_STATE_MAX + b'"')), 1009),
    }
    return {name: (dialect.wrap(body), code) for name, (body, code) in cases.items()} | {"nothing": (b"", 4400)}


async def records_of(stack: Stack, name: str) -> list[bytes]:
    """The updates in a document's log."""
    redis, lane = connect(stack.redis_url), Lane(stack.redis_url, "append")
    try:
        log = DocumentLog(redis, lane, bytes(8), follows=False)
        return [r.update for commit in await log.read(parse_document_name(name), 0) for r in commit.records]
    finally:
        await redis.aclose()
        await redis.connection_pool.disconnect()


PITFALLS = {
    "what ends y-py": ABORTS_Y_PY,
    "what panics pycrdt": PANICS,
    "after which it does": PANICS_AFTER,
}


class Watch:
    """What must not change while somebody attacks: the processes, and that no traceback is logged."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._pids = stack.status()
        self._logged = len(stack.logs("gateway-1"))

    def check(self) -> None:
        assert self._stack.status() == self._pids
        fresh = self._stack.logs("gateway-1")[self._logged :]
        for sign in ("Traceback", "session failed", "panicked", '"level": "error"', '"level":"error"'):
            assert sign not in fresh, fresh[-3000:]


async def attack(dialect: Dialect, payload: bytes) -> tuple[int, str]:
    """Enter, say it, and hear how it ends."""
    async with upgraded(dialect.url) as attacker:
        await dialect.enter(attacker)
        await attacker.message(payload)
        return await attacker.closed()


async def test_hostile_messages_end_one_connection(dialect: Dialect, honest: Honest, stack: Stack) -> None:
    """[L1] [L2] Each hostile message closes its connection with a code and a reason; nobody else notices."""
    watch = Watch(stack)
    for name, (payload, expected) in messages(dialect).items():
        code, reason = await attack(dialect, payload)
        assert (code, bool(reason)) == (expected, True), f"{name}: {code} {reason}"
    await honest.typed_more()
    watch.check()
    for session in honest.sessions:
        assert await session.see("synced") is True


async def test_byte_strings_that_ended_somebody(dialect: Dialect, honest: Honest, stack: Stack) -> None:
    """[L1] Each as update, step 2, step 1 and presence, in a document that holds what pycrdt panics after."""
    watch = Watch(stack)
    async with upgraded(dialect.url) as editor:
        await dialect.enter(editor)
        await editor.message(dialect.wrap(update(PANICS_AFTER)))
        await editor.message(dialect.wrap(step_1(b"\x00")))
        assert b"llo" in await editor.until(dialect.wrap(b"\x00\x01"))
    for name, data in PITFALLS.items():
        for kind in (update, step_2, step_1, awareness):
            if data == PANICS_AFTER and kind in (update, step_2):
                async with upgraded(dialect.url) as editor:
                    await dialect.enter(editor)
                    await editor.message(dialect.wrap(kind(data)))
                    await editor.message(dialect.wrap(step_1(b"\x00")))
                    await editor.until(dialect.wrap(b"\x00\x01"))
                continue
            code, reason = await attack(dialect, dialect.wrap(kind(data)))
            assert (code, bool(reason)) == (4400, True), f"{name} as {kind.__name__}: {code} {reason}"
    await honest.typed_more()
    watch.check()
    assert (await records_of(stack, f"{honest.project.id}/main")).count(PANICS_AFTER) == 1


async def test_nothing_hostile_reaches_the_log_or_others(dialect: Dialect, honest: Honest, stack: Stack) -> None:
    """[L1] Seeded damage to an honest update: what is refused, or waits for what nobody has, goes nowhere."""
    watch = Watch(stack)
    random_ = random.Random(20_261_120)
    marked = text(66, 40, MARK * 20)
    for _ in range(25):
        async with upgraded(dialect.url) as attacker:
            await dialect.enter(attacker)
            await attacker.message(dialect.wrap(update(marked)))
            for _ in range(8):
                data = damaged(marked[: random_.randrange(12, len(marked) - 8)], random_)
                await attacker.message(dialect.wrap(random_.choice((update, step_2))(data)))
            await attacker.message(dialect.wrap(step_1(b"")))
            code, reason = await attacker.closed()
            assert (code, bool(reason)) == (4400, True)
    await honest.typed_more()
    watch.check()
    assert not [r for r in await records_of(stack, f"{honest.project.id}/main") if MARK.encode() in r]
    assert MARK not in await honest.sessions[0].text()


async def test_broken_frames_end_one_connection(dialect: Dialect, honest: Honest, stack: Stack) -> None:
    """[L1] [L2] Broken framing has the codes of RFC 6455, before and after authentication."""
    watch = Watch(stack)
    for name, (data, expected) in BROKEN.items():
        for is_in in (True, False):
            async with upgraded(dialect.url) as attacker:
                if is_in:
                    await dialect.enter(attacker)
                await attacker.send(data)
                code, reason = await attacker.closed()
                assert (code, bool(reason)) == (expected, True), f"{name}: {code} {reason}"
    await honest.typed_more()
    watch.check()


async def test_an_update_that_is_too_large(dialect: Dialect, honest: Honest, stack: Stack) -> None:
    """[L2] An update above 32 MiB is refused with 1009, also when it comes in fragments that never end."""
    watch = Watch(stack)
    async with upgraded(dialect.url) as attacker:
        await dialect.enter(attacker)
        huge = dialect.wrap(update(text(67, 0, "x" * UPDATE_MAX)))
        await attacker.message(huge)
        assert (await attacker.closed())[0] == 1009
    async with upgraded(dialect.url) as attacker:
        await dialect.enter(attacker)
        endless = asyncio.create_task(send_for_ever(attacker.send))
        assert (await attacker.closed())[0] == 1009
        endless.cancel()
    await honest.typed_more()
    watch.check()


async def send_for_ever(send: object) -> None:
    """A message whose last fragment never comes."""
    assert callable(send)
    await send(frame(b"x", final=False, mask=bytes(4)))
    piece = frame(b"x" * (1 << 18), 0, final=False, mask=bytes(4))
    while True:
        await send(piece)


HTTP = {
    "garbage": b"\x00\xff\x16\x03\x01\r\n\r\n",
    "another method": b"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    "no upgrade": b"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n",
    "another version": b"GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    "a short key": b"GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n\r\n",
    "a key that is not text": b"GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \xff\xfe\xed\r\n\r\n",
    "a protocol that is not text": b"GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"Sec-WebSocket-Protocol: \xff\xfe\r\n\r\n",
    "a header that is too long": b"GET {path} HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
}


async def test_http_that_is_no_upgrade(dialect: Dialect, honest: Honest, stack: Stack) -> None:
    """Whatever is no proper upgrade is answered 4xx, and leaves no traceback."""
    watch = Watch(stack)
    path = dialect.url.split("/", 3)[3].split("?")[0]
    for name, request in HTTP.items():
        async with connected(dialect.url) as attacker:
            await attacker.send(request.replace(b"{path}", b"/" + path.encode()))
            status, head = await attacker.refused()
            assert 400 <= status < 500, f"{name}: {head!r}"
    await honest.typed_more()
    watch.check()


async def test_upgrades_that_never_end(dialect: Dialect, honest: Honest, stack: Stack) -> None:
    """A hundred clients that send their request one byte at a time, and never the end, hold nobody up."""
    watch = Watch(stack)
    request = upgrade(dialect.url)[:-2]
    async with asyncio.TaskGroup() as group:
        done = asyncio.Event()

        async def drip() -> None:
            async with connected(dialect.url) as attacker:
                for i in range(len(request)):
                    await attacker.send(request[i : i + 1])
                await done.wait()

        for _ in range(100):
            group.create_task(drip())
        await honest.typed_more()
        async with upgraded(dialect.url) as another:
            await dialect.enter(another)
        done.set()
    watch.check()


async def test_after_all_of_it(dialect: Dialect, honest: Honest, stack: Stack) -> None:
    """[S3] A connection that was refused may be followed by an honest one, which sees what everybody sees."""
    await attack(dialect, dialect.wrap(update(PANICS)))
    await honest.typed_more()
    async with upgraded(dialect.url) as attacker:
        await dialect.enter(attacker)
        await attacker.message(dialect.wrap(step_1(b"\x00")))
        await attacker.until(dialect.wrap(b"\x00\x01"))


async def test_tokens_that_are_hostile(stack: Stack, honest: Honest) -> None:
    """[N4] A token of any shape is at most not valid: 4401."""
    watch = Watch(stack)
    for token in ("a.b.c", "." * 500, "eyJhbGciOiJub25lIn0.e30.", "%00%ff", "Ww" * 3000):
        dialect = YWebsocket(stack.ws_urls[0], f"{honest.project.id}/main", token)
        async with upgraded(dialect.url) as attacker:
            assert (await attacker.closed())[0] == 4401, token
    watch.check()
