"""Rate limits over HTTP (gateway/rates.py): who is counted with whom, and what the answers say of it."""

import random
from collections.abc import Awaitable, Callable
from ipaddress import IPv6Address, ip_network
from typing import Any
from uuid import uuid4

import pytest
from aiohttp.pytest_plugin import AiohttpClient

from gateway.app import create_app
from gateway.auth.tokens import PLATFORM_SECRET_BYTES, Tokens, write_platform_token
from gateway.rates import BY_TIER
from gateway.settings import Settings
from schemas.ids import new_id
from tests.rest.api import Api, Client, Reply
from tests.rest.auth.people import PASSWORD, register
from tests.rest.conftest import SECRET

MakeSettings = Callable[..., Settings]


class Limited(Api):
    """A gateway with lower limits than a real one, asked from an address that nobody else uses."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.move()

    def move(self) -> None:
        """Ask from another one."""
        self.address = str(IPv6Address(random.SystemRandom().getrandbits(128)))

    async def call(self, method: str, path: str, **options: Any) -> Reply:
        options["headers"] = {"X-Forwarded-For": self.address} | dict(options.get("headers") or {})
        return await super().call(method, path, **options)


MakeLimited = Callable[[float], Awaitable[Limited]]


@pytest.fixture
def make_limited(make_settings: MakeSettings, aiohttp_client: AiohttpClient) -> MakeLimited:
    async def make(factor: float) -> Limited:
        settings = make_settings(rate_factor=factor, trusted_proxies=(ip_network("127.0.0.0/8"),))
        return Limited(await aiohttp_client(create_app(settings, live=False)))

    return make


@pytest.fixture
async def limited(make_limited: MakeLimited) -> Limited:
    """With the limits divided by 150."""
    return await make_limited(1 / 150)


async def test_guests_from_one_address_are_limited(limited: Limited) -> None:
    """Past the limit per address the answer is 429, says when to come back, and how many there may be."""
    for left in (1, 0):
        reply = await limited.call("POST", "/api/auth/guest")
        assert reply.status == 201
        assert f"r={left}" in reply.headers["RateLimit"]
    reply = await limited.call("POST", "/api/auth/guest")
    reply.problem(429, "too-many")
    assert 1 <= int(reply.headers["Retry-After"]) <= 30
    assert reply.headers["RateLimit-Policy"] == '"60s";q=2;w=60, "3600s";q=20;w=3600'


async def test_users_are_counted_apart(limited: Limited) -> None:
    """What one user uses up is not missing for another."""
    first = (await limited.call("POST", "/api/auth/guest")).body["access_token"]
    second = (await limited.call("POST", "/api/auth/guest")).body["access_token"]
    statuses = [(await limited.call("POST", "/api/projects", token=first, json={"name": "x"})).status for _ in range(3)]
    assert 429 in statuses
    assert (await limited.call("POST", "/api/projects", token=second, json={"name": "x"})).status == 201


async def test_without_redis_auth_is_closed_and_the_rest_counts_alone(
    make_settings: MakeSettings, aiohttp_client: AiohttpClient, api: Api
) -> None:
    """Redis away: nobody can guess passwords without a limit; who is signed in goes on, limited by each process."""
    token = await api.token()
    settings = make_settings(rate_factor=1 / 30, redis_url="redis://127.0.0.1:1")
    alone = Api(await aiohttp_client(create_app(settings, live=False)))
    reply = await alone.call("POST", "/api/auth/guest")
    reply.problem(503, "unavailable")
    assert reply.headers["Retry-After"]
    statuses = [(await alone.call("POST", "/api/projects", token=token, json={"name": "x"})).status for _ in range(4)]
    assert statuses[:2] == [201, 201]
    assert statuses[-1] == 429


def unknown_token() -> str:
    """A platform token that looks good, and is nobody's."""
    return write_platform_token(new_id(), random.randbytes(PLATFORM_SECRET_BYTES))


async def test_refused_credentials_are_counted(limited: Limited) -> None:
    """Whoever tries credentials that are not good is answered 401 as often as an address may ask, and then 429."""
    expired, _ = Tokens(SECRET, now=lambda: 1e9).sign_access(new_id(), new_id())
    ended, _ = Tokens(SECRET).sign_access(new_id(), new_id())
    for make in (unknown_token, lambda: expired, lambda: ended, lambda: "nonsense"):
        limited.move()
        replies = [await limited.call("GET", "/api/projects", token=make()) for _ in range(3)]
        assert [reply.status for reply in replies] == [401, 429, 429]
        assert replies[0].headers["WWW-Authenticate"]
        assert replies[0].headers["RateLimit"].startswith('"10s";r=0;')
        assert replies[1].headers["Retry-After"]
    token = str((await limited.guest())["access_token"])
    assert (await limited.call("GET", "/api/projects", token=token)).status == 200, "others at the address are served"


async def test_refused_credentials_without_redis(make_settings: MakeSettings, aiohttp_client: AiohttpClient) -> None:
    """Redis away: they are refused as ever, and each process counts them alone."""
    settings = make_settings(rate_factor=1 / 100, redis_url="redis://127.0.0.1:1")
    alone = Api(await aiohttp_client(create_app(settings, live=False)))
    statuses = [(await alone.call("GET", "/api/projects", token=unknown_token())).status for _ in range(4)]
    assert statuses == [401, 401, 429, 429]


async def test_every_answer_of_an_operation_says_what_is_left(make_limited: MakeLimited) -> None:
    """Refusals and errors too, streams and repeated answers; what is no operation is not counted."""
    limited = await make_limited(10)
    token = str((await limited.guest())["access_token"])
    project = await limited.project(token)
    again = {"Idempotency-Key": uuid4().hex}
    named = {"json": {"name": "x"}, "headers": again}
    seen = set()
    for method, path, options in (
        ("GET", f"/api/projects/{project}", {}),
        ("GET", f"/api/projects/{project}", {"headers": {"If-None-Match": "*"}}),
        ("GET", f"/api/projects/{project}/export", {}),
        ("POST", "/api/projects", named),
        ("POST", "/api/projects", named),
        ("DELETE", f"/api/projects/{project}", {"headers": {"If-Match": '"99"'}}),
        ("POST", "/api/projects", {"raw": b"{"}),
        ("POST", "/api/projects", {"json": {}}),
        ("POST", "/api/projects", {"raw": b" " * 9_000_000}),
        ("GET", f"/api/projects/{new_id()}", {}),
        ("GET", "/api/admin/users", {}),
        ("PATCH", f"/api/projects/{project}/members/{new_id()}", {"json": {"role": "owner"}}),
    ):
        reply = await limited.call(method, path, token=token, **options)
        assert reply.headers.get("RateLimit", "").count(";r=") == 1, (method, path, reply.status)
        assert reply.headers["RateLimit-Policy"]
        seen.add(reply.status)
    assert {200, 201, 304, 400, 403, 404, 412, 413, 422} <= seen
    for path in ("/healthz", "/api/nothing"):
        assert "RateLimit" not in (await limited.call("GET", path)).headers


async def test_what_is_told_is_what_is_counted(make_limited: MakeLimited) -> None:
    """The limits that an account is told are those of this Atrium, with ATRIUM_RATE_FACTOR."""
    limited = await make_limited(2.5)
    me = await limited.call("GET", "/api/auth/me", token=(await limited.guest())["access_token"])
    told = me.body["entitlements"]["rate_limits"]["read"]
    assert [(window["count"], window["seconds"]) for window in told] == [
        (int(window.count * 2.5), window.seconds) for window in BY_TIER["read"]["guest"]
    ]
    assert me.headers["RateLimit-Policy"].startswith(f'"10s";q={told[0]["count"]};')


async def test_attempts_on_one_account_count_together(make_limited: MakeLimited) -> None:
    """Whatever an account is called, and wherever from, there are so many attempts at its password and no more."""
    limited = await make_limited(1 / 10)
    ada, bob = await register(limited), await register(limited)
    nobody = uuid4().hex

    async def attempt(**names: str) -> Reply:
        limited.move()
        return await limited.call("POST", "/api/auth/login", json={"password": "wrong wrong wrong"} | names)

    for names in (
        ({"email": ada.email}, {"username": ada.username}, {"login": ada.email.upper()}),
        ({"username": nobody}, {"login": f" {nobody.upper()}"}, {"username": nobody}),
    ):
        first, second, third = [await attempt(**name) for name in names]
        assert (first.status, second.status) == (401, 401)
        third.problem(429, "too-many")
        assert third.headers["RateLimit-Policy"].startswith('"300s";q=2;')
    limited.move()
    good = await limited.call("POST", "/api/auth/login", json={"email": bob.email, "password": PASSWORD})
    assert good.status == 200


async def test_mails_to_one_address_count_together(make_limited: MakeLimited) -> None:
    """Whichever mails one asks for, an address gets so many and no more."""
    limited = await make_limited(2 / 5)
    ada = await register(limited)
    forgotten = {"json": {"email": ada.email.upper()}}
    assert (await limited.call("POST", "/api/auth/password/forgot", **forgotten)).status == 202
    resend = "/api/auth/verify-email/resend"
    assert (await limited.call("POST", resend, token=ada.access)).status == 202
    for path, options in ((resend, {"token": ada.access}), ("/api/auth/password/forgot", forgotten)):
        (await limited.call("POST", path, **options)).problem(429, "too-many")
