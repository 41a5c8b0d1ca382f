"""WebSocket frames as a client writes and reads them (RFC 6455). Pure; used by connection.py and joiner.py.

client → server   82 80|n 00000000 payload     masked with key 0: legal, and XOR with it is free
server → client   82 n payload                 not masked, never compressed, since we do not offer it
"""

import struct
from dataclasses import dataclass

BINARY, CLOSE, PING, PONG = 0x2, 0x8, 0x9, 0xA
_CONTINUATION, _TEXT = 0x0, 0x1

#: The key is only looked at by the server's handshake; a constant keeps the request cacheable.
_KEY = "YXRyaXVtLWxvYWR0ZXN0IQ=="


class WireError(Exception):
    """The server sent something that this client does not read. The message says what; the measurement is void."""


@dataclass(frozen=True, slots=True)
class Frame:
    opcode: int
    payload: bytes


def upgrade_request(host: str, port: int, target: str) -> bytes:
    """The HTTP/1.1 request that opens a WebSocket at `target` (path and query, already percent-encoded)."""
    return (
        f"GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {_KEY}\r\n\r\n"
    ).encode()


def split_upgrade(received: bytes) -> bytes | None:
    """What follows the server's `101` head; None while the head is incomplete. Raises WireError on any other status."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    status = received[: received.find(b"\r\n")]
    if b" 101 " not in status + b" ":
        raise WireError(f"no upgrade: {status.decode(errors='replace')} {received[end + 4 : end + 304]!r}")
    return received[end + 4 :]


def mask(payload: bytes, opcode: int = BINARY) -> bytes:
    """A client's frame around `payload`."""
    length = len(payload)
    if length < 126:
        head = bytes((0x80 | opcode, 0x80 | length))
    elif length < 0x10000:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, length)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, length)
    return head + b"\0\0\0\0" + payload


def split(received: bytes) -> tuple[list[Frame], bytes]:
    """The complete frames of `received`, and the bytes of an incomplete last one."""
    frames: list[Frame] = []
    position, end = 0, len(received)
    while end - position >= 2:
        first, length = received[position], received[position + 1]
        body = position + 2
        if length == 126:
            body += 2
            if body > end:
                break
            length = int.from_bytes(received[position + 2 : body], "big")
        elif length == 127:
            body += 8
            if body > end:
                break
            length = int.from_bytes(received[position + 2 : body], "big")
        elif length > 127:
            raise WireError("a server must not mask its frames")
        if body + length > end:
            break
        opcode = first & 0x0F
        if first & 0x70 or not first & 0x80 or opcode in (_CONTINUATION, _TEXT):
            raise WireError(f"unexpected frame head {first:#04x}: compressed, fragmented or text")
        frames.append(Frame(opcode, received[body : body + length]))
        position = body + length
    return frames, received[position:]


def announced(tail: bytes) -> int:
    """How many bytes an incomplete frame will have in all; 0 while its head is incomplete too."""
    if len(tail) < 2:
        return 0
    length, body = tail[1], 2
    if length >= 126:
        body += 2 if length == 126 else 8
        if len(tail) < body:
            return 0
        length = int.from_bytes(tail[2:body], "big")
    return body + length
