"""WebSocket frames from clients (RFC 6455, section 5), without I/O: bytes in, messages out.

aiohttp shakes hands; from then on the bytes come here. What the server sends is framed in rooms/codec/frame.py, once
for all receivers.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.sockets.limits import FRAME_MAX

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
UNMASK_SLICE = 64 << 10
"""Bytes unmasked in one go: big-integer arithmetic is fast while the numbers fit the cache."""


class ProtocolError(Exception):
    """The client broke the framing. `code` closes the connection."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Control:
    """A ping, pong or close frame."""

    opcode: int
    payload: bytes


def small_message(data: bytes) -> bytes | None:
    """The message, where `data` is exactly one small binary frame, else None: most reads are that."""
    size = len(data) - 6
    if data[0] == 0x82 and 0 < size < 126 and data[1] == size | 0x80:
        key = (data[2:6] * 32)[:size]
        return (int.from_bytes(data[6:], "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")
    return None


class FrameReader:
    """Collects the bytes of one connection into messages."""

    __slots__ = ("_buffer", "_fragments", "_gathered", "_leaving", "_needed", "_opcode", "_skip", "most")

    def __init__(self, most: int = FRAME_MAX, opcode: int = BINARY) -> None:
        """`opcode`: the kind of message that is spoken here; the other one is refused."""
        self.most = most
        """Bytes of one message; may be changed at any time."""
        self._opcode = opcode
        self._buffer = bytearray()
        self._needed = 2
        """Bytes without which reading on is pointless."""
        self._fragments: list[bytes] | None = None
        self._gathered = 0
        """Bytes in the fragments."""
        self._leaving = False
        self._skip = 0
        """Bytes to come of a frame that nobody wants."""

    @property
    def held(self) -> int:
        """Bytes of messages that are not complete."""
        return len(self._buffer) + self._gathered

    @property
    def is_between_messages(self) -> bool:
        """Whether the next byte begins a message that `small_message` may read."""
        return not self._buffer and self._fragments is None

    def leave(self) -> None:
        """The connection is closing: from now on nothing is kept but what may be the client's close frame."""
        self._leaving = True
        self._fragments, self._gathered = None, 0
        if self._buffer:
            self._keep(bytes(self._buffer), self._needed)

    def feed(self, data: bytes) -> Iterator[bytes | Control]:
        """The messages and control frames that `data` completes; raises ProtocolError."""
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        if self._buffer:
            # A bytearray, so that a large frame that comes in pieces is not copied again and again.
            self._buffer += data
            if len(self._buffer) < self._needed:
                return
            data = bytes(self._buffer)
            self._buffer = bytearray()
        at, end = 0, len(data)
        while end - at >= 2:
            first, second = data[at], data[at + 1]
            if second < 0x80:
                raise ProtocolError(1002, "frames from clients must be masked")
            size, body = second & 0x7F, at + 6
            if size == 126:
                size, body = int.from_bytes(data[at + 2 : at + 4], "big"), at + 8
            elif size == 127:
                size, body = int.from_bytes(data[at + 2 : at + 10], "big"), at + 14
            if end < body:
                self._keep(data[at:], body - at)
                return
            if size > self.most and not self._leaving:
                raise ProtocolError(1009, f"a message has more than {self.most} bytes")
            if end < body + size:
                self._keep(data[at:], body + size - at)
                return
            at = body + size
            payload = unmask(data[body:at], data[body - 4 : body])
            if first == 0x80 | self._opcode and self._fragments is None:
                yield payload
            else:
                yield from self._unusual(first, payload)
        if at < end:
            self._keep(data[at:], 2)

    def _keep(self, rest: bytes, needed: int) -> None:
        if self._leaving and needed > CONTROL_MAX:
            self._buffer, self._skip = bytearray(), needed - len(rest)
            return
        self._buffer = bytearray(rest)
        self._needed = needed

    def _unusual(self, first: int, payload: bytes) -> Iterator[bytes | Control]:
        final, opcode = first & 0x80, first & 0x0F
        if first & 0x70:
            raise ProtocolError(1002, "no extension was agreed on")
        if opcode in (CLOSE, PING, PONG):
            if not final or len(payload) > 125:
                raise ProtocolError(1002, "a control frame is fragmented or too long")
            if opcode == CLOSE and not _is_close(payload):
                raise ProtocolError(1002, "a close frame without a proper code")
            yield Control(opcode, payload)
        elif self._leaving:
            return
        elif opcode in (TEXT, BINARY) and opcode != self._opcode:
            kind = "binary" if self._opcode == BINARY else "text"
            raise ProtocolError(1003, f"only {kind} messages are spoken here")
        elif opcode == self._opcode and self._fragments is None:
            self._fragments, self._gathered = [payload], len(payload)
        elif opcode == CONTINUATION and self._fragments is not None:
            self._fragments.append(payload)
            self._gathered += len(payload)
            if self._gathered > self.most or len(self._fragments) > FRAGMENTS_MAX:
                raise ProtocolError(1009, f"a message has more than {self.most} bytes or {FRAGMENTS_MAX} fragments")
            if final:
                message, self._fragments, self._gathered = b"".join(self._fragments), None, 0
                yield message
        else:
            raise ProtocolError(1002, "an unexpected frame")


class TextReader(FrameReader):
    """The same for text messages; whether they are UTF-8 shows when they are decoded."""

    __slots__ = ()

    def __init__(self, most: int) -> None:
        super().__init__(most, TEXT)

    @property
    def is_between_messages(self) -> bool:
        """Never: `small_message` reads binary ones."""
        return False


CONTROL_MAX = 6 + 125
"""Bytes of the longest control frame from a client."""
FRAGMENTS_MAX = 4_096
"""Fragments of one message; the size limit alone would allow millions of empty ones."""


def _is_close(payload: bytes) -> bool:
    """RFC 6455, 5.5.1 and 7.4: nothing, or a code that may stand in a frame and a reason in UTF-8."""
    if not payload:
        return True
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or not (1000 <= code < 5000) or code in (1004, 1005, 1006) or 1015 <= code < 3000:
        return False
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        return False
    return True


def unmask(data: bytes, mask: bytes) -> bytes:
    """XOR `data` with the repeated 4-byte mask."""
    size = len(data)
    if mask == b"\0\0\0\0" or not size:
        return data
    if size <= UNMASK_SLICE:
        key = (mask * ((size + 3) >> 2))[:size]
        return (int.from_bytes(data, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")
    return b"".join(unmask(data[i : i + UNMASK_SLICE], mask) for i in range(0, size, UNMASK_SLICE))


def close_frame(code: int, reason: str) -> bytes:
    """A close frame; the reason is cut to what fits."""
    payload = code.to_bytes(2, "big") + reason.encode()[:123].decode(errors="ignore").encode()
    return bytes((0x88, len(payload))) + payload


def control_frame(opcode: int, payload: bytes) -> bytes:
    """A ping or pong."""
    return bytes((0x80 | opcode, len(payload))) + payload
