"""python-socketio's server with what it leaves open to clients closed: malformed packets, attachments, reserved events.

    WebSocket ──► Checked: texts that may be packets ──► engineio ──► Guarded: budget, known events ──► handlers

What does not fit ends the connection, as a broken line does. Used by server.py.
"""

import asyncio
import logging
import time
from collections import Counter
from typing import Any, Final

import socketio
import structlog
from engineio.async_drivers.aiohttp import WebSocket

from gateway.events.limits import MESSAGES_BURST, MESSAGES_PER_SECOND
from gateway.socketio.limits import MESSAGE_BYTES, REPLIES_MAX
from gateway.sockets.limits import CLOSE_SECONDS

logger = structlog.get_logger("gateway.socketio")
PROTOCOL: Final = logging.getLogger("gateway.socketio.protocol")
PROTOCOL.setLevel(logging.CRITICAL)  # it would write whole packets, which hold tokens and what people say
NOT_UNDERSTOOD: Final = "socket.io packet"
BINARY: Final = "56"
"""Types of packets with attachments, which would be gathered without bound, also before `connect`."""


class Checked(WebSocket):  # type: ignore[misc]  # python-engineio has no types
    """engineio raises through to aiohttp for what it cannot read."""

    async def wait(self) -> Any:
        """The next packet; OSError ends the connection in order."""
        data = await super().wait()
        if not isinstance(data, str) or not (data in ("1", "3") or (data[:1] == "4" and data[1:2].isdigit())):
            raise OSError("no packet of Engine.IO that a client sends")
        return data


class Guarded(socketio.AsyncServer):  # type: ignore[misc]  # python-socketio has no types
    """Only `events` reach handlers, each with at most one argument."""

    def __init__(self, events: frozenset[str], refused: Counter[str]) -> None:
        """`refused` counts by reason what ended connections."""
        super().__init__(
            async_mode="aiohttp",
            transports=["websocket"],  # polling would need requests that return to their gateway
            cors_allowed_origins=[],  # nothing here goes by cookies; headers.py says what pages may
            max_http_buffer_size=MESSAGE_BYTES,
            logger=PROTOCOL,
            engineio_logger=PROTOCOL,
        )
        self.eio._async = {**self.eio._async, "websocket": Checked}
        self.messages = 0
        """From clients."""
        self._events = events
        self._refused = refused
        self._budgets: dict[str, tuple[float, float]] = {}

    async def cut(self, eio_sid: str | None, why: str = "") -> None:
        """Close the transport: stock clients take that for a broken line, and connect anew. (The `close` packet that
        engineio would send says nothing to them on a WebSocket.)"""
        if why:
            self._refused[why] += 1
        engine = self.eio.sockets.get(eio_sid)
        if engine is not None:
            await engine.close(wait=False, abort=True)
            await engine.queue.put(None)  # ends its writer, which closes the WebSocket

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        engine = self.eio.sockets.get(eio_sid)
        if engine is None or engine.closing:
            return  # it was cut; what it had sent by then comes too late
        now = time.monotonic()
        budget, at = self._budgets.get(eio_sid, (float(MESSAGES_BURST), now))
        budget = min(MESSAGES_BURST, budget + (now - at) * MESSAGES_PER_SECOND) - 1
        self._budgets[eio_sid] = budget, now
        self.messages += 1
        if why := self._objection(engine, budget, data):
            await self.cut(eio_sid, why)
            return
        try:
            await super()._handle_eio_message(eio_sid, data)
        except Exception as error:  # noqa: BLE001  python-socketio raises whatever a malformed packet leads to
            logger.info("packet not understood", error=type(error).__name__)
            await self.cut(eio_sid, NOT_UNDERSTOOD)

    def _objection(self, engine: Any, budget: float, data: Any) -> str:
        """Why this message ends the connection; nothing: it does not."""
        if budget < 0:
            return "rate"
        if engine.queue.qsize() > REPLIES_MAX:
            return "replies"
        return NOT_UNDERSTOOD if not isinstance(data, str) or data[:1] in BINARY else ""

    async def _handle_event(self, eio_sid: str, namespace: str | None, id: int | None, data: Any) -> None:
        if isinstance(data, list) and 0 < len(data) < 3 and isinstance(data[0], str) and data[0] in self._events:
            await super()._handle_event(eio_sid, namespace, id, data)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: Any) -> None:
        self._budgets.pop(eio_sid, None)
        # engineio waits for ever until all is written; a client that does not read would keep its connection.
        transport = self.environ[eio_sid]["aiohttp.request"].transport if eio_sid in self.environ else None
        if transport is not None:
            asyncio.get_running_loop().call_later(CLOSE_SECONDS, transport.abort)
        await super()._handle_eio_disconnect(eio_sid, reason)
