"""A topic as server-sent events (WHATWG HTML, 9.2): for streams over plain HTTP. Used by routes/streams.py.

    hub ──records──► SseReader ──► response: `id: number`, `data: {"event":…,"data":…}`, blank line
                         └── once it has begun: straight to its connection (pipe.py), without waking its task
    the client reads slowly ──► it is not live, and reads on in the log when the response has drained

`Last-Event-ID` is a record's number, so whoever reconnects goes on where it was.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final, Protocol

from gateway.access import Access, Denied
from gateway.access_watch import AccessWatch
from gateway.events.frames import Framing
from gateway.events.hub import Hub
from gateway.events.pipe import Pipe
from gateway.events.subscription import Subscription
from store.event_log import EventRecord

COMMENT_SECONDS: Final = 15.0
"""Between two signs of life: proxies close what is silent for a minute."""
COMMENT: Final = b": still here\n\n"
WAITING_MAX: Final = 256 << 10
"""Bytes of one reader that wait for its response; then it is full, and reads on in the log."""
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Content-Type": "text/event-stream"}


class Written(Protocol):
    """A response, or whatever else takes bytes."""

    async def write(self, data: bytes) -> None: ...


class SseFraming:
    """Each record as one event."""

    def records(self, topic: str, records: Iterable[EventRecord], *, is_member: bool) -> tuple[bytes, int]:
        events = [b"id: %d\ndata: %b\n\n" % (record.number, record.payload) for record in records]
        return b"".join(events), len(events)

    def reset(self, topic: str, number: int) -> bytes:
        return LOST

    def passing(self, topic: str, payload: bytes) -> bytes:
        return b""


SSE: Final = SseFraming()
LOST: Final = b": a part was lost\n\n"
"""What a framing says whose reader finds out itself what is missing: `write_to` returns."""


class SseReader:
    """One HTTP response that follows one topic until a record that begins with `last`."""

    def __init__(
        self, hub: Hub, watch: AccessWatch, topic: str, access: Access, last: bytes, framing: Framing = SSE
    ) -> None:
        self._hub = hub
        self._watch = watch
        self._subscription = Subscription(topic, self, access, framing)
        self._last = last
        self._waiting = bytearray()
        self._wake = asyncio.Event()
        self._over = False
        self.missed = False
        """Whether the log lost something that this reader did not have."""
        self._pipe: Pipe | None = None
        self._wrote = False

    @property
    def framing(self) -> Framing:
        """How it says things."""
        return self._subscription.framing

    @asynccontextmanager
    async def following(self, after: int) -> AsyncIterator[bool]:
        """Follow behind `after`; whether the log has all of that. Raises StoreUnavailable."""
        mark = self._watch.mark()
        end, is_reset = await self._hub.attach(self._subscription, after)
        self._watch.add(self._subscription, mark)
        try:
            self._hub.release(self._subscription, end)
            yield not is_reset
        finally:
            self._watch.remove(self._subscription)
            self._hub.detach(self._subscription)

    async def write_to(self, response: Written, pipe: Pipe | None = None) -> None:
        """Write all records as they come; returns after the last one, when the access ends, or when it missed some.
        `pipe`: to the connection of the response, for all but the first of them.

        Raises ConnectionError when the client is gone.
        """
        while True:
            try:
                async with asyncio.timeout(COMMENT_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                if not self._wrote:
                    await response.write(COMMENT)
                self._wrote = False
                continue
            self._wake.clear()
            data, self._waiting = bytes(self._waiting), bytearray()
            if data:
                await response.write(data)
                self._pipe = pipe
            if self._pipe is not None:
                await self._pipe.drained()
            if self._over and not self._waiting:
                return
            if not self._subscription.live and not self._subscription.catching_up:
                self._hub.catch_up(self._subscription)

    # Outlet

    @property
    def full(self) -> bool:
        if self._pipe is not None and self._pipe.waiting > WAITING_MAX:
            self._wake.set()  # its task reads on when the connection has drained
            return True
        return self._over or len(self._waiting) > WAITING_MAX

    def write(self, frames: bytes) -> None:
        self._wrote = True
        self.missed = self.missed or frames == LOST
        if self.missed or self._last in frames:
            self._over = True
        if self._pipe is None or self._waiting:
            self._waiting += frames
        elif self._pipe.write(frames) and not self._over:
            return
        self._wake.set()

    def lost(self, subscription: Subscription, denied: Denied) -> None:
        self._over = True
        self._wake.set()
