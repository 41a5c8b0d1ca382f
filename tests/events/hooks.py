"""A receiver of webhooks, and what delivering needs, for tests."""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import httpx
from aiohttp import web
from aiohttp.test_utils import TestServer

from schemas.outbound import Outbound
from store import deliveries
from store.postgres import Postgres
from store.sealed import WEBHOOK_SECRETS, Seal
from tests.rest.conftest import SECRET
from workers.deliver_webhook import deliver_webhook
from workers.outbound import open_client

HERE = Outbound(allow_http=True, allowed=(ip_network("127.0.0.0/8"),))


@dataclass
class Received:
    """One request."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers with `status` and `headers`, and keeps what it got."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[Received] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    hang: asyncio.Event | None = None
    url: str = ""

    async def handle(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append(Received(headers, await request.read()))
        self.arrived.set()
        if self.hang is not None:
            await self.hang.wait()
        return web.Response(status=self.status, headers=self.headers)


@asynccontextmanager
async def receiver(**options: Any) -> AsyncIterator[Receiver]:
    """A server on this machine."""
    mine = Receiver(**options)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", mine.handle)
    server = TestServer(app)
    await server.start_server()
    mine.url = f"http://127.0.0.1:{server.port}/hook?key=1"
    try:
        yield mine
    finally:
        if mine.hang is not None:
            mine.hang.set()
        await server.close()


def verify(secret: str, received: Received) -> bool:
    """As a receiver checks a signature by the specification, in its own words."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    stamp = received.headers["webhook-timestamp"]
    assert abs(time.time() - int(stamp)) < 300
    content = b".".join((received.headers["webhook-id"].encode(), stamp.encode(), received.body))
    expected = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(expected, each) for each in received.headers["webhook-signature"].split())


class Courier:
    """A worker's part in it, one round at a time."""

    def __init__(self, postgres: Postgres, policy: Outbound = HERE) -> None:
        self.postgres = postgres
        self.policy = policy
        self.seal = Seal(SECRET, WEBHOOK_SECRETS)
        self.schedule: tuple[float, ...] = (0.0, 0.0)

    async def __aenter__(self) -> "Courier":
        self.client: httpx.AsyncClient = open_client(self.policy)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.client.aclose()

    async def deliver(self, delivery_id: UUID) -> None:
        """One attempt."""
        await deliver_webhook(self.postgres, self.client, self.policy, self.seal, delivery_id, self.schedule)

    async def round(self, endpoint_id: str) -> int:
        """One attempt at everything of the endpoint that is due; how many."""
        mine = await deliveries.list_deliveries(self.postgres, UUID(endpoint_id), None, 100)
        due = [row.id for row in mine if row.id in set(await deliveries.due(self.postgres, 10_000))]
        await asyncio.gather(*map(self.deliver, due))
        return len(due)
