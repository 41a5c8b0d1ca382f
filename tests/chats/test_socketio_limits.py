"""What a connection of Socket.IO may take: a place of its address, memory, and time behind the end of its token."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from gateway.socketio import guarded, server
from gateway.socketio.limits import WAITING_MAX
from gateway.sockets import hall
from schemas.chats import chat_topic
from store.event_log import EventLog
from store.limits import EVENT_PAGE
from store.redis import connect
from tests.chats.site import Site, open_site
from tests.chats.test_socketio import Client
from tests.clients.peer import Peer, node_peer
from tests.events.client import connected
from tests.support.stack import Stack

FLOOD = 900
"""Records of 30 kB: more than both sockets take, fewer than the log keeps."""
EVENT = json.dumps({"event": "chat.updated", "data": {"filler": "x" * 30_000}}).encode()


@pytest.fixture
async def site(stack: Stack, tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(stack, tmp_path) as site:
        yield site


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with node_peer() as peer:
        yield peer


@pytest.fixture
async def log(stack: Stack) -> AsyncIterator[EventLog]:
    redis = connect(stack.redis_url)
    yield EventLog(redis)
    await redis.aclose(close_connection_pool=True)


class Raw:
    """A client that does nothing by itself, and may stop reading."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    @property
    def transport(self) -> asyncio.Transport:
        connection = self._socket._conn
        assert connection is not None and isinstance(connection.transport, asyncio.Transport)
        return connection.transport

    async def say(self, event: str, data: Any) -> None:
        """With the wish for an acknowledgement."""
        await self._socket.send_str("421" + json.dumps([event, data]))

    async def next(self) -> str | None:
        """The next packet; None: the connection has ended."""
        message = await self._socket.receive(timeout=30.0)
        return message.data if message.type is aiohttp.WSMsgType.TEXT else None

    async def until(self, beginning: str) -> str:
        """The next packet that begins so; pings are answered."""
        while (packet := await self.next()) is not None:
            if packet == "2":
                await self._socket.send_str("3")
            if packet.startswith(beginning):
                return packet
        raise AssertionError("the connection has ended")


async def until_figure(site: Site, name: str, value: float) -> None:
    """Until /metrics says so."""
    async with asyncio.timeout(30.0):
        while await site.figure(name) != value:
            pass


@contextlib.asynccontextmanager
async def raw(site: Site) -> AsyncIterator[Raw]:
    """Connected, and in the chat."""
    url = f"{site.url}/socket.io/?EIO=4&transport=websocket".replace("http", "ws", 1)
    async with aiohttp.ClientSession() as http, http.ws_connect(url) as socket:
        client = Raw(socket)
        await client.until("0{")
        await socket.send_str("40" + json.dumps({"token": site.ann.token}))
        await client.until("40{")
        await client.say("join-chat", site.chat)
        await client.until("431")
        yield client


async def test_an_address_has_so_many_connections(site: Site, peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted with those of all other dialects; who leaves makes room, and the stock client comes in by itself."""
    monkeypatch.setattr(hall, "CONNECTIONS_PER_ADDRESS", 2)
    async with connected(site.url.replace("http", "ws", 1), site.ann.token):
        one, two = Client(peer, "one"), Client(peer, "two")
        assert (await one.open(site.url, site.ann.token))["connected"] is True
        assert (await two.open(site.url, site.ann.token))["connected"] is False
        assert await site.figure("atrium_socket_io_connections") == 1
        assert await site.figure('atrium_refused_total{reason="connections per address"}') >= 1
        async with aiohttp.ClientSession() as http, http.get(f"{site.url}/socket.io/") as refused:
            assert (refused.status, int(refused.headers["Retry-After"])) == (429, 60)
        await peer.call("io-close", client="one")
        assert (await Client(peer, "three").open(site.url, site.ann.token))["connected"] is True
    assert await site.figure("atrium_socket_io_messages_in_total") >= 2


async def test_the_end_of_a_token(site: Site, peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is told; a new one goes on with the connection, and without one it is cut after a while. Nobody stays unseen."""
    monkeypatch.setattr(server, "TOKEN_GRACE", 5.0)
    renews, sleeps = Client(peer, "renews"), Client(peer, "sleeps")
    for client in (renews, sleeps):
        assert (await client.open(site.url, site.token(7.0)))["connected"] is True
        await client.ok("join-chat", site.chat)
    assert (await renews.until("expired"))["grace_seconds"] == 5.0
    assert (await renews.ok("auth", {"token": site.ann.token}))["expires_at"] > time.time()
    assert (await sleeps.until("disconnect"))["reason"] == "transport close"
    said = await site.ann.say(site.chat, "hello")
    await renews.until("message", type="created", message={"id": said["user"]["id"]})
    assert "disconnect" not in {each["event"] for each in await renews.heard()}
    ids = [each["data"].get("message", {}).get("id") for each in await sleeps.heard()]
    assert said["user"]["id"] not in ids, "it would come back only with a token that is good"


async def test_an_ended_token_does_not_open(site: Site, peer: Peer) -> None:
    """It is a connect_error that says so."""
    refused = await Client(peer, "late").open(site.url, site.token(-5.0))
    assert (refused["connected"], refused["data"]["status"]) == (False, 401)


async def test_slow_readers_read_on(site: Site, log: EventLog) -> None:
    """Who does not read costs no memory beyond what is set for it, and then gets everything, in order."""
    async with raw(site) as slow:
        slow.transport.pause_reading()
        written: list[int] = []
        for _ in range(FLOOD // 60):
            written += await log.append(chat_topic(UUID(site.chat)), [EVENT] * 60)
            held = await site.figure("atrium_socket_io_waiting_bytes")
            assert held <= WAITING_MAX + 2 * EVENT_PAGE * len(EVENT), "what one look at the log brings comes on top"
        slow.transport.resume_reading()
        numbers: list[int] = []
        while len(numbers) < FLOOD:
            numbers.append(json.loads((await slow.until('42["chat.updated"'))[2:])[1]["number"])
    assert numbers == written


async def test_who_asks_without_reading_is_cut(site: Site, log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that nobody reads do not gather for ever: the connection ends, and takes nothing any more."""
    monkeypatch.setattr(guarded, "REPLIES_MAX", 100)
    async with raw(site) as deaf:
        deaf.transport.pause_reading()
        for _ in range(FLOOD // 60):
            await log.append(chat_topic(UUID(site.chat)), [EVENT] * 60)
        for _ in range(400):
            await deaf.say("typing", site.chat)
        await until_figure(site, "atrium_socket_io_connections", 0)
        assert await site.figure('atrium_refused_total{reason="replies"}') == 1
        deaf.transport.resume_reading()
        while await deaf.next() is not None:
            pass
