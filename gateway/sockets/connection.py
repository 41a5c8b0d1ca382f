"""One WebSocket connection: frames in, frames out, and its end. What the messages mean is its session's business.

    transport ──data_received──► FrameReader ──message──► Session          Session ──send──► transport
    a message takes long ──hold──► nothing behind it is looked at ──go_on──► the next one
    transport full ──pause_writing──► Session.paused()     drained ──► Session.resumed()

Every error of a message ends here, and ends this connection alone, with a close code and a reason.
"""

import asyncio
from collections.abc import Awaitable, Iterator
from itertools import count

import structlog

from gateway.sockets.closing import close_code
from gateway.sockets.frames import (
    CLOSE,
    PING,
    PONG,
    Control,
    FrameReader,
    ProtocolError,
    close_frame,
    control_frame,
    small_message,
)
from gateway.sockets.gathered import Gathered
from gateway.sockets.limits import (
    CLOSE_SECONDS,
    FRAMES_BURST,
    FRAMES_PER_SECOND,
    GATHERED_LEAST,
    REPLIES_MAX,
    SILENCE_MAX,
    TICK,
    WRITE_HIGH,
)
from gateway.sockets.session import Session
from gateway.sockets.wheel import Wheel
from rooms.codec.frame import binary_frame
from rooms.figures import Figures
from rooms.limits import PRESENCE_STATES_PER_FRAME
from schemas.close_codes import CloseCode
from schemas.documents import named

logger = structlog.get_logger("gateway.sockets")
_ids = count(1)


class Connection(asyncio.Protocol):
    """Owns a transport from the handshake to the end."""

    __slots__ = (
        "_budget",
        "_counts",
        "_figures",
        "_gathered",
        "_held",
        "_late",
        "_messages",
        "_reader",
        "_refilled",
        "_silent",
        "_throttled",
        "_unread",
        "_waiting",
        "_wheel",
        "closing",
        "full",
        "id",
        "session",
        "transport",
    )

    session: Session

    def __init__(
        self,
        transport: asyncio.Transport,
        wheel: Wheel,
        figures: Figures,
        gathered: Gathered,
        reader: FrameReader | None = None,
    ) -> None:
        """`reader`: of other messages than binary ones."""
        self.transport = transport
        self.id = next(_ids)
        """Unique in this process, for the log."""
        self.closing = False
        self.full = False
        """The socket takes no more for now."""
        self._reader = reader or FrameReader()
        self._messages: Iterator[bytes | Control] | None = None
        """What came together, while it is being dealt with."""
        self._held = 0
        """How many of its messages take long and are not done with; nothing behind them is looked at."""
        self._late = b""
        """What came all the same while it was held."""
        self._throttled = False
        self._gathered = gathered
        self._counts = False
        """Whether it takes part in the budget of all."""
        self._waiting = 0
        """Bytes that its session keeps until something happens."""
        self._wheel = wheel
        self._figures = figures
        self._silent = 0
        self._unread = 0
        """Bytes of replies since the socket is full."""
        self._budget = FRAMES_BURST
        self._refilled = wheel.now()
        transport.set_write_buffer_limits(high=WRITE_HIGH, low=WRITE_HIGH // 4)
        figures.connections += 1
        wheel.add(self)

    def send(self, payload: bytes) -> None:
        """One message to the client."""
        if not self.closing:
            self.transport.write(binary_frame(payload))

    def reply(self, payload: bytes) -> None:
        """One message that must not be left out, also while the socket is full."""
        if self.full:
            self._unread += len(payload)
            if self._unread > REPLIES_MAX:
                self.fail(ProtocolError(CloseCode.POLICY.value, "you ask for more than you read"))
        self.send(payload)

    def allow(self, most: int) -> None:
        """From now on a message may have so many bytes."""
        self._reader.most = most

    def charge(self, states: int) -> None:
        """The message that is being dealt with said so many states of presence: many count as several messages."""
        self._budget -= states // PRESENCE_STATES_PER_FRAME

    def keep(self, more: int) -> None:
        """So many bytes more wait in the session until something happens; fewer where negative."""
        if not self.closing:
            self._waiting += more
            self._count()

    def hold(self, size: int = 0) -> None:
        """Something of so many bytes takes long: until `go_on`, nothing that comes behind it is looked at."""
        self._held += 1
        self._gathered.works(size)
        self.transport.pause_reading()

    def go_on(self, size: int = 0) -> None:
        """It is done with."""
        self._gathered.works(-size)
        if self._held:
            self._held -= 1
        try:
            self._work_off()
        except Exception as error:  # noqa: BLE001  see data_received
            self.fail(error)
        self._count()
        self._read_on()
        if self._budget < 0:
            self._refill()

    async def until(self, work: Awaitable[None], size: int = 0) -> None:
        """Wait for the work that it is held for, and go on; an error of it closes this connection."""
        try:
            await work
        except Exception as error:  # noqa: BLE001  see data_received
            self.fail(error)
        self.go_on(size)

    def give_way(self) -> None:
        """All connections together have gathered too much, and this one has been at it for longest."""
        self._figures.refused["gathered bytes"] += 1
        self.close(CloseCode.OVERLOAD.value, "too much is sent to this server at once; come back in a moment")

    def fail(self, error: BaseException) -> None:
        """Close because of an error."""
        code, reason = close_code(error)
        self._figures.refused[type(error).__name__] += 1
        if code == 1011:
            logger.error("session failed", **self._named(), exc_info=error)
        self.close(code, reason)

    def close(self, code: int, reason: str) -> None:
        """Say goodbye; the client has two seconds to answer."""
        if self.closing:
            return
        logger.info("closing", **self._named(), code=code, reason=reason)
        self._end()
        self._held = 0
        self.transport.write(close_frame(code, reason))
        self.transport.resume_reading()
        self._wheel.later(CLOSE_SECONDS, self.transport.abort)

    def _named(self) -> dict[str, int | str]:
        subject = self.session.subject
        return {"connection": self.id, **(named(subject) if subject is not None else {})}

    # asyncio.Protocol

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        self._silent = 0
        try:
            small = small_message(data) if self._is_idle else None
            if small is not None:
                self._budget -= 1
                self.session.message(small)
            else:
                self._read(data)
                self._count()
        except Exception as error:  # noqa: BLE001  whatever it is, it ends this connection and no other
            self.fail(error)
        if self._budget < 0:
            self._refill()

    def _count(self) -> None:
        size = 0 if self.closing else self._reader.held + len(self._late) + self._waiting
        if self._counts or size > GATHERED_LEAST:
            self._counts = self._gathered.gathers(self, size)

    def _end(self) -> None:
        self.closing = True
        self.session.ended()
        self._reader.leave()
        self._count()

    @property
    def _is_idle(self) -> bool:
        return self._messages is None and self._reader.is_between_messages and not self._held and not self.closing

    def _read(self, data: bytes) -> None:
        if self._messages is None and not self._late:
            self._messages = self._reader.feed(data)
        else:
            self._late += data
        self._work_off()

    def _work_off(self) -> None:
        while not self._held:
            if self._messages is None:
                if not self._late:
                    return
                data, self._late = self._late, b""
                self._messages = self._reader.feed(data)
            message = next(self._messages, None)
            if message is None:
                self._messages = None
            elif self.closing:
                if isinstance(message, Control) and message.opcode == CLOSE:
                    self.transport.close()
            else:
                self._budget -= 1
                if isinstance(message, bytes):
                    self.session.message(message)
                else:
                    self._control(message)

    def _read_on(self) -> None:
        if not self._held and not self._throttled and not self.transport.is_closing():
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        """More than WRITE_HIGH bytes wait."""
        self.full = True
        if not self.closing:
            self.session.paused()

    def resume_writing(self) -> None:
        """Most of them are gone."""
        self.full = False
        self._unread = 0
        if not self.closing:
            try:
                self.session.resumed()
            except Exception as error:  # noqa: BLE001  see data_received
                self.fail(error)

    def connection_lost(self, exc: BaseException | None) -> None:
        """The socket is gone."""
        self._figures.connections -= 1
        self._wheel.remove(self)
        self._late = b""
        if not self.closing:
            self._end()

    def tick(self, now: float) -> None:
        """Called by the wheel every TICK seconds."""
        if self.closing:
            return
        self._silent += 1
        if self._silent * TICK > SILENCE_MAX:
            self._figures.refused["silence"] += 1
            self.transport.abort()
        elif not self.full:
            if self._silent > 1:
                self.transport.write(control_frame(PING, b""))
            self.session.tick(now)

    def _control(self, frame: Control) -> None:
        if frame.opcode == CLOSE:
            self._end()
            self.transport.write(bytes((0x88, len(frame.payload[:2]))) + frame.payload[:2])
            self.transport.close()
            # Closing waits until what is queued was read, and the client may never read it.
            self._wheel.later(CLOSE_SECONDS, self.transport.abort)
        elif frame.opcode == PING and not self.full:
            self.transport.write(control_frame(PONG, frame.payload))

    def _refill(self) -> None:
        # The client is faster than FRAMES_PER_SECOND: let TCP hold it back until it is within its budget.
        now = self._wheel.now()
        self._budget = min(FRAMES_BURST, self._budget + int((now - self._refilled) * FRAMES_PER_SECOND))
        self._refilled = now
        if self._budget < 0 and not self.closing:
            self._figures.refused["rate"] += 1
            self._throttled = True
            self.transport.pause_reading()
            self._wheel.later((FRAMES_PER_SECOND // 10 - self._budget) / FRAMES_PER_SECOND, self._rested)

    def _rested(self) -> None:
        self._throttled = False
        self._read_on()
        self._refill()
