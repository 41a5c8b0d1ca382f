"""What leaves a gateway, frame by frame: to its clients, and to the other gateways. On the real servers."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, closing
from typing import Any, cast
from uuid import uuid4

import pytest
import redis

from gateway.sockets.limits import ECHO
from rooms.codec import awareness, messages
from rooms.codec.awareness import State
from rooms.codec.hocuspocus import prefix
from store import keys
from store.limits import ANNOUNCED_MAX
from tests.clients.raw import STEP_1, raw_client, text_update, update_message
from tests.live.connected import DIALECTS, Connected, Dialect, connected
from tests.live.scene import Scene
from tests.support.lib0 import read_sized, read_uint
from tests.support.stack import Stack
from tests.support.waiting import wait_until

TYPED = 40
HEADER = 1 + 8 + 4 + 8
"""Bytes of an announcement before its records (store/announcements.py)."""


def end_of_message(frame: bytes, address: bytes) -> int:
    """The offset behind the first message of a frame; AssertionError where it is none that a server sends."""
    assert frame.startswith(address)
    kind, at = read_uint(frame, len(address))
    match kind, bool(address):
        case (0, _):
            step, at = read_uint(frame, at)
            assert step in (0, 1, 2), frame
            return read_sized(frame, at)[1]
        case (1, _):
            return read_sized(frame, at)[1]
        case (2, False):
            _, at = read_uint(frame, at)
            return read_sized(frame, at)[1]
        case (2, True):
            which, at = read_uint(frame, at)
            return at if which == 0 else read_sized(frame, at)[1]
        case (0x7F, False) | (8, True):
            return read_uint(frame, at)[1]
        case (5 | 7, True):
            return read_sized(frame, at)[1]
    raise AssertionError(f"no message of a server: {frame!r}")


async def listen(client: Connected, frames: list[bytes]) -> None:
    """Keep every frame."""
    while True:
        frames.append(await client.raw.receive())


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_s4_a_frame_holds_one_message(stack: Stack, dialect: Dialect) -> None:
    """[S4] Edits, answers, presence, acknowledgements and refusals, many at once: nothing stands behind a message."""
    scene, path = Scene(stack), f"busy/{uuid4()}"
    token, viewing = scene.room_token(scene.owner), scene.room_token(scene.owner, "viewer")
    base, address = stack.ws_urls[0], b"" if dialect == "y-websocket" else prefix(f"{scene.project}/{path}".encode())
    frames: list[bytes] = []
    async with AsyncExitStack() as exits:

        async def join(how: Dialect, token: str) -> Connected:
            return await exits.enter_async_context(connected(how, base, scene.project, path, token))

        watching = [await join(dialect, token) for _ in range(3)]
        viewer = await join(dialect, viewing)
        others = [await join(each, token) for each in DIALECTS]
        listening = [asyncio.create_task(listen(client, frames)) for client in [*watching, viewer]]
        for number in range(TYPED):
            for which, client in enumerate([*watching, *others]):
                edit = text_update(100 + which, number, "x")
                await client.raw.send(client.address + update_message(edit))
                state = awareness.encode([State(which, number, b'{"at":%d}' % number)])
                await client.raw.send(client.address + messages.awareness(state))
        await viewer.raw.send(viewer.address + update_message(text_update(999, 0, "no")))
        await watching[0].raw.send(watching[0].address + STEP_1)
        kinds = {(0, 1), (0, 2), (1,), (2,) if dialect == "y-websocket" else (5,)}

        def heard() -> bool:
            return kinds <= {kind_of(frame, address) for frame in frames} and all_saved(frames, address)

        await wait_until(heard, "every kind of message")
        for task in listening:
            task.cancel()
    for frame in frames:
        assert end_of_message(frame, address) == len(frame), frame


def kind_of(frame: bytes, address: bytes) -> tuple[int, ...]:
    """Its kind, and of a sync message which one."""
    body = frame[len(address) :]
    return (body[0], body[1]) if body[0] == 0 else (body[0],)


def all_saved(frames: list[bytes], address: bytes) -> bool:
    """Whether those who watch were told that all they typed is durable."""
    if not address:
        return sum(frame[:1] == b"\x7f" and read_uint(frame, 1)[0] >= TYPED for frame in frames) >= 3
    return sum(frame[len(address) :] == b"\x08\x01" for frame in frames) >= 3 * TYPED


async def test_s5_own_edits_come_back_together(stack: Stack) -> None:
    """[S5] ECHO: without `acks` a y-websocket client gets its own edits back once they are durable, merged, about a
    second later; with Redis away it gets none."""
    scene, path = Scene(stack), f"own/{uuid4()}"
    url = f"{stack.ws_urls[0]}/collab/{scene.project}/{path}?token={scene.room_token(scene.owner)}"
    async with raw_client(url) as client:
        await client.send(STEP_1)
        await client.receive(b"\x00\x01")
        began = time.monotonic()
        for number in range(TYPED):
            await client.send(update_message(text_update(7, number, "x")))
        returned = [await client.receive(b"\x00\x02")]
        assert time.monotonic() - began > ECHO / 3
        while returned[-1].count(b"x") < TYPED and b"x" * TYPED not in b"".join(returned):
            returned.append(await client.receive(b"\x00\x02"))
        assert len(returned) <= 3, "they are merged"


async def test_announced_max(stack: Stack) -> None:
    """[S3] ANNOUNCED_MAX: a large commit is announced without its bytes, and read from the log; others have it all."""
    scene, path = Scene(stack), f"large/{uuid4()}"
    token = scene.room_token(scene.owner)
    channel = keys.channel(f"{scene.project}/{path}")
    sizes = {"small": 100, "just fits": ANNOUNCED_MAX - 200, "large": ANNOUNCED_MAX + 1}
    with closing(cast(Any, redis.Redis.from_url(stack.redis_url))) as client, client.pubsub() as follower:
        follower.subscribe(channel)
        async with (
            connected("y-websocket", stack.ws_urls[0], scene.project, path, token) as author,
            connected("y-websocket", stack.ws_urls[1], scene.project, path, token) as reader,
        ):
            announced = []
            for number, size in enumerate(sizes.values(), 1):
                await author.raw.send(update_message(text_update(number, 0, "abc"[number - 1] * size)))
                await author.raw.receive(b"\x7f")
                while b"abc"[number - 1 : number] * size not in await reader.raw.receive(b"\x00"):
                    pass
                announced.append(await wait_until(lambda: commit_in(follower), "its announcement"))
    lengths = dict(zip(sizes, (len(each) - HEADER for each in announced), strict=True))
    assert lengths["small"] > sizes["small"] and lengths["just fits"] > sizes["just fits"]
    assert lengths["large"] == 0
    assert max(lengths.values()) <= ANNOUNCED_MAX


def commit_in(follower: Any) -> bytes | None:
    """The next announcement of a commit, if there is one."""
    message = follower.get_message(ignore_subscribe_messages=True)
    data = message["data"] if message else b""
    return data if data[:1] == b"c" else None
