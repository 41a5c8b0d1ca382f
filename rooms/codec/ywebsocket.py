"""The y-websocket dialect: one document per connection, one message per WebSocket frame.

Unknown types are ignored, as y-websocket's own server does. `acks=1` adds, from server to client only,
`7f varUint(n)`: the first n step-2 and update messages of this connection are durable.
"""

from rooms.codec.lib0 import read_var_bytes, read_var_uint, var_string, var_uint
from rooms.codec.messages import (
    AWARENESS,
    QUERY_AWARENESS,
    SYNC,
    AwarenessUpdate,
    QueryAwareness,
    SyncMessage,
    decode_sync,
)

ACKNOWLEDGED = b"\x7f"


def decode(message: bytes) -> SyncMessage | AwarenessUpdate | QueryAwareness | None:
    """The message in one frame, or None where its type is not for a server; raises Malformed."""
    kind, at = read_var_uint(message, 0)
    if kind == SYNC:
        return decode_sync(message, at)
    if kind == AWARENESS:
        return AwarenessUpdate(read_var_bytes(message, at)[0])
    if kind == QUERY_AWARENESS:
        return QueryAwareness()
    return None


def update_in(message: bytes) -> bytes | None:
    """The update in a frame that holds a small one and nothing else, else None: most frames are a keystroke."""
    return message[3:] if message[:2] == b"\x00\x02" and 2 < len(message) == message[2] + 3 < 0x83 else None


def permission_denied(reason: str) -> bytes:
    """What was written is refused. Stock clients log the reason and stay connected."""
    return b"\x02\x00" + var_string(reason)


def acknowledged(count: int) -> bytes:
    """The first `count` step-2 and update messages of this connection are durable."""
    return ACKNOWLEDGED + var_uint(count)
