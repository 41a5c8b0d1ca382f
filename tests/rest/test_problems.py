"""Errors over HTTP are RFC 9457 problems, whoever raised them (gateway/problems.py, gateway/middleware.py)."""

import json
from collections.abc import Callable

import pytest
from aiohttp import web
from aiohttp.pytest_plugin import AiohttpClient

from gateway.app import create_app
from gateway.bodies import field_error
from gateway.parts import PARTS
from gateway.problems import describe, respond
from gateway.rates import TooMany
from gateway.settings import Settings
from schemas.problems import FieldError
from store.errors import MigrationRefused, StoreUnavailable
from store.gcra import Window
from tests.rest.api import Api


async def test_unknown_url(api: Api) -> None:
    """A URL that leads nowhere is a 404 problem that names the path without its query."""
    problem = (await api.call("GET", "/api/nothing?token=secret")).problem(404, "not-found")
    assert problem["instance"] == "/api/nothing"
    assert "secret" not in json.dumps(problem)


async def test_wrong_method(api: Api) -> None:
    """A method that a URL does not take is a 405 problem that lists the others."""
    reply = await api.call("GET", "/api/auth/guest")
    reply.problem(405, "method-not-allowed")
    assert reply.headers["Allow"] == "POST"


async def test_request_id_is_in_answer_and_problem(api: Api) -> None:
    """Every answer names its request; a problem names the same."""
    reply = await api.call("GET", "/api/nothing")
    assert reply.headers["X-Request-ID"] == reply.problem(404, "not-found")["request_id"]


@pytest.mark.parametrize(("given", "kept"), [("0123456789abcdef", True), ("short", False), ("x y" * 9, False)])
async def test_proxys_request_id_is_kept(api: Api, given: str, kept: bool) -> None:
    """A proxy's request id is kept if it looks like one."""
    async with api.client.get("/healthz", headers={"X-Request-ID": given}) as response:
        assert (response.headers["X-Request-ID"] == given) is kept


async def test_unexpected_error_tells_nothing(
    make_settings: Callable[..., Settings], aiohttp_client: AiohttpClient
) -> None:
    """A mistake of ours is a 500 problem without its inner texts."""
    app = create_app(make_settings(), live=False)

    async def broken(request: web.Request) -> web.Response:
        raise RuntimeError("the password is 1234")

    app.router.add_get("/broken", broken)
    problem = (await Api(await aiohttp_client(app)).call("GET", "/broken")).problem(500, "internal")
    assert "1234" not in json.dumps(problem)


@pytest.mark.parametrize("value", ["a\x00", "\ud800"])
async def test_value_that_came_too_far(
    make_settings: Callable[..., Settings], aiohttp_client: AiohttpClient, value: str
) -> None:
    """What nobody refused and PostgreSQL cannot keep is the client's mistake, in a transaction too."""
    app = create_app(make_settings(), live=False)
    postgres = app[PARTS].postgres

    async def ask(request: web.Request) -> web.Response:
        await postgres.execute("SELECT %(value)s::text", {"value": value})
        raise AssertionError("it was kept")

    async def change(request: web.Request) -> web.Response:
        await postgres.transact(lambda tx: tx.execute("SELECT %(value)s::text", {"value": value}))
        raise AssertionError("it was kept")

    app.router.add_get("/ask", ask)
    app.router.add_get("/change", change)
    api = Api(await aiohttp_client(app))
    for path in ("/ask", "/change"):
        problem = (await api.call("GET", path)).problem(422, "invalid")
        assert value not in problem["detail"]


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (StoreUnavailable("PostgreSQL", "gone", retry_after=7), 503, "7"),
        (MigrationRefused("edited"), 503, "2"),
        (TooMany("by one user", Window(10, 60), 3, {"Retry-After": "3"}), 429, "3"),
        (web.HTTPServiceUnavailable(headers={"Retry-After": "9"}), 503, "9"),
    ],
)
def test_come_back_later(error: Exception, status: int, retry_after: str) -> None:
    """What passes by itself says when to come back."""
    assert describe(error)[0] == status
    assert respond(error, "/", "id").headers["Retry-After"] == retry_after


@pytest.mark.parametrize(
    ("message", "pointer"),
    [
        ("Expected `str`, got `int` - at `$.name`", "/name"),
        ("Expected `str`, got `int` - at `$.items[3].name`", "/items/3/name"),
        ("Expected `int`, got `str` - at `$[...].x`", "/*/x"),
        ("Object missing required field `name`", "/name"),
        ("Object missing required field `name` - at `$.owner`", "/owner/name"),
        ("Object contains unknown field `a/b~c` - at `$.owner`", "/owner/a~1b~0c"),
        ("Expected `object`, got `array`", ""),
        ("Expected `str` matching regex '^[^`]*$' - at `$.name`", "/name"),
    ],
)
def test_pointer_of_a_field(message: str, pointer: str) -> None:
    """msgspec's paths become JSON pointers."""
    assert field_error(message).pointer == pointer
    assert isinstance(field_error(message), FieldError)
