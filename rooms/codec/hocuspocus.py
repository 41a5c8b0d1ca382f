"""The Hocuspocus dialect: many documents per connection; every message names its document first.

    client → server   varString(address) varUint(type) body        address = name, or name NUL session id
    server → client   the same, with the very same address; or 09 (ping) alone

Source: @hocuspocus/provider 4.8.0 as captured in the wild; 2.x and 3.x speak the same without version and ping.
"""

from dataclasses import dataclass

from rooms.codec.lib0 import read_var_bytes, read_var_string, read_var_uint, var_bytes, var_string
from rooms.codec.messages import AwarenessUpdate, QueryAwareness, SyncMessage, decode_sync
from rooms.errors import Malformed
from rooms.limits import ADDRESS_MAX

PING = b"\x09"
PONG = b"\x0a"


@dataclass(frozen=True, slots=True)
class Token:
    token: str
    provider_version: str
    """Empty before provider 4, which is also the first that understands a ping."""


@dataclass(frozen=True, slots=True)
class Stateless:
    payload: str


@dataclass(frozen=True, slots=True)
class Detach:
    pass


Body = SyncMessage | AwarenessUpdate | QueryAwareness | Token | Stateless | Detach


def read_address(message: bytes) -> tuple[bytes, int]:
    """The address as raw bytes (without its length), and the offset behind it; raises Malformed."""
    address, at = read_var_bytes(message, 0)
    if len(address) > ADDRESS_MAX:
        raise Malformed("the document's name is too long")
    return address, at


def name_in(address: bytes) -> str:
    """The document's name in an address, without the session id behind a NUL; raises Malformed."""
    try:
        return address.split(b"\x00", 1)[0].decode()
    except UnicodeDecodeError:
        raise Malformed("the document's name is not UTF-8") from None


def decode_body(message: bytes, at: int) -> Body:
    """The message behind the address; raises Malformed, also on types that only servers may send."""
    kind, at = read_var_uint(message, at)
    match kind:
        case 0 | 4:
            return decode_sync(message, at)
        case 1:
            return AwarenessUpdate(read_var_bytes(message, at)[0])
        case 2:
            _, at = read_var_uint(message, at)
            token, at = read_var_string(message, at)
            version = read_var_string(message, at)[0] if at < len(message) else ""
            return Token(token, version)
        case 3:
            return QueryAwareness()
        case 5:
            return Stateless(read_var_string(message, at)[0])
        case 7:
            return Detach()
    raise Malformed(f"message type {kind} is not for a server")


def prefix(address: bytes) -> bytes:
    """What stands before every body sent to this address."""
    return var_bytes(address)


def token_please() -> bytes:
    """Body: send your token again; the one you gave has expired."""
    return b"\x02\x00"


def permission_denied(reason: str) -> bytes:
    """Body: this document is closed to you. The client may try again with another token."""
    return b"\x02\x01" + var_string(reason)


def authenticated(*, may_write: bool) -> bytes:
    """Body: you are in."""
    return b"\x02\x02" + var_string("read-write" if may_write else "readonly")


def sync_status(*, saved: bool) -> bytes:
    """Body: one step 2 or update of yours is durable, or was refused. Exactly one answer to each."""
    return b"\x08\x01" if saved else b"\x08\x00"


def stateless(payload: str) -> bytes:
    """Body: an application's own message."""
    return b"\x05" + var_string(payload)


def closed(reason: str) -> bytes:
    """Body: the server closed this document; the connection stays."""
    return b"\x07" + var_string(reason)
