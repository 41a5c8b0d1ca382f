"""`GET /events`: from the request to a session. Called by aiohttp; plugged in by sockets/wiring.py.

The token comes as `?token=`, as a bearer header, as the cookie of a page that may ask, or in a first message.
"""

import asyncio
from collections.abc import Sequence

from aiohttp import web

from gateway.access import Denied
from gateway.addresses import address_of
from gateway.auth.identity import ACCESS_COOKIE
from gateway.chats.live import LiveChats
from gateway.events.hub import Hub
from gateway.events.limits import MESSAGE_BYTES
from gateway.events.session import EventSession
from gateway.events.topics import Topics
from gateway.parts import Endpoint
from gateway.settings import Settings
from gateway.sockets.adopt import adopt
from gateway.sockets.connection import Connection
from gateway.sockets.frames import TextReader
from gateway.sockets.hall import Hall
from schemas.close_codes import CloseCode


def events_endpoint(hall: Hall, hub: Hub, topics: Topics, chats: LiveChats, settings: Settings) -> Endpoint:
    """The aiohttp handler."""
    origins = (settings.public_url.lower(), *settings.origins)

    async def events(request: web.Request) -> web.StreamResponse:
        # A browser cannot see why an upgrade failed, so everything else is a close code.
        address = address_of(request, settings.trusted_proxies)
        token, refusal = credential(request, origins)

        def make(transport: asyncio.Transport, early: bytes) -> Connection:
            connection = Connection(transport, hall.wheel, hall.figures, hall.gathered, TextReader(MESSAGE_BYTES))
            session = EventSession(connection, hall, hub, topics, chats, address)
            connection.session = session
            if hall.admit(connection, address):
                session.begin(token, refusal, early)
            return connection

        return adopt(request, make)

    return events


def credential(request: web.Request, origins: Sequence[str]) -> tuple[str, Denied | None]:
    """The token that the request brings, or empty; or why it may not.

    A browser sends cookies with every page's WebSockets, so the page's origin has to be one of ours.
    """
    if token := request.query.get("token", ""):
        return token, None
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip(), None
    cookie = request.cookies.get(ACCESS_COOKIE, "")
    if cookie and request.headers.get("Origin", "").lower() not in origins:
        return "", Denied(CloseCode.FORBIDDEN, "a page of this origin may not use the cookie (ATRIUM_ORIGINS)")
    return cookie, None
