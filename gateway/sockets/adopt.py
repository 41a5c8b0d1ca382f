"""From an HTTP request to a raw WebSocket connection: aiohttp routes and checks, then lets go of the socket.

    aiohttp: request line, headers, route, middleware ──► adopt ──► 101 ──► our protocol owns the transport

Why not aiohttp's WebSocketResponse: it needs a task, a queue and a reader per connection, and wakes a task for each
frame. Here a frame costs one call, and an idle connection a few kilobytes (docs/benchmarks.md).
"""

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import cast

from aiohttp import web

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, section 1.3."""


def accept_key(request: web.BaseRequest) -> str:
    """Check the client's half of the handshake, and answer its key; raises HTTPException."""
    headers = request.headers
    if request.method != "GET" or headers.get("Upgrade", "").strip().lower() != "websocket":
        raise web.HTTPUpgradeRequired(headers={"Upgrade": "websocket"}, text="This is a WebSocket endpoint.")
    if headers.get("Sec-WebSocket-Version") != "13":
        raise web.HTTPUpgradeRequired(headers={"Sec-WebSocket-Version": "13"}, text="WebSocket version 13 is spoken.")
    key = headers.get("Sec-WebSocket-Key", "").strip().encode(errors="surrogateescape")
    try:
        valid = len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        valid = False
    if not valid:
        raise web.HTTPBadRequest(text="Sec-WebSocket-Key must be 16 bytes in base64.")
    return base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest()).decode()


class Adopted(web.Response):
    """What the handler returns: the socket has a new owner, and aiohttp has nothing left to write."""

    def __init__(self) -> None:
        super().__init__(status=101)


Make = Callable[[asyncio.Transport, bytes], asyncio.Protocol]
"""The new owner of a transport, and what an eager client sent before it was told to."""


def adopt(request: web.Request, make: Make) -> Adopted:
    """Answer 101 and hand the transport to the protocol that `make` returns; raises HTTPException."""
    accept = accept_key(request)
    http = request.protocol
    transport = cast(asyncio.Transport, request.transport)
    if transport is None or transport.is_closing():
        raise web.HTTPBadRequest(text="The connection is gone.")
    subprotocol = request.headers.get("Sec-WebSocket-Protocol", "").split(",")[0].strip()
    if not subprotocol.isascii():
        raise web.HTTPBadRequest(text="Sec-WebSocket-Protocol must be ASCII.")
    transport.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %b\r\n%b\r\n"
        % (accept.encode(), b"Sec-WebSocket-Protocol: %b\r\n" % subprotocol.encode() if subprotocol else b"")
    )
    early = http._message_tail
    # To aiohttp the connection is over; without a transport it cannot close ours.
    http.transport = None
    http.connection_lost(None)
    transport.set_protocol(make(transport, early))
    return Adopted()
