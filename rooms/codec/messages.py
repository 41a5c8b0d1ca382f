"""The messages that both dialects share, and their bodies (y-protocols: sync.js, awareness.js).

    0 sync       0 step 1   varBytes(state vector)     "this is what I have"
                 1 step 2   varBytes(update)           "this is what you lack"
                 2 update   varBytes(update)           "this is new"
    1 awareness  varBytes(awareness update)
    3 query awareness

A body is what stands behind the Hocuspocus address; for y-websocket, which has no address, it is the whole message.
"""

from dataclasses import dataclass

from rooms.codec.lib0 import read_var_bytes, read_var_uint, var_bytes
from rooms.errors import Malformed, TooLarge
from rooms.limits import STATE_VECTOR_MAX

SYNC, AWARENESS, QUERY_AWARENESS = 0, 1, 3


@dataclass(frozen=True, slots=True)
class SyncStep1:
    state_vector: bytes


@dataclass(frozen=True, slots=True)
class SyncStep2:
    update: bytes


@dataclass(frozen=True, slots=True)
class Update:
    update: bytes


@dataclass(frozen=True, slots=True)
class AwarenessUpdate:
    update: bytes


@dataclass(frozen=True, slots=True)
class QueryAwareness:
    pass


SyncMessage = SyncStep1 | SyncStep2 | Update


def decode_sync(data: bytes, at: int) -> SyncMessage:
    """The sync message whose kind stands at offset `at`; raises Malformed or TooLarge."""
    kind, at = read_var_uint(data, at)
    payload, _ = read_var_bytes(data, at)
    match kind:
        case 2:
            return Update(payload)
        case 1:
            return SyncStep2(payload)
        case 0:
            if len(payload) > STATE_VECTOR_MAX:
                raise TooLarge(f"a state vector has more than {STATE_VECTOR_MAX} bytes")
            return SyncStep1(payload)
    raise Malformed(f"unknown sync message {kind}")


def step_1(state_vector: bytes) -> bytes:
    """Body: ask the other side for what `state_vector` lacks."""
    return b"\x00\x00" + var_bytes(state_vector)


def step_2(update: bytes) -> bytes:
    """Body: the answer to step 1. Always sent, also when there is nothing new: it makes clients `synced`."""
    return b"\x00\x01" + var_bytes(update)


def update(update: bytes) -> bytes:
    """Body: a new edit."""
    return b"\x00\x02" + var_bytes(update)


def awareness(update: bytes) -> bytes:
    """Body: presence states, as rooms/codec/awareness.py packs them."""
    return b"\x01" + var_bytes(update)


KEEP_ALIVE = awareness(b"\x00")
"""Body: presence of nobody. Stock clients close after 30 s without a message, and pings do not count as one."""
