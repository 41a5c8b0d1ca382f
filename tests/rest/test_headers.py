"""Headers of every response, and CORS (gateway/headers.py)."""

from collections.abc import Callable

import pytest
from aiohttp.pytest_plugin import AiohttpClient

from gateway.app import create_app
from gateway.settings import Settings, SettingsError, read_settings
from tests.rest.api import Api

HERE, THERE = "https://app.example", "https://evil.example"
ASK = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}


@pytest.fixture
async def api(make_settings: Callable[..., Settings], aiohttp_client: AiohttpClient) -> Api:
    settings = make_settings(origins=(HERE,), public_url="https://atrium.example")
    return Api(await aiohttp_client(create_app(settings, live=False)))


@pytest.mark.parametrize("path", ["/healthz", "/api/nothing", "/api/projects"])
async def test_every_response_is_guarded(api: Api, path: str) -> None:
    """Also errors: no sniffing, no framing, no scripts, no referrer, and HTTPS from now on where it is served by it."""
    headers = (await api.call("GET", path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    for directive in ("default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert directive in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "max-age=" in headers["Strict-Transport-Security"]
    assert len(headers["X-Request-ID"]) >= 8


async def test_allowed_origin_may_read(api: Api) -> None:
    """A page of an allowed origin reads the answer and the headers that it needs, an error's too."""
    headers = (await api.call("GET", "/api/nothing", headers={"Origin": HERE})).headers
    assert headers["Access-Control-Allow-Origin"] == HERE
    assert headers["Vary"] == "Origin"
    assert "ETag" in headers["Access-Control-Expose-Headers"]


async def test_preflight_of_an_allowed_origin(api: Api) -> None:
    """A preflight is answered without credentials, on any path."""
    reply = await api.call("OPTIONS", "/api/projects", headers={"Origin": HERE} | ASK)
    assert reply.status == 204
    assert "PATCH" in reply.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in reply.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("origin", [THERE, "null", HERE + ".evil.example", HERE.upper()])
async def test_others_may_not(api: Api, origin: str) -> None:
    """Any other origin gets no permission, neither for the request nor in a preflight."""
    for method, more in (("GET", {}), ("OPTIONS", ASK)):
        headers = (await api.call(method, "/healthz", headers={"Origin": origin} | more)).headers
        assert not [name for name in headers if name.startswith("Access-Control")]


@pytest.mark.parametrize("value", ["*", "app.example", "https://app.example/", "https://app.example/path", "ftp://x"])
def test_origins_are_checked(value: str) -> None:
    """What is no origin, `*` above all, is refused at the start."""
    good = {"DATABASE_URL": "postgresql:///x", "REDIS_URL": "redis://x", "ATRIUM_SECRET": "x" * 32}
    assert read_settings(good | {"FRONTEND_URL": HERE}).origins == (HERE,)
    with pytest.raises(SettingsError, match="ATRIUM_ORIGINS"):
        read_settings(good | {"ATRIUM_ORIGINS": value})
