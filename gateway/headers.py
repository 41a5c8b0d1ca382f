"""Headers that every response carries, and who may ask from a browser on another origin (CORS). Wired in app.py."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware

from gateway.settings import Settings

HSTS: Final = "max-age=31536000; includeSubDomains"
PREFLIGHT_SECONDS: Final = 7_200  # the longest that Chromium keeps an answer
ALLOWED_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE"
ALLOWED_HEADERS: Final = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Range, X-CSRF-Token"
)
EXPOSED_HEADERS: Final = (
    "Content-Disposition, Content-Range, ETag, Idempotent-Replayed, Location, RateLimit, RateLimit-Policy, "
    "Retry-After, X-Request-ID, X-Stream-Id"
)


ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
}
"""What OWASP's secure headers ask of an API. A page of our own sets its own policy."""
SERVER: Final = "Atrium"
"""Not the versions of what it is made of, which aiohttp would tell."""


def guard(settings: Settings) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """For `on_response_prepare`: the headers of every response."""
    always = dict(ALWAYS)
    if settings.public_url.startswith("https://"):
        always["Strict-Transport-Security"] = HSTS

    async def add(request: web.Request, response: web.StreamResponse) -> None:
        headers = response.headers
        for name, value in always.items():
            if name not in headers:
                headers[name] = value
        headers["Server"] = SERVER

    return add


def cors(settings: Settings) -> Middleware:
    """Answers preflights itself, and lets pages of the allowed origins read what they asked for."""
    allowed = frozenset(settings.origins)

    @web.middleware
    async def middleware(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if origin is None:
            return await handler(request)
        preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        response = web.Response(status=204) if preflight else await handler(request)
        if response.prepared:
            return response
        response.headers.add("Vary", "Origin")
        if origin in allowed:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
            if preflight:
                response.headers["Access-Control-Allow-Methods"] = ALLOWED_METHODS
                response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
                response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
            else:
                response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
        return response

    return middleware
