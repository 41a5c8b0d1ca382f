"""The porch: where a connection stands until it has said what it wants. aiohttp waits there for ever; we do not.

    accept ──► Caller ──whole head──► a route, or a WebSocket that leaves the porch (sockets/adopt.py)
                 │  head too slow, body too slow, answer not read: cut      too many: the longest idle one goes

Made and run by gateway/__main__.py. It reads four private details of aiohttp's pinned RequestHandler: how many heads it
has parsed, what waits in it, whether it waits, and which request it answers.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import structlog
from aiohttp import web
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from gateway import limits
from gateway.headers import ALWAYS, SERVER
from gateway.problems import respond
from gateway.refusals import Unreadable
from schemas.ids import new_id

log = structlog.get_logger("gateway.porch")

_TIMEOUT: Final = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_CROWDED: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: %d\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    % limits.RETRY_AFTER_SECONDS
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how many; seconds and bytes. The reasons stand in limits.py."""

    head_seconds: float = limits.HEAD_SECONDS
    body_seconds: float = limits.BODY_WINDOW_SECONDS
    body_bytes: int = limits.BODY_WINDOW_BYTES
    answer_seconds: float = limits.ANSWER_STALL_SECONDS
    connections: int = limits.HTTP_CONNECTIONS
    look_every: float = limits.PORCH_LOOK_SECONDS


class Porch:
    """All plain HTTP connections of one process. `run` is its task; `caller` is what a listening socket makes."""

    def __init__(self, server: web.Server, patience: Patience, **options: Any) -> None:
        """`options` are RequestHandler's own."""
        self.patience = patience
        self.cut: Counter[str] = Counter()
        self._server = server
        self._options = options
        self._callers: dict[Caller, None] = {}  # in the order of their arrival
        self._idle: Iterator[Caller] = iter(())  # those that the last look found idle, the longest first

    def caller(self) -> "Caller":
        """A protocol for one accepted connection."""
        return Caller(self, self._server, loop=asyncio.get_running_loop(), **self._options)

    async def run(self) -> None:
        """Look around for ever; cancel to stop."""
        while True:
            await asyncio.sleep(self.patience.look_every)
            self.look(asyncio.get_running_loop().time())

    def look(self, now: float) -> None:
        """Cut whoever is too slow, and note who is idle."""
        for caller in list(self._callers):
            if reason := caller.too_slow(now):
                self._cut(caller, reason)
        idle = [caller for caller in self._callers if caller.idle]
        self._idle = iter(sorted(idle, key=lambda caller: caller.since))

    def enter(self, caller: "Caller") -> bool:
        """Make room for one more, by ending the connection that has been idle for longest; False if all are busy."""
        if len(self._callers) >= self.patience.connections:
            longest = next((each for each in self._idle if each.idle and each in self._callers), None)
            if longest is None:
                self.cut["crowded"] += 1
                return False
            self._cut(longest, "idle in a crowd")
        self._callers[caller] = None
        return True

    def leave(self, caller: "Caller") -> None:
        """It is gone, or is a WebSocket now."""
        self._callers.pop(caller, None)

    def figures(self) -> Iterator[Metric]:
        """For `Metrics.add`."""
        yield GaugeMetricFamily("atrium_http_connections", "Connections that are no WebSockets", len(self._callers))
        cut = CounterMetricFamily("atrium_http_cut", "HTTP connections that were ended, by reason", labels=("reason",))
        for reason, count in self.cut.items():
            cut.add_metric((reason,), count)
        yield cut

    def _cut(self, caller: "Caller", reason: str) -> None:
        self.cut[reason] += 1
        log.info("connection cut", reason=reason, peer=str(caller.peername))
        self.leave(caller)
        caller.cut(_TIMEOUT if reason in ("slow head", "slow body") else b"")


class Caller(web.RequestHandler):
    """aiohttp's protocol of one connection, which knows in addition since when it waits for what."""

    __slots__ = ("_heads", "_partial", "_porch", "_received", "_spoke", "_unread", "since")

    def __init__(self, porch: Porch, server: web.Server, **options: Any) -> None:
        super().__init__(server, **options)
        self._porch = porch
        self._heads = 0  # parsed when we last looked
        self._partial = True  # a head is awaited; False between requests until the next one's first byte
        self._spoke = False  # of this head some bytes are here
        self._received = 0  # bytes of a body since `since`
        self._unread = 0  # bytes of an answer that the client did not take, at `since`
        self.since = 0.0
        """When the present wait began."""

    @property
    def idle(self) -> bool:
        """Between two requests."""
        return not self._partial and self._waits

    @property
    def _waits(self) -> bool:
        return self._waiter is not None and not self._waiter.done() and not self._messages

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accepted."""
        super().connection_made(transport)
        self.since = self._loop.time()
        if not self._porch.enter(self):
            self.cut(_CROWDED)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Gone, or adopted as a WebSocket."""
        self._porch.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of a head, a body, or several."""
        self._received += len(data)
        super().data_received(data)
        if self._request_count != self._heads:
            self._heads, self._partial, self._spoke = self._request_count, False, False
            self._wait(self._loop.time())
        elif self._partial:
            self._spoke = True
        elif data and self._waits:  # a byte that comes while an answer is on its way counts with the one after it
            self._partial = self._spoke = True
            self._wait(self._loop.time())

    def too_slow(self, now: float) -> str:
        """Why this connection has to end now, or nothing."""
        patience, waited = self._porch.patience, now - self.since
        request = self._current_request
        if self._partial:
            return ("slow head" if self._spoke else "silence") if waited > patience.head_seconds else ""
        if self.writing_paused and self.transport is not None:
            unread = self.transport.get_write_buffer_size()
            if unread != self._unread:
                self._unread = unread
                self._wait(now)
            return "answer not read" if now - self.since > patience.answer_seconds else ""
        if request is None or request.content.is_eof() or self._reading_paused:
            if not self._waits:
                self._wait(now)  # at work; what comes next begins then
        elif waited > patience.body_seconds:
            if self._received < patience.body_bytes:
                return "slow body"
            self._wait(now)
        return ""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What aiohttp could not read as HTTP is a problem like any other; its own text would repeat the URL."""
        answer = super().handle_error(request, status, exc, message)
        if status != 400:
            return answer
        problem = respond(Unreadable("this is not HTTP/1.1, or the URL or a header is too long"), "", new_id().hex)
        problem.headers.update(ALWAYS)
        problem.headers["Server"] = SERVER
        problem.force_close()
        return problem

    def cut(self, said: bytes) -> None:
        """End the connection, with these words if they may still be said."""
        transport, request = self.transport, self._current_request
        if transport is None:
            return
        if not transport.get_write_buffer_size() and (request is None or not request.writer.output_size):
            transport.write(said)
        if transport.get_write_buffer_size():
            transport.abort()  # it reads nothing, and a polite end would wait for that
        self.force_close()

    def _wait(self, now: float) -> None:
        self.since, self._received = now, 0
