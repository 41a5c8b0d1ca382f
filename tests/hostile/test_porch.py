"""gateway/porch.py: connections that take their time before, within and after a request. Real sockets, and a clock that
the test moves: `look` is told what time it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from gateway import limits
from gateway.porch import Patience, Porch
from gateway.sockets.adopt import adopt
from tests.hostile.attacker import Attacker, connected, upgrade
from tests.support.stack import Stack
from tests.support.waiting import wait_until

GET = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
LONG = b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n"
CROWD = 3
LARGE = 64 << 20
"""More than the kernel keeps for a client that does not read."""


class Socket(asyncio.Protocol):
    """What adopts a transport: it keeps what it hears."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.heard = b""

    def data_received(self, data: bytes) -> None:
        self.heard += data


@dataclass
class Server:
    """A small application behind a porch, and what its routes noticed."""

    url: str
    porch: Porch
    bodies: list[object] = field(default_factory=list)
    begun: int = 0
    sockets: list[Socket] = field(default_factory=list)

    def later(self, seconds: float) -> None:
        """What the porch does when it looks so many seconds from now."""
        self.porch.look(asyncio.get_running_loop().time() + seconds)

    async def spoken(self) -> None:
        """Until the first bytes of the only caller's head are here."""
        await wait_until(lambda: [each._spoke for each in self.porch._callers] == [True], "the begin of a head")

    async def standing(self, count: int) -> None:
        """Until so many connections are on the porch."""
        await wait_until(lambda: len(self.porch._callers) == count, f"{count} connections")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    app = web.Application()

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    async def body(request: web.Request) -> web.Response:
        made.begun += 1
        try:
            made.bodies.append(len(await request.read()))
        except ConnectionError as error:
            made.bodies.append(error)
            raise
        return web.Response(text="thanks")

    async def long(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(LARGE >> 16):
            await answer.write(bytes(1 << 16))
        return answer

    async def socket(request: web.Request) -> web.StreamResponse:
        def make(transport: asyncio.Transport, early: bytes) -> Socket:
            made.sockets.append(Socket(transport))
            return made.sockets[-1]

        return adopt(request, make)

    app.add_routes([web.get("/hello", hello), web.post("/body", body), web.get("/long", long)])
    app.add_routes([web.get("/socket", socket)])
    app._client_max_size = 1 << 20
    runner = web.AppRunner(app)
    await runner.setup()
    assert runner.server is not None
    porch = Porch(runner.server, Patience(connections=CROWD), access_log=None)
    listening = await asyncio.get_running_loop().create_server(porch.caller, "127.0.0.1", 0)
    made = Server(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", porch)
    try:
        yield made
    finally:
        listening.close()
        await runner.cleanup()


async def ended(attacker: Attacker) -> bytes:
    """All that the server said until it closed."""
    async with asyncio.timeout(30):
        try:
            return await attacker.reader.read()
        except ConnectionResetError:
            return b""


async def greeted(attacker: Attacker) -> None:
    """One request and its answer."""
    await attacker.send(GET)
    assert (await attacker.refused())[0] == 200
    await attacker.reader.readexactly(len("hello"))


async def test_silence(server: Server) -> None:
    """Who connects and says nothing is cut without a word when a head would have been due, and not before."""
    async with connected(server.url) as attacker:
        await server.standing(1)
        server.later(limits.HEAD_SECONDS - 2)
        await server.standing(1)
        server.later(limits.HEAD_SECONDS + 1)
        assert await ended(attacker) == b""
    assert server.porch.cut == {"silence": 1}


async def test_slow_head(server: Server) -> None:
    """A head that comes byte by byte is cut in time, however regularly they come, and told so."""
    async with connected(server.url) as attacker:
        for byte in GET[:10]:
            await attacker.send(bytes([byte]))
        await server.spoken()
        server.later(limits.HEAD_SECONDS + 1)
        assert (await ended(attacker)).startswith(b"HTTP/1.1 408 ")
    assert server.porch.cut == {"slow head": 1}


async def test_slow_second_head(server: Server) -> None:
    """Between requests a connection may idle for long; from a head's first byte on it may not."""
    async with connected(server.url) as attacker:
        await greeted(attacker)
        server.later(limits.HEAD_SECONDS * 10)
        assert not server.porch.cut
        await greeted(attacker)
        await attacker.send(GET[:10])
        await server.spoken()
        server.later(limits.HEAD_SECONDS + 1)
        assert (await ended(attacker)).startswith(b"HTTP/1.1 408 ")
    assert server.porch.cut == {"slow head": 1}


async def test_slow_body(server: Server) -> None:
    """A body that trickles, or stops, is cut: its route sees a broken connection, its sender is told why."""
    async with connected(server.url) as attacker:
        await attacker.send(POST + b"x" * 10)
        await wait_until(lambda: server.begun == 1, "the head to be read")
        server.later(limits.BODY_WINDOW_SECONDS - 2)
        assert not server.porch.cut
        server.later(limits.BODY_WINDOW_SECONDS + 1)
        assert server.porch.cut == {"slow body": 1}
        assert (await ended(attacker)).startswith(b"HTTP/1.1 408 ")
        await wait_until(lambda: server.bodies, "the route to notice")
        assert isinstance(server.bodies[0], ConnectionError)


async def test_steady_body(server: Server) -> None:
    """A body that brings enough in every window may take many of them."""
    async with connected(server.url) as attacker:
        await attacker.send(POST)
        await wait_until(lambda: server.begun == 1, "the head to be read")
        now, caller = asyncio.get_running_loop().time(), next(iter(server.porch._callers))
        for _ in range(10):
            await attacker.send(bytes(limits.BODY_WINDOW_BYTES))
            await wait_until(lambda: caller._received >= limits.BODY_WINDOW_BYTES, "these bytes")
            now += limits.BODY_WINDOW_SECONDS + 1
            server.porch.look(now)
        assert not server.porch.cut
        await attacker.send(bytes(1_000_000 - 10 * limits.BODY_WINDOW_BYTES))
        assert (await attacker.refused())[0] == 200
        assert server.bodies == [1_000_000]


async def test_unread_answer(server: Server) -> None:
    """Who asks for much and reads nothing is cut; who reads slowly is not."""
    async with connected(server.url) as attacker:
        attacker.writer.transport.pause_reading()  # type: ignore[attr-defined]  # the StreamReader's own transport
        await attacker.send(LONG)
        await wait_until(lambda: any(each.writing_paused for each in server.porch._callers), "a full socket")
        now = asyncio.get_running_loop().time()
        server.porch.look(now)  # notes how much waits
        server.porch.look(now + limits.ANSWER_STALL_SECONDS - 2)
        assert not server.porch.cut
        server.porch.look(now + limits.ANSWER_STALL_SECONDS + 1)
        assert server.porch.cut == {"answer not read": 1}


async def test_adopted_sockets_leave(server: Server) -> None:
    """A WebSocket is not the porch's business: no wait applies to it, and it takes no place there."""
    async with connected(server.url) as attacker:
        await attacker.send(upgrade(server.url + "/socket"))
        assert (await attacker.refused())[0] == 101
        await server.standing(0)
        server.later(10_000)
        await attacker.send(b"still here")
        await wait_until(lambda: server.sockets[0].heard == b"still here", "what is said on it")
        server.sockets[0].transport.close()


async def test_a_crowd_displaces_the_idle(server: Server) -> None:
    """When the porch is full the connection that has idled for longest makes room; busy ones stay."""
    async with AsyncExitStack() as stack:
        crowd = [await stack.enter_async_context(connected(server.url)) for _ in range(CROWD)]
        await crowd[0].send(POST)
        await wait_until(lambda: server.begun == 1, "a busy one")
        for idle in crowd[1:]:
            await greeted(idle)
        server.later(0)
        newcomer = await stack.enter_async_context(connected(server.url))
        await greeted(newcomer)
        assert await ended(crowd[1]) == b""
        await greeted(crowd[2])
        assert server.porch.cut == {"idle in a crowd": 1}


async def test_a_busy_crowd_refuses(server: Server) -> None:
    """When all are busy the newcomer is told to come back, and room is made by those that go."""
    async with AsyncExitStack() as stack:
        crowd = [await stack.enter_async_context(connected(server.url)) for _ in range(CROWD)]
        await server.standing(CROWD)
        server.later(0)
        newcomer = await stack.enter_async_context(connected(server.url))
        said = await ended(newcomer)
        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: " in said
        crowd[0].writer.close()
        await server.standing(CROWD - 1)
        await greeted(await stack.enter_async_context(connected(server.url)))


@pytest.mark.slow
async def test_a_gateway_has_a_porch(stack: Stack) -> None:
    """A running gateway ends a head that never comes, counts it, and stays well."""
    async with connected(stack.urls[1]) as attacker:
        await attacker.send(GET[:10])
        async with asyncio.timeout(limits.HEAD_SECONDS + 30):
            assert (await attacker.reader.read()).startswith(b"HTTP/1.1 408 ")
    figures = str(stack.call("/metrics", gateway=1, expect=200).body)
    assert 'atrium_http_cut_total{reason="slow head"}' in figures
    assert "\natrium_http_connections " in figures


HEAD = b"POST /api/auth/guest HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "request_",
    [
        HEAD + b"Content-Length: 100\r\n\r\n{",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{",
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    ],
    ids=["broken off", "broken off in a chunk", "not what it says", "no chunk"],
)
async def test_bodies_that_cannot_be_read(stack: Stack, request_: bytes) -> None:
    """A body that breaks off or is not what its head says is the client's doing: no 500, no traceback in the log."""
    before = stack.logs("gateway-2")
    async with connected(stack.urls[1]) as attacker:
        await attacker.send(request_)
        attacker.writer.write_eof()
        attacker.writer.close()
    await wait_until(lambda: len(stack.logs("gateway-2")) > len(before), "a line about it")
    said = stack.logs("gateway-2")[len(before) :]
    assert '"status": 400' in said or '"level": "warning"' in said, said
    assert "Traceback" not in said
