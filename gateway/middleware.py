"""What surrounds every request: its id, log line and count, and errors as problems. Wired in app.py."""

import re
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from gateway.addresses import address_of
from gateway.metrics import Requests
from gateway.operations import LIMITS_KEY, REQUEST_ID_KEY, USER_KEY
from gateway.problems import respond
from gateway.settings import Settings
from schemas.ids import new_id
from store.errors import Unstorable

REQUEST_ID: Final = "X-Request-ID"
_GIVEN_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")  # from a proxy; anything else is not ours to log
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})  # asked every few seconds by machines

_BEGUN: Final = web.RequestKey("begun", bool)

log = structlog.get_logger("gateway.http")


def observe(settings: Settings, requests: Requests) -> Middleware:
    """The outermost middleware. A WebSocket counts when it begins."""

    @web.middleware
    async def middleware(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        given = request.headers.get(REQUEST_ID, "")
        request_id = given if _GIVEN_ID.fullmatch(given) else new_id().hex
        request[REQUEST_ID_KEY] = request_id
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = await _answer(request, handler, request_id)
            seconds = time.perf_counter() - started
            requests.count(request.method, _route(request), response.status, seconds)
            # A socket that was let in has lines of its own: joined, left, closing.
            say = log.debug if request.path in _QUIET or response.status == 101 else log.info
            user = {} if (known := request.get(USER_KEY)) is None else {"user": str(known)}
            say(
                "request",
                method=request.method,
                path=request.path,  # never the query: it holds tokens
                status=response.status,
                ms=round(seconds * 1000, 2),
                client=address_of(request, settings.trusted_proxies),
                **user,
            )
        if not response.prepared:
            response.headers[REQUEST_ID] = request_id
        return response

    return middleware


async def note_begun(request: web.Request, response: web.StreamResponse) -> None:
    """For `on_response_prepare`: from here on an error cannot become a problem any more."""
    request[_BEGUN] = True


async def show_limits(request: web.Request, response: web.StreamResponse) -> None:
    """For `on_response_prepare`: whatever an operation that was counted answers says how many requests are left."""
    for name, value in request.get(LIMITS_KEY, {}).items():
        response.headers.setdefault(name, value)  # a 429 says which of its limits it means


async def _answer(
    request: web.Request,
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    request_id: str,
) -> web.StreamResponse:
    try:
        return await handler(request)
    except Exception as error:  # each becomes a problem, an unknown one also a log line
        if _BEGUN in request:  # a stream or a socket: too late for another answer
            log.exception("request broken off", method=request.method, path=request.path)
            raise
        response = respond(error, request.path, request_id)
        if response.status == 500:
            log.exception("request failed", method=request.method, path=request.path)
        elif isinstance(error, Unstorable | UnicodeEncodeError):
            # An answer all the same, but the operation should have named the field.
            log.warning("a value came too far", method=request.method, path=request.path, cause=_cause(error))
        elif response.status == 503:
            log.warning("unavailable", error=str(error), cause=repr(error.__cause__))
        return response


def _cause(error: Exception) -> str:
    """Without its text, which may repeat what the client sent."""
    return type(error.__cause__ or error).__name__


def _route(request: web.Request) -> str:
    """The URL's pattern, so that the metrics have as many labels as there are routes."""
    resource = request.match_info.route.resource
    return "(none)" if resource is None else resource.canonical
